import Detector
import SAE

/// Null documents read from shards and scored: what calibrations are made of.
package struct NullReading {
  /// Holds the documents' scores.
  package let calibrator: Calibrator
  /// Documents that were left out for their split.
  package let otherSplitCount: Int
  /// Tokens of the documents that were read, by their use.
  package let tokens: TokenCounts

  /// Scores the documents of `shards` that belong to `split`; arguments and errors as for
  /// ``CalibrationRun``.
  package init(
    _ detector: FittedDetector, shards: [String], source: DocumentSource,
    options: CalibrationOptions, split: String, workers: Int, allowsUnknownNorms: Bool,
    blockQuota: Int? = nil, progress: (Int, Int) -> Void
  ) throws(SteeringError) {
    if case .rows(let dictionary) = source { try dictionary.check(detector) }
    let calibrator = try SteeringError.rendering { () throws(DetectionError) in
      try Calibrator(detector, options: options, blockQuota: blockQuota)
    }
    let walk = try ShardWalk(
      shards,
      open: { shard throws(SteeringError) in
        try DocumentReader(
          shard, source: source, masking: detector.masking,
          needsDenseMean: detector.needsDenseMean, keepsPieces: false, workers: workers,
          allowsUnknownNorms: allowsUnknownNorms)
      }, taken: { $0 ?? split == split }, progress: progress,
      add: { document throws(DetectionError) in try calibrator.add(document) })
    self.calibrator = calibrator
    tokens = walk.tokens
    otherSplitCount = walk.otherSplitCount
  }
}
