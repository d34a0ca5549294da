import Formats
import Foundation
import Reports
import TestSupport

/// A small run's folder, with lines as a test wants them.
struct PageRun {
  let folder: TemporaryFolder

  /// Documents of `structures`, as many as `lines`; the summary's counts are not what lines say.
  init(_ lines: [String], structures: [String] = ["past-tense"], documents: Int? = nil) throws {
    folder = try TemporaryFolder()
    let found = structures.map {
      """
      {"name":"\($0)","scored":3,"tested":3,"flagged":1,"share":0.25,"interval":[0.1,0.5],
       "flagged_bh":0,"expected":0.0228,"z_histogram":{"lower":-5,"width":0.25,"counts":[1,0,2]},
       "labelled":null}
      """
    }
    try folder.write(
      """
      {"format":"steering-report/1","detector":{"name":"bank</script>","kind":"bank",
       "dictionary":"d","structures":[]},"rate":0.0228,"combination":null,
       "documents":\(documents ?? lines.count),"limits":{},
       "tokens":{"kept":1,"special":0,"sink":0,"undefined":0},
       "structures":[\(found.joined(separator: ","))],"combined":null,"shards":[],"failed_shards":0}
      """, to: "summary.json")
    try folder.write(lines.joined(separator: "\n") + "\n", to: "verdicts.jsonl")
  }

  /// A document with three tokens and one finding.
  static func line(
    _ name: String, z: Double? = 0, pieces: [String]? = ["a", "b", "c"],
    contributions: String = "[0,0.123456,-2]", score: Double = 1.23456789, extra: String = ""
  ) -> String {
    let p = z == nil ? "null" : "0.5"
    let localised =
      pieces.map {
        ",\"pieces\":" + JSONValue.array($0.map { .string($0) }).serialised()
          + ",\"contributions\":{\"past-tense\":\(contributions)}"
      } ?? ""
    return """
      {"document":\(JSONValue.string(name).serialised()),"shard":"s","source":null,\
      "tokens":{"kept":2,"special":1,"sink":0,"undefined":0},"limit":null,"combined_p":null,\
      "flagged":[],"findings":[{"structure":"past-tense","score":\(score),"p":\(p),\
      "z":\(z.map { "\($0)" } ?? "null"),"threshold":2,"flagged":false,"segments":[]}]\
      \(localised)\(extra)}
      """
  }

  /// Changes a piece of the summary's text.
  func changeSummary(_ old: String, _ new: String) throws {
    let text = String(decoding: try folder.bytes("summary.json"), as: UTF8.self)
    guard text.contains(old) else { throw Missing(name: old) }
    try folder.write(text.replacingOccurrences(of: old, with: new), to: "summary.json")
  }

  func write(
    _ options: ReportPage.Options = .init(), to name: String = "page.html"
  ) throws -> (outcome: ReportPage.Outcome, text: String) {
    let page = try ReportPage(run: folder.path, options: options)
    let outcome = try page.write(to: folder.file(name))
    return (outcome, String(decoding: try folder.bytes(name), as: UTF8.self))
  }

  /// The data that a page holds under a name.
  static func block(_ name: String, of page: String) throws -> JSONValue {
    let parts = page.components(separatedBy: "id=\"\(name)\">")
    guard parts.count == 2 else { throw Missing(name: name) }
    return try JSONValue.parse(
      Array(parts[1].components(separatedBy: "</script>")[0].utf8),
      limits: JSONLimits(
        byteCount: 1 << 30, depth: 16, valueCount: 10_000_000, objectCount: 1_000_000))
  }

  struct Missing: Error { var name: String }
}
