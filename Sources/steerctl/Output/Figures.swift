import Foundation

/// Numbers as people read them.
enum Figures {
  /// Digits in groups of three.
  static func count(_ value: Int) -> String {
    var digits = String(abs(value))
    var groups: [String] = []
    while digits.count > 3 {
      groups.insert(String(digits.suffix(3)), at: 0)
      digits.removeLast(3)
    }
    groups.insert(digits, at: 0)
    return (value < 0 ? "-" : "") + groups.joined(separator: ",")
  }

  /// `1 layer`, `1,024 layers`.
  static func count(_ value: Int, _ noun: String) -> String {
    "\(count(value)) \(noun)\(value == 1 ? "" : "s")"
  }

  /// A number with `digits` decimals, or a dash.
  static func fixed(_ value: Double?, _ digits: Int) -> String {
    guard let value else { return "–" }
    return abs(value) < 1e6 ? String(format: "%.\(digits)f", value) : short(value)
  }

  /// About four significant digits, or a dash.
  static func short(_ value: Double?) -> String {
    guard let value else { return "–" }
    guard value.isFinite else { return "\(value)" }
    let text = String(format: "%.4g", value)
    guard text.contains("e"), abs(value) >= 1000, abs(value) < 1e15 else { return text }
    return count(Int(value.rounded()))
  }

  static func percent(_ share: Double) -> String { String(format: "%.1f %%", share * 100) }

  static func bytes(_ count: Int) -> String {
    let units = ["B", "KB", "MB", "GB", "TB"]
    var value = Double(count)
    var unit = 0
    while value >= 1000, unit < units.count - 1 {
      value /= 1000
      unit += 1
    }
    return unit == 0 ? "\(count) B" : String(format: "%.1f %@", value, units[unit] as NSString)
  }

  /// One bar per count, eight steps high.
  static func bars(_ counts: [Int]) -> String {
    let steps = Array("▁▂▃▄▅▆▇█")
    let top = max(counts.max() ?? 0, 1)
    return String(
      counts.map { $0 == 0 ? " " : steps[min(7, $0 * 8 / (top + 1))] })
  }

  /// A horizontal bar for a share of 1.
  static func bar(_ share: Double, width: Int = 16) -> String {
    guard share.isFinite else { return String(repeating: "·", count: width) }
    let filled = Int((min(max(share, 0), 1) * Double(width)).rounded())
    return String(repeating: "█", count: filled) + String(repeating: "·", count: width - filled)
  }
}
