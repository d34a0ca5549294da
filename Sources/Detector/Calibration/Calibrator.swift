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

  /// - Throws: What ``Scorer`` throws for the detector; `field` for options out of range.
  package init(
    _ detector: FittedDetector, options: CalibrationOptions = CalibrationOptions()
  ) throws(DetectionError) {
    try options.check()
    var bare = detector
    bare.calibration = nil
    self.detector = bare
    self.options = options
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
    let blocks =
      detector.unstreamable == nil
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
  }

  /// The detector with what was learnt from the documents so far.
  ///
  /// - Throws: `tooFew` for fewer documents than one bucket needs; `nonFinite` for a block's score.
  package func finish() throws(DetectionError) -> FittedDetector {
    guard samples.count >= options.minimumPerBucket else {
      throw DetectionError(
        .tooFew(
          what: "null documents with kept tokens", found: samples.count,
          needed: options.minimumPerBucket))
    }
    let samples = samples.sorted { $0.identity < $1.identity }
    var calibration = Calibration(
      combination: options.combination, buckets: [], correlation: correlation(of: []),
      record: SplitRecord(identities),
      sequential: nil)
    let ranges = LengthBuckets.ranges(
      ofSorted: samples.map(\.length).sorted(), minimum: options.minimumPerBucket,
      maximum: options.maximumBuckets)
    let members = ranges.map { range in samples.filter { range.contains($0.length) } }
    calibration.correlation = correlation(of: members)
    for (range, members) in zip(ranges, members) {
      let nulls = try detector.structures.indices.map { index throws(DetectionError) in
        try NullSample(members.map { $0.scores[index] })
      }
      calibration.buckets.append(
        Calibration.Bucket(
          lengths: range, nulls: nulls,
          combined: try combined(members, nulls: nulls, calibration)))
    }
    calibration.sequential = try SequentialCalibration(
      samples, structures: detector.structures.count, options: options)
    var calibrated = detector
    calibrated.calibration = calibration
    return calibrated
  }

  /// Null values of the combined statistic; nil for one structure.
  ///
  /// Each document is ranked in the sample that holds it: p = #{null ≥ score}/(N + 1), itself counted,
  /// which is the rule that a new document meets, whose own score counts as one of N + 1. A null document
  /// that scores no higher than the new one would have a rank more with it: left as it is, its p is at most
  /// that much too small, so the new document's combined p is never too small.
  private func combined(
    _ members: [NullDocument], nulls: [NullSample], _ calibration: Calibration
  ) throws(DetectionError) -> NullSample? {
    guard nulls.count > 1 else { return nil }
    let size = Double(members.count + 1)
    return try NullSample(
      members.map { member in
        let p = nulls.indices.map { index in
          // Over N + 1 as a new document's, so that equal ranks are equal numbers.
          let rank = (nulls[index].p(of: member.scores[index]) * size).rounded() - 1
          return rank / size
        }
        return calibration.combinedStatistic(ofP: p, nullCount: members.count)
      })
  }

  /// Pearson correlation of the normal scores Φ⁻¹(rank/(N + 1)) of mid-ranks within each bucket,
  /// `[structures, structures]`: what length does to scores is no correlation between structures.
  ///
  /// Structures whose null scores are all equal are uncorrelated with every other.
  private func correlation(of buckets: [[NullDocument]]) -> [Double] {
    let count = detector.structures.count
    let columns = (0..<count).map { index in
      buckets.flatMap { members in NormalScores.of(members.map { $0.scores[index] }) }
    }
    var result = [Double](repeating: 0, count: count * count)
    for row in 0..<count {
      result[row * count + row] = 1
      for column in 0..<row {
        let value = NormalScores.correlation(columns[row], columns[column])
        result[row * count + column] = value
        result[column * count + row] = value
      }
    }
    return result
  }
}

/// What a calibration keeps of a null document.
struct NullDocument {
  var identity: DocumentIdentity
  /// Kept tokens.
  var length: Int
  /// `[structures]`.
  var scores: [Double]
  /// `[blocks][structures]`.
  var blocks: [[Double]]
}
