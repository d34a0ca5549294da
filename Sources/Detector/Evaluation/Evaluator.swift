/// Judges a detector on documents of neither its selection nor its calibration.
///
/// Documents come one at a time; scores are kept, codes are not. The order in which they come changes
/// nothing. One thread at a time.
public final class Evaluator {
  /// False-alarm rates at which flags are counted.
  public static let rates = [Verdict.defaultRate, 0.01, 0.001]
  /// False-positive rates at which labelled documents are told apart.
  public static let falsePositiveRates = [0.1, Verdict.defaultRate, 0.01, 0.001]

  private let detector: FittedDetector
  private let scorer: Scorer
  private let baseline: Scorer?
  /// Where the baseline has each structure of the detector.
  private let places: [Int?]
  /// Where each document is in `documents`; −1 for one without a kept token.
  private var identities: [DocumentIdentity: Int] = [:]
  private var documents: [Scored] = []
  private var emptyCount = 0

  /// What is kept of a document.
  struct Scored {
    var labels: [String: Bool]
    var bucket: Int?
    /// `[structures]`.
    var scores: [Double]
    /// `[structures]`; empty without a calibration for the length.
    var p: [Double]
    var combinedP: Double?
    /// `[structures of the baseline]`.
    var baseline: [Double]
  }

  /// - Parameter baseline: A detector to compare with, structure by structure of the same name: the dense
  ///   probe, usually. Documents of its splits are refused too.
  /// - Throws: what ``Scorer`` throws for either; `count` where they read dictionaries of different sizes;
  ///   `unsupported` for a baseline that shares no structure.
  package init(
    _ detector: FittedDetector, baseline: FittedDetector? = nil
  ) throws(DetectionError) {
    self.detector = detector
    scorer = try Scorer(detector)
    guard let baseline else {
      self.baseline = nil
      places = detector.structures.map { _ in nil }
      return
    }
    let found = detector.dictionary.featureCount
    guard baseline.dictionary.featureCount == found else {
      throw DetectionError(
        .count(
          of: "features of the baseline", found: baseline.dictionary.featureCount, expected: found))
    }
    self.baseline = try Scorer(baseline)
    places = detector.structures.map { structure in
      baseline.structures.firstIndex { $0.name == structure.name }
    }
    guard places.contains(where: { $0 != nil }) else {
      throw DetectionError(
        .unsupported(
          what: "a baseline without the detector's structures",
          expected: "structures of the same name"))
    }
  }

  /// Documents so far.
  public var documentCount: Int { identities.count }

  /// Whether documents need their mean row: ``DocumentCodes/denseMean``.
  public var needsDenseMean: Bool {
    detector.needsDenseMean || baseline?.detector.needsDenseMean == true
  }

  /// Takes a document.
  ///
  /// One that came before with labels for other structures counts once, with the labels of both.
  ///
  /// - Throws: `splitOverlap` for a document of the selection or the calibration, the baseline's too;
  ///   `duplicate` for one that came before; what `Scorer.check` throws.
  package func add(_ document: DocumentCodes) throws(DetectionError) {
    for fitted in [detector, baseline?.detector].compactMap({ $0 }) {
      try Self.refuse(document, in: fitted.selection, Selection.name)
      if let calibration = fitted.calibration {
        try Self.refuse(document, in: calibration.record, Calibrating.name)
      }
    }
    if let place = identities[document.identity] {
      guard place >= 0, !document.labels.isEmpty, !documents[place].labels.isEmpty,
        document.labels.keys.allSatisfy({ documents[place].labels[$0] == nil })
      else { throw DetectionError(.duplicate(document: document.id, split: Evaluating.name)) }
      documents[place].labels.merge(document.labels) { first, _ in first }
      return
    }
    try scorer.check(document)
    try baseline?.check(document)
    let verdict = scorer.verdict(of: document, localises: false)
    guard verdict.limit != .empty else {
      identities[document.identity] = -1
      emptyCount += 1
      return
    }
    for finding in verdict.findings where !finding.score.isFinite {
      throw DetectionError(
        .nonFinite(what: "score of structure '\(finding.structure)' on document '\(document.id)'"))
    }
    identities[document.identity] = documents.count
    documents.append(
      Scored(
        labels: document.labels,
        bucket: detector.calibration?.bucket(ofLength: document.counts.kept),
        scores: verdict.findings.map(\.score), p: verdict.findings.compactMap(\.p),
        combinedP: verdict.combinedP, baseline: baseline?.score(document) ?? []))
  }

