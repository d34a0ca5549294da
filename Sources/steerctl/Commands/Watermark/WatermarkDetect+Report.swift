import Formats
import Foundation
import Steering
import Watermark

/// What is kept of a run for its report: the first texts, the first flagged ones, and for JSON all.
struct MarkResults {
  /// Texts that a table lists.
  static let listLimit = 40

  private(set) var first: [MarkFinding] = []
  private(set) var flagged: [MarkFinding] = []
  private var values: [JSONValue] = []
  private let keepsAll: Bool

  init(keepsAll: Bool) { self.keepsAll = keepsAll }

  mutating func add(_ finding: MarkFinding) {
    if keepsAll { values.append(finding.jsonValue) }
    // One more than is listed tells that there are more.
    if first.count <= Self.listLimit { first.append(finding) }
    if finding.verdict.isFlagged, flagged.count < Self.listLimit { flagged.append(finding) }
  }

  func json(_ summary: MarkRunSummary, rate: Double) -> JSONValue {
    let limits = summary.limits.sorted { $0.key.rawValue < $1.key.rawValue }
    return .object([
      .init("documents", .int(summary.textCount)), .init("flagged", .int(summary.flaggedCount)),
      .init("rate", .number(rate)), .init("keys", .array(summary.keys.map { .string($0) })),
      .init(
        "candidates",
        summary.candidateCounts.map { .array([.int($0.lowerBound), .int($0.upperBound)]) }
          ?? .null),
      .init("limits", .object(limits.map { .init($0.key.rawValue, .int($0.value)) })),
      .init("hopeless", .int(summary.hopelessCount)),
      .init("skipped", .int(summary.skippedCount)), .init("results", .array(values)),
    ])
  }
}

extension WatermarkDetect {
  func show(
    _ results: MarkResults, _ summary: MarkRunSummary, _ bank: WatermarkBank,
    _ keys: [WatermarkKey]
  ) {
    var report = Report(dataOnStandardOutput: OutputPath.isStandardOutput(output))
    report.title("watermark detect · \(bank.detector.name)\(replay ? " · replay" : "")")
    report.field(
      "documents",
      "\(Figures.count(summary.textCount)) in \(Figures.count(files.count, "file"));"
        + " \(Figures.count(summary.flaggedCount)) flagged")
    report.field("rate", "\(Figures.short(flagRate)) of unmarked documents may be flagged")
    report.line()
    let isWhole = results.first.count <= MarkResults.listLimit
    let listed = isWhole ? results.first : results.flagged
    if !listed.isEmpty { report.table(table(listed)) }
    if !isWhole, summary.flaggedCount > 0 {
      report.dim(
        "  \(Figures.count(listed.count)) of \(Figures.count(summary.flaggedCount)) flagged"
          + " documents are listed")
    }
    let spans = listed.filter { $0.spanText != nil }
    if !spans.isEmpty { report.line() }
    for finding in spans {
      report.dim("  \(MessageText.plain(finding.verdict.document)): “\(excerpt(finding))”")
    }
    report.line()
    if let trials = trials(summary) { report.line("  " + trials) }
    notes(summary, keys, into: &report)
    if let output {
      report.line("  wrote \(OutputPath.label(OutputPath.resolve(output)))")
    }
    report.show()
  }

  private func table(_ findings: [MarkFinding]) -> Table {
    var table = Table(
      ["document", "tokens", "best key", "score", "cal_z", "p", "flagged", "span"],
      left: [0, 2, 6, 7])
    for finding in findings {
      let verdict = finding.verdict
      table.add([
        MessageText.plain(verdict.document), Figures.count(verdict.tokens.kept),
        finding.best?.key ?? verdict.limit?.rawValue ?? "–", Figures.fixed(finding.best?.score, 2),
        Figures.fixed(verdict.calibratedZ, 2), Figures.short(verdict.correctedP),
        verdict.isFlagged ? "yes" : "",
        finding.span.map {
          "\(Figures.count($0.range.lowerBound))–\(Figures.count($0.range.upperBound - 1))"
        } ?? "",
      ])
    }
    return table
  }

  /// The start and the end of a span's text, on one line.
  private func excerpt(_ finding: MarkFinding) -> String {
    let text = (finding.spanText ?? "").split(whereSeparator: \.isWhitespace)
      .joined(separator: " ")
    guard text.count > 80 else { return MessageText.printable(text) }
    return MessageText.printable("\(text.prefix(50)) … \(text.suffix(25))")
  }

  /// How often was tried, and what that costs.
  private func trials(_ summary: MarkRunSummary) -> String? {
    guard let counts = summary.candidateCounts else { return nil }
    let keys = Figures.count(summary.keys.count, "key")
    guard counts.lowerBound == counts.upperBound else {
      return "best of \(Figures.count(counts.lowerBound)) to \(Figures.count(counts.upperBound))"
        + " candidates of \(keys); p is corrected for all (Bonferroni)"
    }
    let count = counts.upperBound
    let each =
      summary.identifiersPerKey.map { "\(keys) × \(Figures.count($0, "document id"))" }
      ?? "\(Figures.count(count, "candidate")) of \(keys)"
    return "best of \(each)"
      + (count > 1 ? "; p is multiplied by \(Figures.count(count)) (Bonferroni)" : "")
  }

  private func notes(
    _ summary: MarkRunSummary, _ keys: [WatermarkKey], into report: inout Report
  ) {
    for key in keys {
      if let retired = key.retired {
        report.dim("  key \(key.id) was retired on \(Clock.text(retired))")
      }
    }
    let limits = summary.limits.sorted { $0.key.rawValue < $1.key.rawValue }.map {
      "\(Figures.count($0.value)) \($0.key.rawValue)"
    }
    if !limits.isEmpty {
      report.warning("documents without p-values: \(limits.joined(separator: ", "))")
    }
    if summary.hopelessCount > 0 {
      report.warning(
        "\(Figures.count(summary.hopelessCount, "document")) could not be flagged at this rate"
          + " whatever they hold: too many candidates for \(Figures.count(summary.nullCount ?? 0))"
          + " null documents")
    }
    if summary.skippedCount > 0 {
      report.warning("\(Figures.count(summary.skippedCount, "text")) without 'replay' left out")
    }
    if summary.flaggedCount > 0 {
      report.dim("  a span says where the evidence is, without error rate at its ends")
    }
  }
}
