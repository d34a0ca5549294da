import Detector
import Formats
import Steering

/// What a run says of one text: verdict, place of the evidence, and what else is known of the text.
public struct MarkFinding: Sendable {
  /// The evidence that a verdict rests on.
  public enum Statistic: String, Sendable {
    /// Features of the text, read by an unsteered model.
    case features
    /// Log likelihoods with and without the plan, which the host computed.
    case replay
  }

  /// The file that the text is from.
  public var file: String
  /// What was measured.
  public var statistic: Statistic
  /// The verdict after all candidates.
  public var verdict: MarkVerdict
  /// Where the evidence of the best candidate is, in tokens; for flagged texts only, and not for all.
  public var span: MarkedSpan?
  /// The text of the span, where the tokens' pieces are known.
  public var spanText: String?
  /// What the text's own line says, which goes on into results.
  package var members: [JSONValue.Member]

  /// The best candidate.
  public var best: MarkVerdict.Candidate? {
    verdict.bestCandidate.map { verdict.candidates[$0] }
  }

  /// One line of results: the text's own members, then `id`, `file`, `tokens`, `z` and `verdict`.
  ///
  /// `z` has the score of the best candidate under the statistic's name, beside those that it had, so that
  /// `steerctl watermark evaluate` reads such lines; other names of the statistic give way to it.
  package var jsonValue: JSONValue {
    var own: Set<String> = ["id", "file", "tokens", "z", "verdict", "z_\(statistic.rawValue)"]
    // Of the same reading, and of one candidate at most.
    if statistic == .replay { own.insert("log_ratio") }
    var line: [JSONValue.Member] = [
      .init("id", .string(verdict.document)), .init("file", .string(file)),
    ]
    line += members.filter { !own.contains($0.key) }
    line.append(.init("tokens", .integer(Int64(verdict.tokens.kept))))
    // Without a p there may still be a score, of the only candidate.
    let scored = best ?? (verdict.candidates.count == 1 ? verdict.candidates.first : nil)
    var z = members.first { $0.key == "z" }?.value.asObject ?? []
    z.removeAll { $0.key == statistic.rawValue }
    if let scored, scored.score.isFinite {
      z.append(.init(statistic.rawValue, .number(scored.score)))
    }
    line.append(.init("z", .object(z)))
    line.append(.init("verdict", verdictValue(scored)))
    return .object(line)
  }

  private func verdictValue(_ scored: MarkVerdict.Candidate?) -> JSONValue {
    func real(_ value: Double?) -> JSONValue {
      guard let value, value.isFinite else { return .null }
      return .number(value)
    }
    var value: [JSONValue.Member] = [
      .init("statistic", .string(statistic.rawValue)),
      .init("key", scored.map { .string($0.key) } ?? .null),
      .init("identifier", scored.map { $0.identifier.jsonValue(statistic) } ?? .null),
      .init("score", real(scored?.score)), .init("p", real(scored?.p)),
      .init("candidates", .integer(Int64(verdict.candidates.count))),
      .init("corrected_p", real(verdict.correctedP)), .init("cal_z", real(verdict.calibratedZ)),
      .init("rate", .number(verdict.rate)), .init("flagged", .bool(verdict.isFlagged)),
      .init("limit", verdict.limit.map { .string($0.rawValue) } ?? .null),
    ]
    if let span {
      var place: [JSONValue.Member] = [
        .init(
          "tokens",
          .array([.integer(Int64(span.range.lowerBound)), .integer(Int64(span.range.upperBound))])),
        .init("evidence", real(span.evidence)),
      ]
      if let spanText { place.append(.init("text", .string(spanText))) }
      value.append(.init("span", .object(place)))
    } else {
      value.append(.init("span", .null))
    }
    return .object(value)
  }
}

/// What a run met, over all texts.
public struct MarkRunSummary: Sendable, Equatable {
  /// Texts that were read.
  public var textCount = 0
  /// Texts that are flagged.
  public var flaggedCount = 0
  /// Texts without a p-value, by reason.
  public var limits: [Verdict.Limit: Int] = [:]
  /// Texts that could not be flagged whatever they hold: too many candidates for the null texts.
  public var hopelessCount = 0
  /// Texts that were left out, for they have nothing to judge.
  public var skippedCount = 0
  /// Fewest and most candidates that were tried on a text; nil without a text.
  public var candidateCounts: ClosedRange<Int>?
  /// Names of all keys that were tried, in order of first use.
  public var keys: [String] = []
  /// Most null texts that a p-value rests on; nil without a p-value.
  public var nullCount: Int?

  /// Fewest keys that were tried on a text, and whether each text had as many identifiers of each.
  private var fewestKeys: Int?
  private var isEven = true

  /// Identifiers that every key was tried with on every text; nil where they were not as many everywhere.
  public var identifiersPerKey: Int? {
    guard isEven, let counts = candidateCounts, counts.lowerBound == counts.upperBound,
      fewestKeys == keys.count
    else { return nil }
    return counts.upperBound / keys.count
  }

  /// Counts nothing yet.
  public init() {}

  mutating func add(_ finding: MarkFinding) {
    let verdict = finding.verdict
    textCount += 1
    if verdict.isFlagged { flaggedCount += 1 }
    if let limit = verdict.limit { limits[limit, default: 0] += 1 }
    if verdict.canFlag == false { hopelessCount += 1 }
    let count = verdict.candidates.count
    if count > 0 {
      let known = candidateCounts ?? count...count
      candidateCounts = min(known.lowerBound, count)...max(known.upperBound, count)
    }
    var tried: [String: Int] = [:]
    for candidate in verdict.candidates {
      if !keys.contains(candidate.key) { keys.append(candidate.key) }
      tried[candidate.key, default: 0] += 1
    }
    if count > 0 {
      fewestKeys = min(fewestKeys ?? tried.count, tried.count)
      if Set(tried.values).count > 1 { isEven = false }
    }
    if let found = verdict.nullCount { nullCount = max(nullCount ?? 0, found) }
  }
}
