/// Turns null documents, which are known to hold none of the structures, into a calibration.
///
/// Null scores are kept per length bucket, so a p-value compares a document with null documents of about
/// its length. Documents are put in order of their identity first: in which order they were added, and
/// from how many shards, changes nothing.
public final class Calibrator {
  /// How the calibration is made.
  public let options: CalibrationOptions
  /// Null documents so far, with those that have no kept token.
  public var documentCount: Int { identities.count }
  /// Of them, documents without a kept token: they are recorded, and have no score.
  public private(set) var emptyCount = 0

  private let detector: FittedDetector
  private let scorer: Scorer
  private var identities: Set<DocumentIdentity> = []
  private var samples: [NullDocument] = []
  private let blockQuota: Int?
  private var blockTotal = 0
  /// Documents from here on keep no blocks.
  private var bound: DocumentIdentity?

  /// - Parameter blockQuota: Most blocks that ``nullDocuments`` has, see ``NullBlocks/kept(_:limit:)``; in
  ///   between there are twice as many at most, whatever the number of documents. nil for all.
  /// - Throws: What ``Scorer`` throws for the detector; `field` for options out of range.
  package init(
    _ detector: FittedDetector, options: CalibrationOptions = CalibrationOptions(),
    blockQuota: Int? = nil
  ) throws(DetectionError) {
    try options.check()
    var bare = detector
    bare.calibration = nil
    self.detector = bare
    self.options = options
    self.blockQuota = blockQuota
    scorer = try Scorer(bare)
  }

  /// Takes a null document.
  ///
  /// - Throws: `splitOverlap` for one that features or weights were chosen on, `duplicate` for one that
  ///   came before, `unsupported` for one labelled with a structure of the detector, `nonFinite` for a
  ///   score of it or of its blocks, and what `Scorer.check` throws.
  package func add(_ document: DocumentCodes) throws(DetectionError) {
    guard !detector.selection.contains(document.identity) else {
      throw DetectionError(
        .splitOverlap(
          document: document.id, first: Selection.name, second: Calibrating.name))
    }
    guard !identities.contains(document.identity) else {
      throw DetectionError(.duplicate(document: document.id, split: Calibrating.name))
    }
    if let structure = detector.structures.first(where: { document.labels[$0.name] == true }) {
      throw DetectionError(
        .unsupported(
          what: "calibrating on document '\(document.id)', labelled with '\(structure.name)',",
          expected: "documents without the detector's structures"))
    }
    try scorer.check(document)
    guard let scores = scorer.score(document) else {
      identities.insert(document.identity)
      emptyCount += 1
      return
    }
    for (index, score) in scores.enumerated() where !score.isFinite {
      let name = detector.structures[index].name
      throw DetectionError(
        .nonFinite(what: "score of structure '\(name)' on document '\(document.id)'"))
    }
    let keepsBlocks =
      (bound.map { document.identity < $0 } ?? true)
      && document.counts.kept / options.blockLength <= blockQuota ?? .max
    let blocks =
      detector.unstreamable == nil && keepsBlocks
      ? scorer.blockScores(of: document, length: options.blockLength) : []
    for (number, block) in blocks.enumerated() {
      guard let index = block.firstIndex(where: { !Float($0).isFinite }) else { continue }
      let name = detector.structures[index].name
      throw DetectionError(
        .nonFinite(
          what: "score of structure '\(name)' on block \(number) of document '\(document.id)'"))
    }
    identities.insert(document.identity)
    samples.append(
      NullDocument(
        identity: document.identity, length: document.counts.kept, scores: scores,
        blocks: blocks))
    blockTotal += blocks.count
    if let blockQuota, blockTotal > 2 * blockQuota {
      bound = NullBlocks.trim(&samples, limit: blockQuota) ?? bound
      blockTotal = samples.reduce(0) { $0 + $1.blocks.count }
    }
  }

  /// The detector with what was learnt from the documents so far.
  ///
  /// - Throws: `tooFew` for fewer documents than one bucket needs; `nonFinite` for a block's score.
  package func finish() throws(DetectionError) -> FittedDetector {
    var calibrated = detector
    calibrated.calibration = try Calibration(
      samples, structureCount: detector.structures.count, record: SplitRecord(identities),
      options: options)
    return calibrated
  }

  /// What was scored so far, in the order of the documents' identities.
  package var nullDocuments: [NullDocument] {
    var documents = samples.sorted { $0.identity < $1.identity }
    if let blockQuota { _ = NullBlocks.trim(&documents, limit: blockQuota) }
    return documents
  }
}
