import Detector
import SAE
import Steering

/// A bank with null scores of the unmarked documents of shards, and what was seen on the way.
public struct BankCalibrationRun: Sendable {
  /// The bank with its null scores.
  public let bank: WatermarkBank
  /// Documents that were read.
  public let documentCount: Int
  /// Of them, documents without a kept token, which have no score and are left out.
  public let emptyCount: Int
  /// Documents that were left out for their split.
  public let otherSplitCount: Int
  /// Tokens of the documents that were read, by their use.
  public let tokens: TokenCounts
}

extension WatermarkBank {
  /// Scores unmarked documents, and keeps their scores in place of those that the bank had.
  ///
  /// They must be what marked text is to be told from: text of the same model, on the same kind of
  /// prompts, of the same lengths, but not marked. Neither the order of the shards nor that of their
  /// documents changes the result, and neither does `workers`. Of blocks no more than twice
  /// ``NullScores/blockLimit(entryCount:)`` are in memory, however many documents there are; scores are, of all.
  ///
  /// - Parameters:
  ///   - source: What the shards hold; a dictionary must be the bank's.
  ///   - blockLength: Kept tokens of a block, for streams and spans.
  ///   - split: Documents of another `split` are left out; those that name none are taken.
  ///   - progress: Called now and then with the rows that are done and all rows.
  /// - Throws: what `CalibrationRun` throws; `invalidArgument` for a bank that is bound to no dictionary, no
  ///   document with a kept token, or an entry whose scores are all equal.
  public func calibrated(
    shards: [String], source: DocumentSource,
    blockLength: Int = NullScores.defaultBlockLength,
    split: String = CalibrationRun.defaultSplit, workers: Int = 1,
    allowsUnknownNorms: Bool = false, progress: (Int, Int) -> Void = { _, _ in }
  ) throws(SteeringError) -> BankCalibrationRun {
    try requireBound()
    if case .rows(let dictionary) = source { try checkWeights(dictionary) }
    let reading = try NullReading(
      detector, shards: shards, source: source,
      options: CalibrationOptions(blockLength: blockLength), split: split, workers: workers,
      allowsUnknownNorms: allowsUnknownNorms,
      blockQuota: NullScores.blockLimit(entryCount: entries.count), progress: progress)
    let calibrator = reading.calibrator
    return BankCalibrationRun(
      bank: try calibrated(calibrator.nullDocuments, blockLength: blockLength),
      documentCount: calibrator.documentCount, emptyCount: calibrator.emptyCount,
      otherSplitCount: reading.otherSplitCount, tokens: reading.tokens)
  }

  /// The bank with the scores of null documents in place of those that it had.
  ///
  /// - Throws: `invalidArgument` for no document, or an entry whose scores are all equal; `nonFinite` for
  ///   a score beyond f32.
  package func calibrated(
    _ documents: [NullDocument], blockLength: Int = NullScores.defaultBlockLength
  ) throws(SteeringError) -> WatermarkBank {
    guard !documents.isEmpty else {
      throw SteeringError(
        .invalidArgument, "0 null documents with kept tokens, expected at least 1")
    }
    for index in entries.indices {
      // As they are kept: what f32 makes equal is equal.
      let scores = documents.map { Float($0.scores[index]) }
      let name = detector.structures[index].name
      if scores.contains(where: { !$0.isFinite }) {
        throw SteeringError(
          .nonFinite,
          "a score of entry \(index) ('\(name)') is beyond f32, expected a finite number")
      }
      guard NullScores.varies(scores) else {
        throw SteeringError(
          .invalidArgument,
          "entry \(index) ('\(name)') scores the same on all \(scores.count) null documents but one,"
            + " or on all, expected scores that vary")
      }
    }
    return try with(
      nulls: try NullScores(documents, entryCount: entries.count, blockLength: blockLength))
  }
}
