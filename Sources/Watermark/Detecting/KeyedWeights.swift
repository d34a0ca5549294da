import Steering

/// What makes T of the chosen entries' scores: Σ factorᵢ (xᵢ − meanᵢ).
struct KeyedWeights {
  /// sᵢ / (σᵢ √(s′Rs)), `[chosen]`.
  let factors: [Double]
  /// μᵢ, `[chosen]`.
  let means: [Double]

  /// Weights from the moments of `count` documents.
  ///
  /// - Throws: `invalidArgument` when the chosen entries cancel one another there.
  init(
    _ signs: [Int], means: [Double], scatter: [Double], count: Int
  ) throws(SteeringError) {
    let size = signs.count
    let bare = signs.indices.map {
      Double(signs[$0]) / (scatter[$0 * size + $0] / Double(count)).squareRoot()
    }
    var sum = 0.0
    for one in 0..<size {
      for other in 0..<size { sum += bare[one] * bare[other] * scatter[one * size + other] }
    }
    let variance = sum / Double(count)
    guard variance > KeyedStatistic.leastVariance * Double(size), variance.isFinite else {
      throw SteeringError(
        .invalidArgument,
        "the chosen entries cancel one another on the null documents, or one varies by a single document"
          + " alone, expected entries that do not all measure the same")
    }
    let scale = 1 / variance.squareRoot()
    factors = bare.map { $0 * scale }
    self.means = means
  }

  /// T of scores that were rounded to f32, or a little more: no less than before they were rounded.
  ///
  /// Documents without any of the chosen features all have one T. A null document of them must not fall below
  /// a new one, whose scores are not rounded, so each T goes up by all that rounding can have taken.
  func leastValue(of scores: [Double]) -> Double {
    var sum = 0.0
    var rounding = 0.0
    for (place, score) in scores.enumerated() {
      sum += factors[place] * (score - means[place])
      // Half a unit of f32 is 2⁻²⁴ of the score; as much again is far more than f64 sums lose.
      rounding += abs(factors[place]) * (abs(score) + abs(means[place]) + 0x1p-125) * 0x1p-23
    }
    return sum + rounding
  }
}

/// Means and scatter Σ (x − μ)(x − μ)′ of some entries over null documents, in two passes.
struct KeyedMoments {
  /// A rank-one update that leaves less than this share of a sum of squares is not to be trusted.
  static let leastShare = 1e-3

  var means: [Double]
  /// `[entries, entries]`.
  var scatter: [Double]

  /// Moments over all documents of `nulls`, or all but one.
  init(_ entries: [Int], _ nulls: NullScores, without left: Int?) {
    let size = entries.count
    let rows = (0..<nulls.documentCount).filter { $0 != left }
    if left == nil {
      means = entries.map { nulls.means[$0] }
    } else {
      means = entries.map { entry in
        rows.reduce(0.0) { $0 + Double(nulls.scores[$1 * nulls.entryCount + entry]) }
          / Double(rows.count)
      }
    }
    scatter = [Double](repeating: 0, count: size * size)
    var deviation = [Double](repeating: 0, count: size)
    for row in rows {
      for (place, entry) in entries.enumerated() {
        deviation[place] = Double(nulls.scores[row * nulls.entryCount + entry]) - means[place]
      }
      for one in 0..<size {
        for other in 0..<size {
          scatter[one * size + other] += deviation[one] * deviation[other]
        }
      }
    }
  }
}
