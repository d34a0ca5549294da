/// Scores under the null hypothesis, sorted, and what another score's rank among them says.
public struct NullSample: Sendable, Equatable {
  /// The scores, ascending, finite.
  public let sorted: [Double]

  /// A sample.
  ///
  /// - Throws: for no score, or one that is not finite.
  package init(_ scores: [Double]) throws(DetectionError) {
    guard !scores.isEmpty else {
      throw DetectionError(.tooFew(what: "null scores", found: 0, needed: 1))
    }
    guard scores.allSatisfy(\.isFinite) else {
      throw DetectionError(.nonFinite(what: "null score"))
    }
    sorted = scores.sorted()
  }

  /// Number of scores.
  public var count: Int { sorted.count }

  /// (1 + #{null ≥ score}) / (1 + N); 1 for NaN.
  public func p(of score: Double) -> Double {
    guard !score.isNaN else { return 1 }
    var low = 0
    var high = sorted.count
    while low < high {
      let middle = (low + high) / 2
      if sorted[middle] < score { low = middle + 1 } else { high = middle }
    }
    return Double(1 + sorted.count - low) / Double(1 + sorted.count)
  }
}
