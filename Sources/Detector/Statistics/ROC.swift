/// How well a score separates positives from negatives: the curve, its area, and points on it.
///
/// A document is called positive when its score is **at or above** a threshold. Documents must be
/// independent of one another, and none may have served to choose the score: an area on the documents
/// that chose the features is too high.
public struct ROC: Sendable {
  /// How many positives there are: m.
  public let positiveCount: Int
  /// How many negatives there are: n.
  public let negativeCount: Int
  /// P(positive > negative) + P(equal)/2, over all m·n pairs: the Mann-Whitney statistic over m·n.
  ///
  /// Exact but for the last division.
  public let area: Double

  /// Of each positive, in the order given: the share of negatives below it, ties counting half.
  let positivePlacements: [Double]
  /// Of each negative, in the order given: the share of positives above it, ties counting half.
  let negativePlacements: [Double]

  /// The distinct scores, descending.
  let thresholds: [Double]
  /// Per threshold, the positives with a score at or above it.
  let truePositives: [Int]
  /// Per threshold, the negatives with a score at or above it.
  let falsePositives: [Int]

  /// Takes the scores of the documents that carry something, and of those that do not.
  /// - Throws: `tooFew` when either is empty, `nonFinite` when a score is NaN or infinite.
  /// - Complexity: O((m + n) log(m + n)).
  package init(positives: [Double], negatives: [Double]) throws(DetectionError) {
    try Self.check(positives, "positive")
    try Self.check(negatives, "negative")
    let (m, n) = (positives.count, negatives.count)
    positiveCount = m
    negativeCount = n
    let above = positives.sorted()
    let below = negatives.sorted()
    // Twice the number of pairs won: ties count one.
    let won = positives.map { below.countBelow($0) + below.countAtMost($0) }
    let lost = negatives.map { 2 * m - above.countBelow($0) - above.countAtMost($0) }
    positivePlacements = won.map { Double($0) / Double(2 * n) }
    negativePlacements = lost.map { Double($0) / Double(2 * m) }
    area = Double(won.reduce(0, +)) / (2 * Double(m) * Double(n))

    var distinct: [Double] = []
    for score in (positives + negatives).sorted(by: >) where score != distinct.last {
      distinct.append(score)
    }
    thresholds = distinct
    truePositives = distinct.map { m - above.countBelow($0) }
    falsePositives = distinct.map { n - below.countBelow($0) }
  }

  private static func check(_ scores: [Double], _ name: String) throws(DetectionError) {
    guard !scores.isEmpty else {
      throw DetectionError(.tooFew(what: "\(name) scores", found: 0, needed: 1))
    }
    for (index, score) in scores.enumerated() where !score.isFinite {
      throw DetectionError(.nonFinite(what: "\(name) score \(index)"))
    }
  }
}
