import Detector
import Formats
import SAE
import Steering

/// Looks for the marks of keys in the documents of shards.
public struct MarkDetectionRun: Sendable {
  /// The bank of all keys.
  public let bank: WatermarkBank
  /// The keys that are tried on each document.
  public let keys: [WatermarkKey]
  /// What each document is taken for.
  public let identifiers: MarkIdentifiers
  /// The share of unmarked documents that may be flagged.
  public let rate: Double
  /// How nulls are put into ranges of lengths.
  public let options: CalibrationOptions

  /// A run.
  ///
  /// - Throws: `invalidArgument` for no key, one key twice, two keys of one id, a key of another bank, a bank without null
  ///   scores, a rate outside (0, 1), and identifiers that the keys do not need.
  public init(
    bank: WatermarkBank, keys: [WatermarkKey], identifiers: MarkIdentifiers,
    rate: Double = Verdict.defaultRate, options: CalibrationOptions = CalibrationOptions()
  ) throws(SteeringError) {
    guard !keys.isEmpty else {
      throw SteeringError(.invalidArgument, "0 keys, expected one or more")
    }
    var names: [String: String] = [:]
    var fingerprints: [String: String] = [:]
    for key in keys {
      try bank.check(key)
      if let other = names.updateValue(key.id, forKey: key.fingerprint) {
        throw SteeringError(
          .invalidArgument, "keys '\(other)' and '\(key.id)' are the same, expected each key once")
      }
      // Results name keys by their ids alone.
      if let other = fingerprints.updateValue(key.fingerprint, forKey: key.id) {
        throw SteeringError(
          .invalidArgument,
          "keys \(other) and \(key.fingerprint) are both called '\(key.id)', expected ids that tell"
            + " keys apart")
      }
    }
    guard rate > 0, rate < 1 else {
      throw SteeringError(
        .invalidArgument, "rate is \(rate), expected more than 0 and less than 1")
    }
    try identifiers.check(keys)
    self.bank = bank
    self.keys = keys
    self.identifiers = identifiers
    self.rate = rate
    self.options = options
  }

  /// Reads the shards, and hands on what there is to say of each document.
  ///
  /// Memory: one document, and the calibration of every candidate.
  /// - Parameters:
  ///   - source: What the shards hold; a dictionary must be the bank's.
  ///   - progress: Called now and then with the rows that are done and all rows.
  ///   - each: Takes the findings, in the order of the documents.
  /// - Throws: what `DocumentReader` and ``MarkSearch`` throw; what `each` throws.
  public func run(
    shards: [String], source: DocumentSource, workers: Int = 1, allowsUnknownNorms: Bool = false,
    progress: (Int, Int) -> Void = { _, _ in },
    each: (MarkFinding) throws(SteeringError) -> Void
  ) throws(SteeringError) -> MarkRunSummary {
    if case .rows(let dictionary) = source { try bank.check(dictionary) }
    let search = try MarkSearch(bank, options: options)
    func open(_ shard: String) throws(SteeringError) -> DocumentReader {
      try DocumentReader(
        shard, source: source, masking: bank.detector.masking, workers: workers,
        allowsUnknownNorms: allowsUnknownNorms)
    }
    var total = 0
    for shard in shards { total += try open(shard).rowCount }
    var summary = MarkRunSummary()
    var done = 0
    for shard in shards {
      let reader = try open(shard)
      let lines = try DocumentMembers(besideShard: shard)
      while let document = try reader.next() {
        let members = try lines?.next()
        let place = members == nil ? "\(shard): document '\(document.id)'" : lines?.place ?? shard
        let finding = try finding(document, members, search, place: place, file: shard)
        summary.add(finding)
        try each(finding)
        progress(done + reader.rowsRead, total)
      }
      done += reader.rowCount
    }
    return summary
  }

  private func finding(
    _ document: DocumentCodes, _ members: [JSONValue.Member]?, _ search: MarkSearch, place: String,
    file: String
  ) throws(SteeringError) -> MarkFinding {
    try ReplayText.checkStatistics(members ?? [], place: place)
    var candidates: [MarkCandidate] = []
    for key in keys {
      for identifier in try identifiers.identifiers(for: key, of: members, place: place) {
        candidates.append(try MarkCandidate(key, identifier: identifier, bank: bank))
      }
    }
    let verdict = try search.verdict(of: document, candidates: candidates, rate: rate)
    var finding = MarkFinding(
      file: file, statistic: .features, verdict: verdict, members: members ?? [])
    if verdict.isFlagged, let best = verdict.bestCandidate {
      finding.span = try search.span(of: document, candidate: candidates[best])
      if let span = finding.span, let pieces = document.pieces {
        finding.spanText = pieces[span.range].joined()
      }
    }
    return finding
  }
}
