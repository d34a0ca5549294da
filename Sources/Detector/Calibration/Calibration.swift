/// What a detector's scores mean: null scores per length, and how structures go together by chance.
public struct Calibration: Sendable, Equatable {
  /// Null documents of similar length.
  public struct Bucket: Sendable, Equatable {
    /// Kept tokens of a document in it, both ends included.
    public var lengths: ClosedRange<Int>
    /// Null scores of each structure, `[structures]`.
    public var nulls: [NullSample]
    /// Null values of the combined statistic; nil where there is one structure.
    public var combined: NullSample?

    /// A bucket.
    public init(lengths: ClosedRange<Int>, nulls: [NullSample], combined: NullSample?) {
      self.lengths = lengths
      self.nulls = nulls
      self.combined = combined
    }
  }

  /// How the p-values of all structures become one statistic, which is then ranked among null documents'.
  ///
  /// Both fall as any p rises, so a document never gains by scoring lower. p is capped at N/(N + 1) before,
  /// so that the lowest score of a document and that of a null document, which counts itself among N,
  /// are one number where scores tie.
  public enum Combination: String, Sendable, CaseIterable {
    /// −(N + 1) · min p, and of equal smallest p the smaller mean p first: some one structure is there.
    case smallest
    /// Σ −Φ⁻¹(p), each clipped to [−5, 15]: many structures are somewhat there.
    case stouffer
  }

  /// How structures are combined.
  public var combination: Combination
  /// Buckets, ascending and without gaps; documents outside them get no p-value.
  public var buckets: [Bucket]
  /// Pearson correlation of the structures' null z-scores, `[structures, structures]` row-major.
  ///
  /// The combined p-value of all structures needs none. It is what Stouffer's z of some of the structures,
  /// chosen later, must be scaled by.
  public var correlation: [Double]
  /// Who the null documents were.
  public var record: SplitRecord
  /// For streams; nil where a readout cannot be streamed.
  public var sequential: SequentialCalibration?

  /// A calibration.
  public init(
    combination: Combination = .smallest, buckets: [Bucket], correlation: [Double],
    record: SplitRecord, sequential: SequentialCalibration?
  ) {
    self.combination = combination
    self.buckets = buckets
    self.correlation = correlation
    self.record = record
    self.sequential = sequential
  }

  /// The bucket of a document with `length` kept tokens; nil outside the calibrated lengths.
  public func bucket(ofLength length: Int) -> Int? {
    buckets.firstIndex { $0.lengths.contains(length) }
  }
}

/// Null scores of blocks of a stream, and how far an e-process goes on null streams.
///
/// A block is `blockLength` kept tokens; its p-value is its rank among null blocks. Blocks of one text are
/// alike, so a product of their e-values is not a martingale: `thresholds` are therefore the larger of 1/α
/// and what null streams themselves reach (split conformal on the largest wealth of a stream).
public struct SequentialCalibration: Sendable, Equatable {
  /// Wealth at which a stream is flagged.
  public struct Threshold: Sendable, Equatable {
    /// False-alarm rate over a whole stream, however often it is looked at.
    public var alpha: Double
    /// ln of the wealth, per structure, `[structures]`; at least ln(1/α).
    public var logWealth: [Double]

    /// A threshold.
    public init(alpha: Double, logWealth: [Double]) {
      self.alpha = alpha
      self.logWealth = logWealth
    }
  }

  /// Kept tokens per block.
  public var blockLength: Int
  /// Null block scores of each structure, `[structures]`.
  public var blocks: [NullSample]
  /// Thresholds, by descending α.
  public var thresholds: [Threshold]
  /// Null streams behind the thresholds.
  public var streamCount: Int
  /// Blocks of the longest of them: what happens after as many blocks is beyond the thresholds.
  public var longestStream: Int

  /// A calibration of streams.
  public init(
    blockLength: Int, blocks: [NullSample], thresholds: [Threshold], streamCount: Int,
    longestStream: Int
  ) {
    self.blockLength = blockLength
    self.blocks = blocks
    self.thresholds = thresholds
    self.streamCount = streamCount
    self.longestStream = longestStream
  }
}
