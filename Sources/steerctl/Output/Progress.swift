import Foundation

/// A line on standard error for work of more than a second, only where a terminal shows it.
final class Progress {
  private let label: String
  private var started: Date?
  private var shownAt = Date.distantPast
  private var isShown = false

  init(_ label: String) { self.label = label }

  deinit { clear() }

  /// Shows how far the work has come, at most ten times a second.
  func update(_ done: Int, _ total: Int) {
    let now = Date()
    let started = self.started ?? now
    self.started = started
    guard Terminal.error.takesEscapes, total > 0, now.timeIntervalSince(started) > 1,
      now.timeIntervalSince(shownAt) > 0.1
    else { return }
    shownAt = now
    isShown = true
    let share = Double(done) / Double(total)
    let width = max(4, min(24, Terminal.error.columns - 40))
    let filled = Int(share * Double(width))
    let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
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
