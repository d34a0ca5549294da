/// How null documents become a calibration.
public struct CalibrationOptions: Sendable, Equatable {
  /// Rates at most.
  package static let rateLimit = 64
  /// Tokens of a block at most.
  package static let blockLimit = 1 << 20

  /// Null documents that each length bucket has at least.
  public var minimumPerBucket: Int
  /// Buckets at most.
  public var maximumBuckets: Int
  /// Kept tokens of a block of a stream.
  public var blockLength: Int
  /// How structures are combined.
  public var combination: Calibration.Combination
  /// False-alarm rates of streams that get thresholds, each above 0 and below 1.
  public var rates: [Double]

  /// Options; the defaults need 400 null documents.
  public init(
    minimumPerBucket: Int = 400, maximumBuckets: Int = 8, blockLength: Int = 16,
    combination: Calibration.Combination = .smallest,
    rates: [Double] = [Verdict.defaultRate, 0.01, 0.001]
  ) {
    self.minimumPerBucket = minimumPerBucket
    self.maximumBuckets = maximumBuckets
    self.blockLength = blockLength
    self.combination = combination
    self.rates = rates
  }

  func check() throws(DetectionError) {
    try FittedDetector.expect(
      minimumPerBucket > 0, "minimumPerBucket", minimumPerBucket, "above 0")
    try FittedDetector.expect(maximumBuckets > 0, "maximumBuckets", maximumBuckets, "above 0")
    try FittedDetector.expect(blockLength > 0, "blockLength", blockLength, "above 0")
    for rate in rates {
      try FittedDetector.expect(rate > 0 && rate < 1, "rates", rate, "above 0 and below 1")
    }
    try FittedDetector.expect(
      Set(rates).count == rates.count, "rates", "one twice", "each once")
  }
}
