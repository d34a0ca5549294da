extension ROC {
  /// One threshold and the two rates that it gives.
  public struct Point: Sendable, Equatable {
    /// The share of negatives at or above the threshold.
    public let falsePositiveRate: Double
    /// The share of positives at or above the threshold.
    public let truePositiveRate: Double
    /// The lowest score that is called positive; +∞ at the first point, where nothing is.
    public let threshold: Double
  }

  /// One point of the detection error trade-off: both error rates in standard deviations.
  public struct ErrorPoint: Sendable, Equatable {
    /// Φ⁻¹ of the false positive rate.
    public let falsePositiveProbit: Double
    /// Φ⁻¹ of the rate of misses, 1 − true positive rate.
    public let missProbit: Double
    /// The lowest score that is called positive.
    public let threshold: Double
  }

  /// A rate at a threshold, with the counts behind it, for an interval.
  public typealias Rate = (rate: Double, threshold: Double, successes: Int, trials: Int)

  /// The whole curve: (0, 0) at threshold +∞, then one point per distinct score, up to (1, 1).
  public var points: [Point] {
    [Point(falsePositiveRate: 0, truePositiveRate: 0, threshold: .infinity)]
      + thresholds.indices.map { index in
        Point(
          falsePositiveRate: falseRate(index), truePositiveRate: trueRate(index),
          threshold: thresholds[index])
      }
  }

  /// The detection error trade-off: the probits of the false positive rate and of the miss rate.
  ///
  /// Points where either rate is 0 or 1 have no place on these axes and are left out, so a score that
  /// separates perfectly has none. Source: Martin et al., Eurospeech 1997.
  public func det() -> [ErrorPoint] {
    thresholds.indices.compactMap { index in
      let (hits, alarms) = (truePositives[index], falsePositives[index])
      guard hits > 0, hits < positiveCount, alarms > 0, alarms < negativeCount else { return nil }
      return ErrorPoint(
        falsePositiveProbit: Normal.quantile(falseRate(index)),
        missProbit: Normal.quantile(Double(positiveCount - hits) / Double(positiveCount)),
        threshold: thresholds[index])
    }
  }

  /// The largest true positive rate of a threshold whose false positive rate is at most `limit`.
  ///
  /// No interpolation between points: the rate is one that a threshold reached on these documents.
  /// Among equal rates the highest threshold. `successes` and `trials` count positives. When no
  /// threshold qualifies, 0 at +∞. The false positive rate at that threshold is itself an estimate: from
  /// n negatives nothing can be said about rates below 1/n. `limit` must be in [0, 1].
  public func truePositiveRate(atFalsePositiveRate limit: Double) -> Rate {
    precondition(limit >= 0 && limit <= 1, "limit is \(limit), expected 0 to 1")
    var best: Rate = (0, .infinity, 0, positiveCount)
    for index in thresholds.indices where falseRate(index) <= limit {
      if truePositives[index] > best.successes {
        best = (trueRate(index), thresholds[index], truePositives[index], positiveCount)
      }
    }
    return best
  }

  /// The smallest false positive rate of a threshold whose true positive rate is at least `wanted`.
  ///
  /// `wanted` 0.95 gives what is called FPR95. The highest threshold that qualifies; `successes` and
  /// `trials` count negatives. `wanted` must be in [0, 1]; 0 gives 0 at +∞.
  public func falsePositiveRate(atTruePositiveRate wanted: Double) -> Rate {
    precondition(wanted >= 0 && wanted <= 1, "wanted is \(wanted), expected 0 to 1")
    guard wanted > 0, let index = thresholds.indices.first(where: { trueRate($0) >= wanted })
    else { return (0, .infinity, 0, negativeCount) }
    return (falseRate(index), thresholds[index], falsePositives[index], negativeCount)
  }

  /// The threshold where J = true − false positive rate is largest; among equals the highest.
  ///
  /// J is 0 at +∞ when no threshold does better than chance.
  public var youden: (threshold: Double, j: Double, tpr: Double, fpr: Double) {
    var best = (threshold: Double.infinity, j: 0.0, tpr: 0.0, fpr: 0.0)
    // In whole numbers, J times m·n, so that ties are ties.
    var most = 0
    for index in thresholds.indices {
      let gain = truePositives[index] * negativeCount - falsePositives[index] * positiveCount
      guard gain > most else { continue }
      most = gain
      let j = Double(gain) / (Double(positiveCount) * Double(negativeCount))
      best = (thresholds[index], j, trueRate(index), falseRate(index))
    }
    return best
  }

  private func trueRate(_ index: Int) -> Double {
    Double(truePositives[index]) / Double(positiveCount)
  }

  private func falseRate(_ index: Int) -> Double {
    Double(falsePositives[index]) / Double(negativeCount)
  }
}