  private static func refuse(
    _ document: DocumentCodes, in record: SplitRecord, _ name: String
  ) throws(DetectionError) {
    guard record.contains(document.identity) else { return }
    throw DetectionError(
      .splitOverlap(document: document.id, first: name, second: Evaluating.name))
  }

  /// What the documents so far say.
  ///
  /// - Throws: `tooFew` without a document that has a score; `nonFinite` for a baseline's score.
  package func finish() throws(DetectionError) -> Evaluation {
    guard !documents.isEmpty else {
      throw DetectionError(.tooFew(what: "documents with kept tokens", found: 0, needed: 1))
    }
    var results: [Evaluation.Result] = []
    for (index, structure) in detector.structures.enumerated() {
      results.append(try result(index, structure.name))
    }
    let nulls = documents.filter(\.labels.isEmpty)
    let hasCombined = nulls.contains { $0.combinedP != nil }
    return Evaluation(
      results: results, combined: hasCombined ? flagRates(of: nulls, p: \.combinedP) : [],
      buckets: detector.calibration?.buckets.map(\.lengths) ?? [],
      documentCount: documentCount, emptyCount: emptyCount,
      uncalibratedCount: detector.calibration == nil
        ? 0 : documents.count(where: { $0.bucket == nil }))
  }

  private func result(_ index: Int, _ name: String) throws(DetectionError) -> Evaluation.Result {
    let with = documents.filter { $0.labels[name] == true }
    let without = documents.filter { $0.labels[name] == false }
    let nulls = documents.filter(\.labels.isEmpty)
    var flags: [Evaluation.Group: [Evaluation.FlagRate]] = [:]
    if detector.calibration != nil {
      for (group, members) in [
        (Evaluation.Group.with, with), (.without, without), (.unlabelled, nulls),
      ]
      where !members.isEmpty {
        flags[group] = flagRates(of: members) { $0.p.isEmpty ? nil : $0.p[index] }
      }
    }
    guard !with.isEmpty, !without.isEmpty else {
      return Evaluation.Result(structure: name, discrimination: nil, baseline: nil, flags: flags)
    }
    let roc = try ROC(
      positives: with.map { $0.scores[index] }, negatives: without.map { $0.scores[index] })
    var comparison: Evaluation.Comparison?
    if let place = places[index], with.count > 1, without.count > 1 {
      let other = try ROC(
        positives: with.map { $0.baseline[place] }, negatives: without.map { $0.baseline[place] })
      let test = try ROC.compare(roc, other)
      comparison = Evaluation.Comparison(
        area: other.area, areaInterval: other.areaInterval(), difference: test.difference, p: test.p
      )
    }
    return Evaluation.Result(
      structure: name, discrimination: Evaluation.Discrimination(roc), baseline: comparison,
      flags: flags)
  }

  /// Realised rates over those of `members` that have a p-value.
  private func flagRates(
    of members: [Scored], p: (Scored) -> Double?
  ) -> [Evaluation.FlagRate] {
    let count = detector.calibration?.buckets.count ?? 0
    return Self.rates.map { rate in
      var flagged = [Int](repeating: 0, count: count)
      var trials = flagged
      for member in members {
        guard let bucket = member.bucket, let p = p(member) else { continue }
        trials[bucket] += 1
        if p <= rate { flagged[bucket] += 1 }
      }
      return Evaluation.FlagRate(
        nominal: rate, flagged: Evaluation.Share(flagged.reduce(0, +), of: trials.reduce(0, +)),
        buckets: zip(flagged, trials).map { Evaluation.Share($0, of: $1) },
        nullCounts: detector.calibration?.buckets.map { $0.nulls[0].count } ?? [],
        structureCount: detector.structures.count)
    }
  }
}

extension Evaluation.Discrimination {
  /// What a curve says.
  init(_ roc: ROC) {
    let youden = roc.youden
    self.init(
      positives: roc.positiveCount, negatives: roc.negativeCount, area: roc.area,
      areaInterval: roc.areaInterval(),
      points: Evaluator.falsePositiveRates.map { rate in
        let point = roc.truePositiveRate(atFalsePositiveRate: rate)
        return Evaluation.OperatingPoint(
          falsePositiveRate: rate,
          found: Evaluation.Share(point.successes, of: point.trials), threshold: point.threshold)
      },
      youden: Evaluation.YoudenPoint(
        threshold: youden.threshold, j: youden.j, truePositiveRate: youden.tpr,
        falsePositiveRate: youden.fpr))
  }
}
