import Detector
import Formats

/// A document's verdict as one line of JSON.
///
/// Members stand in a fixed order, `document` first, and numbers are in the shortest form that reads back
/// to the same bits, so that equal verdicts are equal bytes.
package enum VerdictText {
  /// The line, with its newline.
  ///
  /// - Parameters:
  ///   - shard: The shard's name.
  ///   - localised: Whether token texts and contributions are written.
  package static func text(
    _ verdict: Verdict, of document: DocumentCodes, shard: String, localised: Bool
  ) -> String {
    var line = "{\"document\":" + quoted(verdict.document)
    line += ",\"shard\":" + quoted(shard)
    line += ",\"source\":" + (document.source.map(quoted) ?? "null")
    let tokens = verdict.tokens
    line += ",\"tokens\":{\"kept\":\(tokens.kept),\"special\":\(tokens.special)"
    line += ",\"sink\":\(tokens.sink),\"undefined\":\(tokens.undefined)}"
    line += ",\"limit\":" + (verdict.limit.map { quoted($0.rawValue) } ?? "null")
    line += ",\"combined_p\":" + number(verdict.combinedP)
    line += ",\"flagged\":["
    line += verdict.findings.filter(\.isFlagged).map { quoted($0.structure) }
      .joined(separator: ",")
    line += "],\"findings\":["
    line += verdict.findings.map(finding).joined(separator: ",") + "]"
    if !document.labels.isEmpty {
      let labels = document.labels.sorted {
        $0.key.utf8.lexicographicallyPrecedes($1.key.utf8)
      }
      line += ",\"labels\":{"
      line += labels.map { quoted($0.key) + ":\($0.value)" }.joined(separator: ",") + "}"
    }
    if localised { line += localisation(verdict, document) }
    return line + "}\n"
  }

  private static func finding(_ finding: Verdict.Finding) -> String {
    var text = "{\"structure\":" + quoted(finding.structure)
    text += ",\"score\":" + number(finding.score) + ",\"p\":" + number(finding.p)
    text += ",\"z\":" + number(finding.p.map { CalibratedZ.z(ofP: $0) })
    text += ",\"threshold\":" + number(finding.threshold)
    text += ",\"flagged\":\(finding.isFlagged),\"segments\":["
    text += finding.segments.map {
      "{\"segment\":\($0.segment),\"first_token\":\($0.firstToken),\"tokens\":\($0.tokenCount)"
        + ",\"score\":\(number($0.score))}"
    }.joined(separator: ",")
    return text + "]}"
  }

  private static func localisation(_ verdict: Verdict, _ document: DocumentCodes) -> String {
    var text = ""
    if let pieces = document.pieces {
      text += ",\"pieces\":[" + pieces.map(quoted).joined(separator: ",") + "]"
    }
    text += ",\"contributions\":{"
    text += verdict.findings.compactMap { finding in
      finding.contributions.map { values in
        quoted(finding.structure) + ":["
          + values.map(number).joined(separator: ",")
          + "]"
      }
    }.joined(separator: ",")
    return text + "}"
  }

  private static func number(_ value: Float) -> String {
    if value == 0 { return "0" }
    return value.isFinite ? value.description : "null"
  }

  private static func number(_ value: Double?) -> String {
    guard let value, value.isFinite else { return "null" }
    return value.description
  }

  private static func quoted(_ text: String) -> String { JSONValue.string(text).serialised() }
}
