import Formats
import Foundation
import TestSupport
import Testing

/// `steerctl report` on the published example of a run, and the schemas of what it reads.
@Suite struct ReportTests {
  static let schemas = Tool.checkout + "/docs/schemas"
  static let run = schemas + "/examples/report"

  private func complaints(_ schema: String, _ value: JSONValue) throws -> [String] {
    SchemaCheck(root: try JSONValue.read(path: Self.schemas + "/\(schema).schema.json"))
      .complaints(about: value)
  }

  private func lines() throws -> [JSONValue] {
    try String(contentsOfFile: Self.run + "/verdicts.jsonl", encoding: .utf8)
      .split(separator: "\n").map { try JSONValue.parse(text: String($0)) }
  }

  @Test func theExampleFollowsTheSchemas() throws {
    let summary = try JSONValue.read(path: Self.run + "/summary.json")
    #expect(try complaints("report", summary) == [])
    let lines = try lines()
    #expect(lines.count == summary["documents"]?.asInt)
    for line in lines { #expect(try complaints("verdicts", line) == []) }
  }

  @Test func theSchemasRefuseWhatIsWrong() throws {
    #expect(try complaints("report", .object([])).contains("$: no format"))
    #expect(
      try complaints("report", .object([.init("format", "steering-report/2")]))
        .contains("$.format: not const"))
    #expect(try complaints("verdicts", .object([])).contains("$: no findings"))
    #expect(
      try complaints("verdicts", .object([.init("limit", "tall")])).contains("$.limit: not in enum")
    )
  }

  @Test func thePageIsWritten() throws {
    let folder = try TemporaryFolder()
    let result = try Tool.run(["report", Self.run, "-o", "page.html"], in: folder.path)
    #expect(result.status == 0, "\(result.error)")
    let size = try folder.bytes("page.html").count
    #expect(
      result.output
        == "page.html: 8 documents, 8 with tokens, \(String(format: "%.1f", Double(size) / 1000)) KB\n"
    )
    let piped = try Tool.run(["report", Self.run, "-o", "-"], in: folder.path)
    #expect([UInt8](piped.data) == (try folder.bytes("page.html")))
    #expect(piped.error.hasPrefix("standard output: 8 documents"))
  }

  @Test func whatIsWrongIsSaid() throws {
    let folder = try TemporaryFolder()
    let missing = try Tool.run(["report", "nothing"], in: folder.path)
    #expect(missing.status == 4)
    #expect(missing.error.contains("nothing/summary.json"))
    let usage = try Tool.run(["report", Self.run, "--documents", "-1"], in: folder.path)
    #expect(usage.status == 2)
    try folder.write("{}", to: "summary.json")
    let empty = try Tool.run(["report", "."], in: folder.path)
    #expect(empty.status == 3)
    #expect(empty.error.contains("./summary.json: key 'format' is missing"))
    let same = try Tool.run(
      ["report", Self.run, "-o", Self.run + "/summary.json"], in: folder.path)
    #expect(same.status == 3)
    #expect(same.error.contains("is a file being read"))
  }
}
