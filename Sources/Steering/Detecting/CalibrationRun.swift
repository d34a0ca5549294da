import Detector
import SAE

/// A detector calibrated on the documents of shards, and what was seen on the way.
public struct CalibrationRun {
  /// A range of document lengths.
  public struct Bucket: Sendable {
    /// Kept tokens of its documents.
    public let lengths: ClosedRange<Int>
    /// Null documents in it.
    public let count: Int
    private let nulls: [NullSample]

    fileprivate init(_ bucket: Calibration.Bucket) {
      lengths = bucket.lengths
      count = bucket.nulls.first?.count ?? 0
      nulls = bucket.nulls
    }

    /// The score above which each structure is flagged at a false-alarm rate, `[structures]`; nil where the
    /// documents are too few for the rate.
    public func thresholds(_ rate: Double) -> [Double?] { nulls.map { $0.threshold(at: rate) } }
  }

  /// What documents without a split of their own, or of this name, are taken for.
  public static let defaultSplit = "calibration"

  /// The detector with its calibration.
  public let detector: FittedDetector
  /// Documents that were read.
  public let documentCount: Int
  /// Of them, documents without a kept token, which have no score.
  public let emptyCount: Int
  /// Documents that were left out for their split.
  public let otherSplitCount: Int
  /// Tokens of the documents that were read, by their use.
  public let tokens: TokenCounts

  /// Calibrates a detector on the documents of `shards` that belong to `split`, which must hold none of its
  /// structures.
  ///
  /// Neither the order of the shards nor that of their documents changes the result.
  ///
  /// - Parameters:
  ///   - source: What the shards hold; a dictionary must be the one that the detector reads.
  ///   - split: Documents of another `split` are left out; those that name none are taken.
  ///   - progress: Called now and then with the rows that are done and all rows.
  /// - Throws: `invalidArgument` naming a document that the detector was fitted on, or that comes twice, or
  ///   is labelled with one of its structures, or for too few documents; what ``DocumentReader`` throws.
  public init(
    _ detector: FittedDetector, shards: [String], source: DocumentSource,
    options: CalibrationOptions = CalibrationOptions(),
    split: String = CalibrationRun.defaultSplit, workers: Int = 1,
    allowsUnknownNorms: Bool = false, progress: (Int, Int) -> Void = { _, _ in }
  ) throws(SteeringError) {
    let reading = try NullReading(
      detector, shards: shards, source: source, options: options, split: split, workers: workers,
      allowsUnknownNorms: allowsUnknownNorms, progress: progress)
    self.detector = try SteeringError.rendering { () throws(DetectionError) in
      try reading.calibrator.finish()
    }
    documentCount = reading.calibrator.documentCount
    emptyCount = reading.calibrator.emptyCount
    otherSplitCount = reading.otherSplitCount
    tokens = reading.tokens
  }

  /// The ranges of lengths.
  public var buckets: [Bucket] { (detector.calibration?.buckets ?? []).map(Bucket.init) }
}
