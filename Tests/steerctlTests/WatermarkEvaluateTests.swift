import Formats
import Foundation
import TestSupport
import Testing

@Suite struct WatermarkEvaluateTests {
  private static let scored = Tool.checkout + "/vectors/watermark/evaluation/scored.jsonl"
  private static let options = [
    "--rate", "0.1", "--rate", "0.02275", "--rate", "0.01", "--minimum", "50", "--target", "0.9",
  ]

  private func run(_ arguments: [String], in folder: TemporaryFolder) throws -> Tool.Result {
    try Tool.run(["watermark", "evaluate"] + arguments, in: folder.path)
  }

  @Test func showsAndPrints() throws {
    let folder = try TemporaryFolder()
    let schema = SchemaCheck(
      root: try JSONValue.read(
        path: Tool.checkout + "/docs/schemas/watermark-evaluation.schema.json"))
    for json in [false, true] {
      let result = try run(
        [Self.scored] + Self.options + (json ? ["--json"] : []), in: folder)
      #expect(result.status == 0, "\(result.error)")
      #expect(result.error.isEmpty)
      #expect(!result.output.contains("\u{1B}"))
      try Snapshot.expect(result.output, "watermark-evaluate" + (json ? ".json" : ".txt"))
      if json {
        #expect(schema.complaints(about: try JSONValue.parse(text: result.output)) == [])
      }
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
  }

  @Test func writesTheFolder() throws {
    let folder = try TemporaryFolder()
    let result = try run([Self.scored, "-o", "out"] + Self.options, in: folder)
    #expect(result.status == 0, "\(result.error)")
    #expect(result.output.contains("wrote out"))
    let table = try String(contentsOfFile: folder.file("out/table.md"), encoding: .utf8)
    try Snapshot.expect(table, "watermark-evaluate.md")
    let svg = try String(contentsOfFile: folder.file("out/frontier.svg"), encoding: .utf8)
    try Snapshot.expect(svg, "watermark-evaluate.svg")
    let json = try run([Self.scored, "--json"] + Self.options, in: folder)
    #expect(
      try String(contentsOfFile: folder.file("out/evaluation.json"), encoding: .utf8)
        == json.output)
  }

  /// Files are read as one.
  @Test func severalFiles() throws {
    let folder = try TemporaryFolder()
    let lines = try String(contentsOfFile: Self.scored, encoding: .utf8)
      .split(separator: "\n").map { $0 + "\n" }
    try folder.write(lines[..<100].joined(), to: "a.jsonl")
    try folder.write(lines[100...].joined(), to: "b.jsonl")
    let parts = try run(["b.jsonl", "a.jsonl", "--json"] + Self.options, in: folder)
    #expect(parts.status == 0, "\(parts.error)")
    #expect(parts.output == (try run([Self.scored, "--json"] + Self.options, in: folder)).output)
  }

  @Test func readsStandardInput() throws {
    let folder = try TemporaryFolder()
    let lines = try String(contentsOfFile: Self.scored, encoding: .utf8)
    let piped = try Tool.run(
      ["watermark", "evaluate", "-", "--json"] + Self.options, in: folder.path, input: lines)
    #expect(piped.status == 0, "\(piped.error)")
    #expect(piped.output == (try run([Self.scored, "--json"] + Self.options, in: folder)).output)
    let bad = try Tool.run(
      ["watermark", "evaluate", "-"], in: folder.path, input: "\n{\"id\": 3}\n")
    #expect(bad.status == 3)
    #expect(bad.error.contains("standard input:2: "), "\(bad.error)")
  }

  /// The largest numbers that are read go through every table and the picture; larger ones are refused, and
  /// neither leaves a part of a folder.
  @Test func extremesEndWell() throws {
    let folder = try TemporaryFolder()
    func lines(_ perToken: Double) -> String {
      var lines = (0..<60).map {
        #"{"id": "n\#($0)", "method": "human", "role": "unmarked", "split": "null", "tokens": 9,"#
          + #" "z": {"s": \#($0)}}"#
      }
      for id in 0..<8 {
        lines.append(
          #"{"id": "\#(id)", "method": "none", "role": "unmarked", "tokens": 9, "log_likelihood": 0}"#
        )
        for strength in [-1e6, 1e6] {
          lines.append(
            #"{"id": "\#(id)", "method": "m", "role": "marked", "strength": \#(strength), "tokens": 9,"#
              + #" "z": {"s": 3e38}, "seconds": 1e6, "log_likelihood": \#(perToken * 9)}"#)
        }
      }
      return lines.joined(separator: "\n")
    }
    try folder.write(lines(-300), to: "most.jsonl")
    let most = try run(["most.jsonl", "-o", "out", "--minimum", "50"], in: folder)
    #expect(most.status == 0, "\(most.error)")
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder.file("out")).sorted()
        == ["evaluation.json", "frontier.svg", "table.md"])
    try FileManager.default.removeItem(atPath: folder.file("out"))
    for perToken in [-301, -1e18, -1e300] {
      try folder.write(lines(perToken), to: "most.jsonl")
      let more = try run(["most.jsonl", "-o", "out"], in: folder)
      #expect(more.status == 3)
      #expect(more.error.contains("most.jsonl:62: 'log_likelihood' is "), "\(more.error)")
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["most.jsonl"])
    }
  }

  @Test func badInputLeavesNothing() throws {
    let folder = try TemporaryFolder()
    try folder.write(#"{"id": "a", "method": "m", "role": "marked"}"#, to: "bad.jsonl")
    for (arguments, status, message) in [
      (["bad.jsonl", "-o", "out"], 3, "bad.jsonl:1: field 'tokens' is missing"),
      (["gone.jsonl", "-o", "out"], 4, "gone.jsonl: open: no such file"),
      ([Self.scored, "-o", "bad.jsonl"], 3, "bad.jsonl exists, expected the name of a new folder"),
      ([Self.scored, "-o", ""], 3, "--output is empty"),
      ([Self.scored, "-o", "gone/out"], 4, "gone/out: mkdir"),
      ([Self.scored, Self.scored, "-o", "out"], 3, "scored.jsonl:1: 'id' is 'null-20-0' with the"),
      (["-", "-"], 2, "'-' is given twice, expected standard input once"),
      ([], 2, "Missing expected argument '<file> ...'"),
      ([Self.scored, "--rate", "1"], 2, "--rate is 1.0, expected more than 0 and less than 1"),
      ([Self.scored, "--rate", "0.1", "--rate", "0.1"], 2, "--rate has a rate twice"),
      ([Self.scored, "--target", "0"], 2, "--target is 0.0, expected more than 0 and at most 1"),
      ([Self.scored, "--minimum", "0"], 2, "--minimum is 0, expected 1 or more"),
      ([Self.scored, "--buckets", "65"], 2, "--buckets is 65, expected 1 to 64"),
    ] as [([String], Int32, String)] {
      let result = try run(arguments, in: folder)
      #expect(result.status == status)
      #expect(result.output.isEmpty)
      #expect(result.error.contains(message), "\(result.error)")
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["bad.jsonl"])
  }

  @Test func help() throws {
    let result = try Tool.run(["watermark", "evaluate", "--help"])
    #expect(result.status == 0)
    try Snapshot.expect(result.output, "help-watermark-evaluate.txt")
  }
}
