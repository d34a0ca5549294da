/// A closed range of values that a quantity is in with some stated confidence.
public struct Interval: Sendable, Equatable {
  /// The lower end.
  public var lower: Double
  /// The upper end, at or above the lower one.
  public var upper: Double

  /// A range from `lower` to `upper`.
  public init(lower: Double, upper: Double) {
    self.lower = lower
    self.upper = upper
  }
}

/// Two-sided confidence intervals of a rate that was counted: successes of independent trials.
///
/// No trials at all give [0, 1]. `successes` must be in 0...trials and `confidence` in (0, 1).
public enum BinomialInterval {
  /// The score interval: covers on average what it says, and is not degenerate at 0 or at all.
  ///
  /// The two p with |s/n − p| = z √(p(1−p)/n), z = Φ⁻¹((1 + confidence)/2). 100 of 100 gives
  /// [0.963, 1] at 0.95. Source: Wilson, J. Am. Stat. Assoc. 22 (1927).
  public static func wilson(
    _ successes: Int, of trials: Int, confidence: Double = 0.95
  ) -> Interval {
    check(successes, trials, confidence)
    guard trials > 0 else { return Interval(lower: 0, upper: 1) }
    let z = -Normal.quantile((1 - confidence) / 2)
    let (s, n) = (Double(successes), Double(trials))
    let spread = z * (z * z / 4 + s * (n - s) / n).squareRoot()
    let upper = successes == trials ? 1 : (s + z * z / 2 + spread) / (n + z * z)
    // The product of the two roots, since their difference from the centre cancels near 0.
    let lower = s * s / n / (s + z * z / 2 + spread)
    return Interval(lower: lower, upper: min(upper, 1))
  }

  /// The exact interval: covers at least what it says, at the price of being wide.
  ///
  /// Quantiles of beta distributions: (1 − confidence)/2 of Beta(s, n − s + 1) and
  /// (1 + confidence)/2 of Beta(s + 1, n − s); 0 and 1 at the ends.
  /// Source: Clopper and Pearson, Biometrika 26 (1934).
  public static func clopperPearson(
    _ successes: Int, of trials: Int, confidence: Double = 0.95
  ) -> Interval {
    check(successes, trials, confidence)
    let (s, n) = (Double(successes), Double(trials))
    let tail = (1 - confidence) / 2
    return Interval(
      lower: successes == 0 ? 0 : BetaDistribution.quantile(tail, s, n - s + 1),
      upper: successes == trials ? 1 : BetaDistribution.quantile(1 - tail, s + 1, n - s))
  }

  private static func check(_ successes: Int, _ trials: Int, _ confidence: Double) {
    precondition(trials >= 0, "trials is \(trials), expected at least 0")
    precondition(
      (0...trials).contains(successes), "successes is \(successes), expected 0 to \(trials)")
    precondition(
      confidence > 0 && confidence < 1, "confidence is \(confidence), expected between 0 and 1")
  }
}
