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

  /// Buckets, ascending and without gaps; documents outside them get no p-value.
  public var buckets: [Bucket]
  /// Pearson correlation of the structures' null z-scores, `[structures, structures]` row-major.
  public var correlation: [Double]
  /// Who the null documents were.
  public var record: SplitRecord
  /// For streams; nil where a readout cannot be streamed.
  public var sequential: SequentialCalibration?

  /// A calibration.
  public init(
    buckets: [Bucket], correlation: [Double], record: SplitRecord,
    sequential: SequentialCalibration?
  ) {
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

  /// A calibration of streams.
  public init(blockLength: Int, blocks: [NullSample], thresholds: [Threshold], streamCount: Int) {
    self.blockLength = blockLength
    self.blocks = blocks
    self.thresholds = thresholds
    self.streamCount = streamCount
  }
}
