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
    func open(_ shard: String) throws(SteeringError) -> DocumentReader {
      try DocumentReader(
        shard, source: source, masking: detector.masking,
        needsDenseMean: detector.needsDenseMean, keepsPieces: false, workers: workers,
        allowsUnknownNorms: allowsUnknownNorms)
    }
    // How much there is, before any of it is encoded: a shard that cannot be opened costs nothing then.
    var total = 0
    for shard in shards { total += try open(shard).rowCount }
    var tokens = TokenCounts()
    var others = 0
    var done = 0
    for shard in shards {
      let reader = try open(shard)
      while let document = try reader.next() {
        progress(done + reader.rowsRead, total)
        guard document.split ?? split == split else {
          others += 1
          continue
        }
        do throws(DetectionError) {
          try calibrator.add(document)
        } catch {
          throw SteeringError(error).inFile(shard)
        }
        tokens.add(document.counts)
      }
      done += reader.rowCount
    }
    self.calibrator = calibrator
    self.tokens = tokens
    otherSplitCount = others
  }
}
