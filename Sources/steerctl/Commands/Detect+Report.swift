import Formats
import Foundation
import Reports
import Steering

extension Detect {
  /// Documents that are listed one by one where no folder keeps them.
  private static let listLimit = 40

  func show(_ outcome: RunOutcome) throws(SteeringError) {
    var report = Report()
    if let summary = outcome.summary {
      let detector = summary["detector"]
      report.title(
        "detect · \(detector?["name"]?.asString ?? "") on"
          + " \(detector?["dictionary"]?.asString ?? "")")
      report.add(summary: summary)
      if output == nil, outcome.documentCount <= Self.listLimit {
        report.line()
        report.table(try documents(in: outcome.folder))
      }
    } else {
      report.title("detect · part \(part?.index ?? 1) of \(part?.count ?? 1)")
      report.field("documents", Figures.count(outcome.documentCount))
    }
    report.line()
    for skip in outcome.skipped {
      report.warning("shard \(skip.shard) is left out: \(skip.reason)")
    }
    if let output {
      report.line("  wrote \(output)")
      let files =
        outcome.summary == nil
        ? ["parts, to be merged with those of the other workers: steerctl detect --merge"]
        : ["verdicts.jsonl", "documents.csv", "summary.json"]
      for file in files { report.dim("    \(file)") }
    } else {
      report.dim("  nothing written: give --output FOLDER")
    }
    report.show()
  }

  private func documents(in folder: String) throws(SteeringError) -> Table {
    let bytes = try SteeringError.rendering { () throws(FormatError) in
      try ByteStream.readAll(
        path: folder + "/verdicts.jsonl", limit: 1 << 30, what: "bytes of verdicts")
    }
    var table = Table(
      ["document", "tokens", "strongest", "score", "p", "z", "flagged"], left: [0, 2, 6])
    for line in bytes.split(separator: UInt8(ascii: "\n")) {
      guard let record = DocumentRecord(line: line) else { continue }
      let strongest = record.findings.min {
        ($0.p ?? 2, -$0.score) < ($1.p ?? 2, -$1.score)
      }
      let flagged = record.findings.filter(\.isFlagged).map(\.structure)
      table.add([
        MessageText.plain(record.document), Figures.count(record.tokens.kept),
        strongest.map { MessageText.plain($0.structure) } ?? record.limit ?? "–",
        Figures.short(strongest?.score), Figures.short(strongest?.p),
        Figures.fixed(strongest?.z, 2),
        flagged.map { MessageText.plain($0) }.joined(separator: ", "),
      ])
    }
    return table
  }
}

extension Report {
  fileprivate mutating func add(summary: JSONValue) {
    func count(_ value: JSONValue?) -> String { Figures.count(value?.asInt ?? 0) }
    let tokens = summary["tokens"]
    let shards = summary["shards"]?.asArray ?? []
    field(
      "documents",
      "\(count(summary["documents"])) in \(Figures.count(shards.count, "shard"))"
        + ((summary["failed_shards"]?.asInt ?? 0) > 0
          ? ", \(count(summary["failed_shards"])) of them left out" : ""))
    field(
      "tokens",
      "\(count(tokens?["kept"])) kept; left out: \(count(tokens?["special"])) special,"
        + " \(count(tokens?["sink"])) sinks, \(count(tokens?["undefined"])) without codes")
    field(
      "rate",
      Figures.short(summary["rate"]?.asDouble)
        + " of ordinary documents may be flagged, for each structure, and for all together")
    line()
    var table = Table(
      ["structure", "scored", "flagged", "share", "95 % interval", "BH 5 %", "AUROC"])
    for structure in summary["structures"]?.asArray ?? [] {
      table.add(cells(structure["name"]?.asString ?? "", structure, structure["scored"]))
    }
    if let combined = summary["combined"], !combined.isNull {
      table.add(cells("(combined)", combined, combined["tested"]))
    }
    self.table(table)
    let limits = (summary["limits"]?.asObject ?? []).map {
      "\(Figures.count($0.value.asInt ?? 0)) \($0.key)"
    }
    if !limits.isEmpty {
      line()
      warning("documents without p-values: \(limits.joined(separator: ", "))")
    }
  }

  private func cells(_ name: String, _ part: JSONValue, _ scored: JSONValue?) -> [String] {
    let ends = part["interval"]?.asArray?.compactMap(\.asDouble) ?? []
    return [
      MessageText.plain(name), Figures.count(scored?.asInt ?? 0),
      Figures.count(part["flagged"]?.asInt ?? 0),
      part["share"]?.asDouble.map { Figures.percent($0) } ?? "–",
      ends.count == 2 ? "\(Figures.percent(ends[0])) to \(Figures.percent(ends[1]))" : "–",
      Figures.count(part["flagged_bh"]?.asInt ?? 0),
      Figures.fixed(part["labelled"]?["auroc"]?.asDouble, 3),
    ]
  }
}

extension RunOutcome {
  /// The summary; for one part of several, how much of it there is.
  func json(_ part: Detect.Part?) -> JSONValue {
    if let summary { return summary }
    return .object([
      .init("part", .array([.int(part?.index ?? 1), .int(part?.count ?? 1)])),
      .init("documents", .int(documentCount)),
      .init(
        "skipped",
        .array(
          skipped.map {
            .object([.init("shard", .string($0.shard)), .init("reason", .string($0.reason))])
          })),
    ])
  }
}
