import Detector
import SAE

/// A detector judged on the documents of shards, and what was seen on the way.
public struct EvaluationRun: Sendable {
  /// What the documents say.
  public let evaluation: Evaluation
  /// The detector that was judged.
  public let detector: FittedDetector
  /// What it was compared with.
  public let baseline: FittedDetector?
  /// Documents that were left out for their split.
  public let otherSplitCount: Int
  /// Tokens of all documents by their use.
  public let tokens: TokenCounts

  /// Judges `detector` on the documents of `shards`, none of which it may have been fitted or calibrated on.
  ///
  /// Neither the order of the shards nor that of their documents changes the result. Memory: a score per
  /// document and structure.
  ///
  /// - Parameters:
  ///   - baseline: A detector to compare with on the same documents, such as a dense probe.
  ///   - source: What the shards hold; a dictionary must be the one that the detectors read.
  ///   - split: Documents of another `split` are left out; nil takes all.
  ///   - progress: Called now and then with the rows that are done and all rows.
  /// - Throws: `invalidArgument` naming a document that serves in another split, or comes twice; what
  ///   ``DocumentReader`` throws.
  public init(
    _ detector: FittedDetector, baseline: FittedDetector? = nil, shards: [String],
    source: DocumentSource, split: String? = nil, workers: Int = 1,
    allowsUnknownNorms: Bool = false, progress: (Int, Int) -> Void = { _, _ in }
  ) throws(SteeringError) {
    if case .rows(let dictionary) = source {
      try dictionary.check(detector)
      if let baseline { try dictionary.check(baseline) }
    }
    // One reading serves both detectors.
    if let baseline, baseline.masking != detector.masking {
      throw SteeringError(
        .invalidArgument,
        "the baseline leaves out other tokens than detector '\(detector.name)', expected the same"
          + " masking: fit both on the same shards")
    }
    let evaluator = try SteeringError.rendering { () throws(DetectionError) in
      try Evaluator(detector, baseline: baseline)
    }
    let walk = try ShardWalk(
      shards,
      open: { shard throws(SteeringError) in
        try DocumentReader(
          shard, source: source, masking: detector.masking,
          needsDenseMean: evaluator.needsDenseMean, keepsPieces: false, workers: workers,
          allowsUnknownNorms: allowsUnknownNorms)
      }, taken: { split == nil || $0 == split }, progress: progress,
      add: { document throws(DetectionError) in try evaluator.add(document) })
    evaluation = try SteeringError.rendering { () throws(DetectionError) in
      try evaluator.finish()
    }
    self.detector = detector
    self.baseline = baseline
    otherSplitCount = walk.otherSplitCount
    tokens = walk.tokens
  }
}
