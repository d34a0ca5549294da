import Detector
import Steering

/// Tries many candidates on documents: the bank scores a document once, and every statistic comes from those
/// scores.
///
/// What a choice of entries needs is made when it first comes, and kept: O(m² · N) for N null documents.
/// Thread rule: one thread at a time.
public final class MarkSearch {
  /// The bank.
  public let bank: WatermarkBank
  /// How calibrations are made.
  public let options: CalibrationOptions

  /// Choices that are kept; when there are more, all are forgotten.
  private static let choiceLimit = 4096

  private let nulls: NullScores
  private let scorer: Scorer
  private var choices: [MarkSelection: Choice] = [:]

  /// What is known of one choice.
  private struct Choice {
    let statistic: KeyedStatistic
    let calibration: Calibration
  }

  /// A search.
  ///
  /// - Throws: `invalidArgument` for a bank without null scores, or with too few.
  public init(
    _ bank: WatermarkBank, options: CalibrationOptions = CalibrationOptions()
  ) throws(SteeringError) {
    self.bank = bank
    self.options = options
    nulls = try bank.requireNulls()
    guard nulls.documentCount >= options.minimumPerBucket else {
      throw SteeringError(
        .invalidArgument,
        "\(nulls.documentCount) null documents in the bank, expected at least"
          + " \(options.minimumPerBucket)")
    }
    scorer = try bank.detector.scorer()
  }

  /// What can be said of a document after all `candidates`.
  ///
  /// p-values are those that ``WatermarkBank/detector(of:options:)`` gives for each candidate's choice.
  ///
  /// - Throws: `shapeMismatch` for a document of another dictionary; `invalidArgument` for a rate outside
  ///   (0, 1), no candidates, and what ``WatermarkBank/detector(of:options:)`` throws for one of them.
  public func verdict(
    of document: DocumentCodes, candidates: [MarkCandidate], rate: Double = Verdict.defaultRate
  ) throws(SteeringError) -> MarkVerdict {
    guard rate > 0, rate < 1 else {
      throw SteeringError(.invalidArgument, "'rate' is \(rate), expected above 0 and below 1")
    }
    guard !candidates.isEmpty else {
      throw SteeringError(.invalidArgument, "0 candidates, expected at least 1")
    }
    try check(document)
    guard let scores = scorer.score(document) else {
      return MarkVerdict(
        document: document.id, tokens: document.counts, candidates: [], rate: rate, limit: .empty)
    }
    var verdict = MarkVerdict(
      document: document.id, tokens: document.counts, candidates: [], rate: rate)
    for candidate in candidates {
      let choice = try choice(candidate.selection)
      let length = document.counts.kept
      let score = choice.statistic.value(of: scores)
      var p: Double?
      // Buckets depend on lengths alone: they are the same for every choice.
      if let place = choice.calibration.bucket(ofLength: length) {
        let null = choice.calibration.buckets[place].nulls[0]
        p = null.p(of: score)
        verdict.nullCount = null.count
      } else {
        let first = choice.calibration.buckets.first?.lengths.lowerBound ?? 0
        verdict.limit = length < first ? .tooShort : .tooLong
      }
      verdict.candidates.append(
        MarkVerdict.Candidate(
          key: candidate.key, identifier: candidate.identifier, score: score, p: p))
    }
    return verdict
  }

  /// Where in a document the evidence for a candidate is; nil where there is none, or no block.
  ///
  /// Increments are ln E(p), see ``MarkedSpan/logEValue(ofP:)``, of the blocks' p-values among all null
  /// blocks of the bank.
  ///
  /// - Returns: tokens of the document, all uses counted; see ``MarkedSpan`` for what that means.
  /// - Throws: as ``verdict(of:candidates:rate:)``.
  public func span(
    of document: DocumentCodes, candidate: MarkCandidate
  ) throws(SteeringError) -> MarkedSpan? {
    try check(document)
    let statistic = try choice(candidate.selection).statistic
    let values = try statistic.blockValues()
    guard !values.isEmpty else { return nil }
    let null = try SteeringError.rendering { () throws(DetectionError) in try NullSample(values) }
    let blocks = scorer.blockScores(of: document, length: nulls.blockLength)
    let span = MarkedSpan.largest(
      blocks.map { MarkedSpan.logEValue(ofP: null.p(of: statistic.value(of: $0))) })
    guard var span else { return nil }
    let kept = document.uses.indices.filter { document.uses[$0] == .kept }
    let first = kept[span.range.lowerBound * nulls.blockLength]
    let last = kept[span.range.upperBound * nulls.blockLength - 1]
    span.range = first..<last + 1
    return span
  }

  private func check(_ document: DocumentCodes) throws(SteeringError) {
    try SteeringError.rendering { () throws(DetectionError) in try scorer.check(document) }
  }

  private func choice(_ selection: MarkSelection) throws(SteeringError) -> Choice {
    if let known = choices[selection] { return known }
    let statistic = try KeyedStatistic(selection, nulls)
    let choice = Choice(
      statistic: statistic,
      calibration: try statistic.calibration(options, withBlocks: false))
    if choices.count >= Self.choiceLimit { choices.removeAll() }
    choices[selection] = choice
    return choice
  }
}
