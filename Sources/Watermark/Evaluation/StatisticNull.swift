import Detector

/// What one statistic is by chance: its values on unmarked texts, by length.
struct StatisticNull {
  /// A text's value and length.
  struct Value {
    var score: Double
    var tokens: Int
    var source: String
  }

  /// Tokens of a text per bucket, ascending and without gaps.
  let ranges: [ClosedRange<Int>]
  /// Null values per bucket.
  let samples: [NullSample]

  /// Sorts `values`, of which there must be some, into buckets.
  init(_ values: [Value], minimum: Int, maximum: Int) throws(DetectionError) {
    let ranges = LengthBuckets.ranges(
      ofSorted: values.map(\.tokens).sorted(), minimum: minimum, maximum: maximum)
    self.ranges = ranges
    var samples: [NullSample] = []
    for range in ranges {
      samples.append(
        try NullSample(values.filter { range.contains($0.tokens) }.map(\.score)))
    }
    self.samples = samples
  }

  /// The smallest p-value that every bucket can give.
  var smallestP: Double { samples.map(\.smallestP).max() ?? 1 }

  /// The bucket of a text; nil for a length that no null text has.
  func bucket(of value: Value) -> Int? { ranges.firstIndex { $0.contains(value.tokens) } }

  /// The p-value of a text; nil for a length that was not calibrated.
  func p(of value: Value) -> Double? {
    bucket(of: value).map { samples[$0].p(of: value.score) }
  }
}

extension StatisticNull {
  /// What an evaluation says of it.
  func summary(_ name: String, rates: [Double]) -> WatermarkEvaluation.Null {
    let fewest = samples.map(\.count).min() ?? 0
    return WatermarkEvaluation.Null(
      statistic: name, lengths: ranges, counts: samples.map(\.count), smallestP: smallestP,
      largestZ: samples.map { CalibratedZ.z(ofP: $0.smallestP) }.max() ?? 0,
      trueRates: rates.map { Self.trueRate(at: $0, count: fewest) })
  }

  /// Where the rate of false alarms of a threshold at p ≤ `rate` truly lies, in 95 % of null samples of
  /// `count` texts; nil where no p is that small.
  ///
  /// The share of new scores above the k-th largest of N follows Beta(k, N + 1 − k), k being the largest
  /// number with k/(N + 1) ≤ rate. Source: David and Nagaraja, Order Statistics, 2.1.
  static func trueRate(at rate: Double, count: Int) -> Interval? {
    var k = min(Int(rate * Double(count + 1)) + 1, count)
    while k > 0, Double(k) / Double(count + 1) > rate { k -= 1 }
    guard k > 0 else { return nil }
    let (a, b) = (Double(k), Double(count + 1 - k))
    return Interval(
      lower: BetaDistribution.quantile(0.025, a, b), upper: BetaDistribution.quantile(0.975, a, b))
  }

  /// How often texts that should be found are flagged: texts without a p-value, and `missing` ones without
  /// the statistic, count as not found.
  static func found(
    _ values: [Value], missing: Int, null: StatisticNull?, rates: [Double]
  ) -> WatermarkEvaluation.Flags {
    flags(values, missing: missing, null: null, rates: rates) { _ in values.count + missing }
  }

  /// How often texts that should not be are flagged, of those that have a p-value.
  static func alarms(
    _ values: [Value], missing: Int = 0, null: StatisticNull?, rates: [Double]
  ) -> WatermarkEvaluation.Flags {
    flags(values, missing: missing, null: null, rates: rates) { $0 }
  }

  private static func flags(
    _ values: [Value], missing: Int, null: StatisticNull?, rates: [Double],
    trials: (_ calibrated: Int) -> Int
  ) -> WatermarkEvaluation.Flags {
    let p = values.compactMap { null?.p(of: $0) }
    let reachable = rates.map { rate in null.map { $0.smallestP <= rate } ?? false }
    return WatermarkEvaluation.Flags(
      count: values.count + missing, missing: missing, uncalibrated: values.count - p.count,
      shares: zip(rates, reachable).map { rate, isReachable in
        isReachable ? Evaluation.Share(p.count { $0 <= rate }, of: trials(p.count)) : nil
      },
      meanZ: Averages.mean(p.map { CalibratedZ.z(ofP: $0) }))
  }
}
