import Steering

/// Names that many documents share, each kept once, up to a limit; later ones stand in their rows.
struct PageNames {
  /// Names kept of one kind: what has a name of its own in every document is no name that is shared.
  static let limit = 1 << 16

  private var shards = Index()
  private var sources = Index()
  private var limits = Index()
  private var labels = Index()

  private struct Index {
    var names: [String] = []
    var places: [String: Int] = [:]

    /// The name's place, or the name itself where the limit is reached; -1 for none. As JSON.
    mutating func place(_ name: String?) -> String {
      guard let name else { return "-1" }
      if let place = places[name] { return "\(place)" }
      guard names.count < PageNames.limit else { return PageFigures.text(name) }
      places[name] = names.count
      names.append(name)
      return "\(names.count - 1)"
    }

    var json: String { "[" + names.map(PageFigures.text).joined(separator: ",") + "]" }
  }

  mutating func shard(_ name: String) -> String { shards.place(name) }
  mutating func source(_ name: String?) -> String { sources.place(name) }
  mutating func limit(_ name: String?) -> String { limits.place(name) }
  mutating func label(_ name: String) -> String { labels.place(name) }

  /// All of them, by kind, and the z from which on a document is flagged.
  func json(criticalZ: Double) -> String {
    "{\"shards\":\(shards.json),\"sources\":\(sources.json),\"limits\":\(limits.json),"
      + "\"labels\":\(labels.json),\"critical_z\":\(criticalZ)}"
  }
}

/// A document as the page's data has it.
enum PageRow {
  /// One row of the table:
  /// `[name, shard, source, kept, special, sink, undefined, limit, combined p, flagged, z, p, score, labels]`.
  ///
  /// Names are indices, -1 for none, or the name itself past ``PageNames/limit``; z, p and score have one
  /// element per structure; `flagged` lists structures; `labels` are `[label, 0 or 1]`, or 0 for none.
  static func row(
    _ line: VerdictLine, structureCount: Int, names: inout PageNames
  ) -> String {
    let none = [Double?](repeating: nil, count: structureCount)
    var z = none
    var p = none
    var score = none
    for finding in line.findings {
      z[finding.structure] = finding.z
      p[finding.structure] = finding.p
      score[finding.structure] = finding.score
    }
    let flagged = line.findings.filter(\.isFlagged).map(\.structure).sorted()
    let labels = line.labels.map { "[\(names.label($0.name)),\($0.value ? 1 : 0)]" }
    var fields = [PageFigures.text(line.document), names.shard(line.shard)]
    fields.append(names.source(line.source))
    fields += line.tokens.map { "\($0)" }
    fields.append(names.limit(line.limit))
    fields.append(PageFigures.number(line.combinedP))
    fields.append("\(flagged)".replacing(" ", with: ""))
    for values in [z, p, score] { fields.append(list(values, digits: 4)) }
    fields.append(labels.isEmpty ? "0" : "[" + labels.joined(separator: ",") + "]")
    return "[" + fields.joined(separator: ",") + "]"
  }

  /// A document's tokens: its row, why it is here, tokens in all, their text, and for each structure
  /// threshold, contributions as `[places, values]` without zeros (0 where there are none), and those
  /// segments that begin among the shown tokens as `[id, first token, tokens, score]`.
  static func sample(
    _ line: VerdictLine, _ choice: PageSample.Choice, structures: [String], tokenLimit: Int
  ) throws(SteeringError) -> String {
    let pieces = line.pieces ?? []
    let shown = min(pieces.count, tokenLimit)
    var parts: [String] = []
    for (index, name) in structures.enumerated() {
      let finding = line.findings.first { $0.structure == index }
      var text = "0"
      if let values = try line.contributions(of: name) {
        let active = (0..<shown).filter { values[$0] != 0 }
        text =
          "[" + "\(active)".replacing(" ", with: "") + ","
          + list(active.map { values[$0] }, digits: 3) + "]"
      }
      let segments = (finding?.segments ?? []).filter { $0.first < shown }.map {
        "[\($0.id),\($0.first),\($0.count),\(PageFigures.number($0.score))]"
      }
      parts.append(
        "[\(PageFigures.number(finding?.threshold)),\(text),["
          + segments.joined(separator: ",") + "]]")
    }
    return "{\"row\":\(choice.index),\"why\":\(choice.reason.rawValue),\"tokens\":\(pieces.count),"
      + "\"pieces\":[" + pieces.prefix(shown).map(PageFigures.text).joined(separator: ",")
      + "],\"parts\":[" + parts.joined(separator: ",") + "]}"
  }

  private static func list(_ values: [Double?], digits: Int) -> String {
    "[" + values.map { PageFigures.number($0, digits: digits) }.joined(separator: ",") + "]"
  }
}
