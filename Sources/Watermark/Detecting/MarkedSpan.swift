import Glibc

/// Where in a mixed text the evidence for a mark is: the run of increments with the largest sum.
///
/// Increments are the logarithms of e-values of a text's blocks, or log likelihood ratios of its tokens. For
/// one marked passage in unmarked text the run with the largest sum is the likeliest place of the passage
/// when the increments are log likelihood ratios, and a good guess when they are not. It is **not** a test: the
/// largest of many sums is positive for most unmarked texts too, and neither end has an error rate. Whether
/// there is a mark at all, ``MarkVerdict`` says; this says where, if so. Two marked passages with little
/// between them are one run, and of two far apart the larger is found.
public struct MarkedSpan: Sendable, Equatable {
  /// The run: of increments, or of what they belong to.
  public var range: Range<Int>
  /// The sum over the run, above 0.
  public var evidence: Double

  /// A span.
  public init(range: Range<Int>, evidence: Double) {
    self.range = range
    self.evidence = evidence
  }

  /// The run of `increments` with the largest sum; nil when no sum is above 0.
  ///
  /// Of several runs with that sum the one that ends first, and of those the shortest. Increments that are
  /// not finite count as 0.
  ///
  /// - Complexity: O(n) (Kadane).
  public static func largest(_ increments: [Double]) -> MarkedSpan? {
    var best: MarkedSpan?
    var start = 0
    var sum = 0.0
    for (index, increment) in increments.enumerated() {
      if sum <= 0 { (start, sum) = (index, 0) }
      sum += increment.isFinite ? increment : 0
      if sum > best?.evidence ?? 0 { best = MarkedSpan(range: start..<index + 1, evidence: sum) }
    }
    return best
  }

  /// λ of the e-value of a block.
  ///
  /// Large, so that a block without the mark takes away much: the ends are found better than with a cautious
  /// stake, which would suit the question whether there is a mark.
  public static let stake = 0.9

  /// ln E(p) with E(p) = (1 − λ) + λ(−ln p), λ = ``stake``: an e-value, for its mean over uniform p is 1.
  ///
  /// From ln(1 − λ), which is −2.303, at p = 1; 0 at p = 1/e. p below the smallest normal number counts as
  /// that number; above 1, and NaN, as 1.
  public static func logEValue(ofP p: Double) -> Double {
    let p = p.isNaN ? 1 : min(max(p, Double.leastNormalMagnitude), 1)
    return log1p(stake * (-log(p) - 1))
  }
}
