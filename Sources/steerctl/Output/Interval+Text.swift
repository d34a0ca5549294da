import Detector

extension Interval {
  /// `.950–.981`
  var text: String { "\(Figures.fixed(lower, 3))–\(Figures.fixed(upper, 3))" }
}

extension Evaluation.Share {
  /// `2.1 % [1.8–2.5]`, or a dash without documents.
  var text: String {
    guard let value else { return "–" }
    let ends = [interval.lower, interval.upper].map { Figures.fixed($0 * 100, 1) }
    return "\(Figures.fixed(value * 100, 1)) % [\(ends[0])–\(ends[1])]"
  }
}
