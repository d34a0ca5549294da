import Glibc

/// One answer from several z-values or p-values of the same document.
///
/// Where p-values come in, NaN counts as 1 and what is outside [0, 1] goes to the nearer end.
public enum Combination {
  /// Stouffer's z: Σ wᵢzᵢ / √(wᵀRw), standard normal when the zᵢ are, jointly, with correlation R.
  ///
  /// - `z`: one-sided, large under the alternative; finite, at least one.
  /// - `weights`: finite and at or above 0, not all 0; nil means all equal.
  /// - `correlation`: R, row-major [K, K], of the zᵢ **on null text**; symmetric with diagonal 1, to
  ///   1e-9; nil means independent. Without it, positively correlated features flag too often.
  ///
  /// Source: Stouffer et al., The American Soldier I (1949); Strube, Psychological Bulletin 97 (1985)
  /// for dependent z.
  /// - Throws: `tooFew` without any z, `nonFinite`, `count` when sizes disagree, `field` for weights,
  ///   entries or a variance of the sum outside their range.
  package static func stouffer(
    _ z: [Double], weights: [Double]? = nil, correlation: [Double]? = nil
  ) throws(DetectionError) -> Double {
    guard !z.isEmpty else { throw DetectionError(.tooFew(what: "z-values", found: 0, needed: 1)) }
    for (index, value) in z.enumerated() where !value.isFinite {
      throw DetectionError(.nonFinite(what: "z-value \(index)"))
    }
    let weights = weights ?? [Double](repeating: 1, count: z.count)
    try check(weights: weights, count: z.count)
    // To the largest, so that no square overflows or vanishes.
    let largest = weights.reduce(0, max)
    let scaled = weights.map { $0 / largest }
    let squares = scaled.reduce(0) { $0 + $1 * $1 }
    var variance = squares
    if let correlation {
      try check(correlation: correlation, width: z.count)
      for row in 0..<z.count {
        for column in 0..<row {
          variance += 2 * scaled[row] * scaled[column] * correlation[row * z.count + column]
        }
      }
    }
    guard variance > 1e-12 * squares else {
      throw DetectionError(
        .field(
          name: "variance of the weighted sum", found: "\(variance)",
          expected: "above 0: the weighted z-values cancel under this correlation"))
    }
    let root = variance.squareRoot()
    return zip(scaled, z).reduce(0) { $0 + $1.0 / root * $1.1 }
  }

  /// Fisher's combined p-value: P(χ² with 2K degrees ≥ −2 Σ ln pᵢ).
  ///
  /// For independent p-values only; strong against one very small p. No p gives 1, a p of 0 gives 0.
  /// Source: Fisher, Statistical Methods for Research Workers (1932).
  public static func fisher(_ p: [Double]) -> Double {
    guard !p.isEmpty else { return 1 }
    let statistic = p.reduce(0) { $0 - 2 * log(Probability.cleaned($1)) }
    return ChiSquared.survival(statistic, degrees: 2 * p.count)
  }

  /// The Cauchy combination: ½ − atan(T)/π with T = Σ wᵢ tan((½ − pᵢ)π) / Σ wᵢ.
  ///
  /// In the tail right whatever the dependence, so the choice for features of the same tokens. Computed
  /// as arccot of the mean of cotangents, which is 1/(πp) for small p: exact down to p = 1e-300 and for p
  /// next to 1. A p of 1 is −∞ in the mean and makes the result 1, whatever the others say: p-values that
  /// can be exactly 1, as those of the +1 rule are for the lowest score, then cost power, never validity.
  /// Else a p of 0 gives 0. No p gives 1. `weights` must be finite, at or above 0, not all 0, and as many
  /// as there are p; a p of weight 0 is left out; nil means all equal.
  /// Source: Liu and Xie, J. Am. Stat. Assoc. 115 (2020).
  public static func cauchy(_ p: [Double], weights: [Double]? = nil) -> Double {
    guard !p.isEmpty else { return 1 }
    let weights = weights ?? [Double](repeating: 1, count: p.count)
    precondition(weights.count == p.count, "\(weights.count) weights, expected \(p.count)")
    precondition(
      weights.allSatisfy { $0 >= 0 && $0.isFinite }, "a weight is not finite and at or above 0")
    let largest = weights.reduce(0, max)
    precondition(largest > 0, "all weights are 0")
    let total = weights.reduce(0) { $0 + $1 / largest }
    var hasZero = false
    var mean = 0.0
    for (value, weight) in zip(p, weights) where weight > 0 {
      let cleaned = Probability.cleaned(value)
      if cleaned == 1 { return 1 }
      // 1/tan overflows below 1/(π · greatest finite), and that is as good as 0.
      let share = weight / largest / total
      let term = share * cotangent(cleaned)
      if term == .infinity { hasZero = true } else { mean += term }
    }
    return hasZero ? 0 : atan2(1, mean) / Double.pi
  }

  /// Bonferroni's combined p-value: min(1, K · min pᵢ). Valid under any dependence. No p gives 1.
  public static func bonferroni(_ p: [Double]) -> Double {
    guard !p.isEmpty else { return 1 }
    return min(1, Double(p.count) * p.reduce(1) { min($0, Probability.cleaned($1)) })
  }

  /// cot(πp) for p in [0, 1).
  private static func cotangent(_ p: Double) -> Double {
    p <= 0.5 ? 1 / tan(Double.pi * p) : -1 / tan(Double.pi * (1 - p))
  }

  private static func check(weights: [Double], count: Int) throws(DetectionError) {
    guard weights.count == count else {
      throw DetectionError(.count(of: "weights", found: weights.count, expected: count))
    }
    for (index, weight) in weights.enumerated() where !(weight >= 0 && weight.isFinite) {
      throw DetectionError(
        .field(name: "weight \(index)", found: "\(weight)", expected: "finite, at least 0"))
    }
    guard weights.contains(where: { $0 > 0 }) else {
      throw DetectionError(.field(name: "weights", found: "all 0", expected: "one above 0"))
    }
  }

  private static func check(correlation: [Double], width: Int) throws(DetectionError) {
    guard correlation.count == width * width else {
      throw DetectionError(
        .count(of: "correlation entries", found: correlation.count, expected: width * width))
    }
    for row in 0..<width {
      for column in 0..<width {
        let entry = correlation[row * width + column]
        let expected = row == column ? 1 : correlation[column * width + row]
        guard abs(entry) <= 1 + 1e-9, abs(entry - expected) <= 1e-9 else {
          throw DetectionError(
            .field(
              name: "correlation [\(row), \(column)]", found: "\(entry)",
              expected: row == column
                ? "1 on the diagonal" : "-1 to 1 and the same as [\(column), \(row)]"))
        }
      }
    }
  }
}
