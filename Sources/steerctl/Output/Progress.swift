import Foundation

/// A line on standard error for work of more than a second, only where a terminal shows it.
final class Progress {
  private let label: String
  private let started = Date()
  private var shownAt = Date.distantPast
  private var isShown = false

  init(_ label: String) { self.label = label }

  deinit { clear() }

  /// Shows how far the work has come, at most ten times a second.
  func update(_ done: Int, _ total: Int) {
    let now = Date()
    guard Terminal.error.isTerminal, total > 0, now.timeIntervalSince(started) > 1,
      now.timeIntervalSince(shownAt) > 0.1
    else { return }
    shownAt = now
    isShown = true
    let share = Double(done) / Double(total)
    let filled = Int(share * 24)
    let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: 24 - filled)
    let left = now.timeIntervalSince(started) * (1 - share) / max(share, 1e-9)
    Terminal.error.write(
      "\r\u{1B}[K\(label) \(bar) \(Int(share * 100)) %, \(Int(left.rounded(.up))) s left")
  }

  /// Takes the line away again.
  func clear() {
    guard isShown else { return }
    Terminal.error.write("\r\u{1B}[K")
    isShown = false
  }
}
