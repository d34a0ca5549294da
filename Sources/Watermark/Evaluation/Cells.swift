import Detector
import Steering

/// Numbers as cells show them.
package enum Cells {
  /// A dash where there is no number.
  static let nothing = "–"

  /// `1.034`, `1.034 [1.020–1.048]`.
  static func number(_ value: Double?, _ digits: Int, _ interval: Interval? = nil) -> String {
    guard let value else { return nothing }
    let ends = interval.map {
      " [\(Decimal.fixed($0.lower, digits))–\(Decimal.fixed($0.upper, digits))]"
    }
    return Decimal.fixed(value, digits) + (ends ?? "")
  }

  /// `1.45–3.29`, in percent.
  static func interval(_ interval: Interval, percentDigits: Int) -> String {
    "\(Decimal.fixed(interval.lower * 100, percentDigits))–"
      + Decimal.fixed(interval.upper * 100, percentDigits)
  }

  /// `99.0 [96.3–100.0]`, in percent.
  static func share(_ share: Evaluation.Share?) -> String {
    guard let share, let value = share.value else { return nothing }
    return number(
      value * 100, 1,
      Interval(lower: share.interval.lower * 100, upper: share.interval.upper * 100))
  }

  static func strength(_ value: Double?) -> String {
    value.map { $0 == 0 ? "0" : Decimal.significant($0, 4) } ?? nothing
  }

  /// `2.275 %`
  package static func percent(_ share: Double) -> String {
    "\(Decimal.significant(share * 100, 4)) %"
  }
}
