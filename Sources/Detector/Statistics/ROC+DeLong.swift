import Glibc

// Source: DeLong, DeLong, Clarke-Pearson, Comparing the Areas under Two or More Correlated Receiver
// Operating Characteristic Curves, Biometrics 44 (1988); placements by sorting, as Sun and Xu,
// IEEE Signal Processing Letters 21 (2014).

extension ROC {
  /// The scale on which an interval of the area is symmetric.
  public enum IntervalScale: Sendable, Equatable {
    /// The area itself.
    case area
    /// ln(area / (1 − area)): stays inside (0, 1), and covers better when the area is near 1.
    case logit
  }

  /// What a paired comparison of two scores on the same documents says.
  public struct Comparison: Sendable, Equatable {
    /// The first area minus the second.
    public let difference: Double
    /// DeLong's standard error of the difference; 0 when it cannot be estimated.
    public let standardError: Double
    /// The difference over its standard error.
    public let z: Double
    /// Two-sided: how often a difference this large would come up with equal areas.
    public let p: Double
  }

  /// DeLong's variance of the area: S₁₀/m + S₀₁/n, with the sample variances of the placements.
  ///
  /// nil with fewer than two positives or negatives. 0 exactly when every pair of a positive and a
  /// negative has the same outcome: area 0 or 1, or all scores equal.
  public var areaVariance: Double? {
    guard positiveCount > 1, negativeCount > 1 else { return nil }
    return Self.variance(positivePlacements, about: area) / Double(positiveCount)
      + Self.variance(negativePlacements, about: area) / Double(negativeCount)
  }

  /// DeLong's two-sided interval of the area, clipped to [0, 1].
  ///
  /// area ± Φ⁻¹((1 + confidence)/2)·√variance, on the chosen scale. An approximation for many documents.
  /// With one positive or one negative nothing can be estimated: [0, 1]. Where DeLong's variance is 0,
  /// at area 1 above all, its interval would have no width at all, however few the documents. Then the
  /// k = min(m, n) disjoint pairs count as k equal outcomes of k trials, of which the exact lower bound is
  /// L = ((1 − confidence)/2)^(1/k): [L, 1] at area 1, [0, 1 − L] at area 0, [L/2, 1 − L/2] at ties only.
  /// `confidence` must be in (0, 1).
  public func areaInterval(
    confidence: Double = 0.95, scale: IntervalScale = .area
  ) -> Interval {
    precondition(
      confidence > 0 && confidence < 1, "confidence is \(confidence), expected between 0 and 1")
    guard let variance = areaVariance else { return Interval(lower: 0, upper: 1) }
    let tail = (1 - confidence) / 2
    guard variance > 0 else {
      let bound = pow(tail, 1 / Double(min(positiveCount, negativeCount)))
      return Interval(lower: area * bound, upper: area * bound + (1 - bound))
    }
    let reach = -Normal.quantile(tail) * variance.squareRoot()
    switch scale {
    case .area:
      return Interval(lower: max(area - reach, 0), upper: min(area + reach, 1))
    case .logit:
      let centre = log(area / (1 - area))
      let width = reach / (area * (1 - area))
      return Interval(
        lower: 1 / (1 + exp(width - centre)), upper: 1 / (1 + exp(-width - centre)))
    }
  }

  /// DeLong's paired test of two scores of the same documents, given in the same order to both.
  ///
  /// The order is the caller's promise: document i of one is document i of the other. Equal areas
  /// without any variance give z 0 and p 1. Unequal areas without any variance have no standard error:
  /// p is then 2·(1 + |difference|)^−k with k = min(m, n), at most 1: the bound on how often k
  /// independent pairs can all differ by that much when the mean difference is 0; z is the value that
  /// belongs to that p.
  /// - Throws: `count` when the numbers of documents differ, `tooFew` below two positives or negatives.
  package static func compare(
    _ first: ROC, _ second: ROC
  ) throws(DetectionError) -> Comparison {
    try check("positive scores", first.positiveCount, second.positiveCount)
    try check("negative scores", first.negativeCount, second.negativeCount)
    let difference = first.area - second.area
    let above = zip(first.positivePlacements, second.positivePlacements).map { $0 - $1 }
    let below = zip(first.negativePlacements, second.negativePlacements).map { $0 - $1 }
    let variance =
      variance(above, about: difference) / Double(above.count)
      + variance(below, about: difference) / Double(below.count)
    guard difference != 0 else {
      return Comparison(difference: 0, standardError: variance.squareRoot(), z: 0, p: 1)
    }
    guard variance > 0 else {
      let pairs = Double(min(above.count, below.count))
      let p = max(min(1, 2 * pow(1 + abs(difference), -pairs)), Double.leastNormalMagnitude)
      let z = -Normal.quantile(p / 2)
      return Comparison(
        difference: difference, standardError: 0, z: difference < 0 ? -z : z, p: p)
    }
    let z = difference / variance.squareRoot()
    return Comparison(
      difference: difference, standardError: variance.squareRoot(), z: z,
      p: 2 * Normal.survival(abs(z)))
  }

  private static func check(_ what: String, _ first: Int, _ second: Int) throws(DetectionError) {
    guard first == second else {
      throw DetectionError(.count(of: what, found: second, expected: first))
    }
    guard first > 1 else { throw DetectionError(.tooFew(what: what, found: first, needed: 2)) }
  }

  /// The sample variance, with divisor count − 1, about the known mean; exactly 0 of equal values.
  private static func variance(_ values: [Double], about mean: Double) -> Double {
    if values.allSatisfy({ $0 == values.first }) { return 0 }
    return values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count - 1)
  }
}
