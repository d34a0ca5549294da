import Formats
import Foundation
import Reports
import Steering
import TestSupport
import Testing

@Suite struct ReportPageTests {
  @Test func aRowSaysWhatTheLineSays() throws {
    let run = try PageRun([
      PageRun.line("one", z: 1.234567, extra: ",\"labels\":{\"past-tense\":true}"),
      PageRun.line("two", z: nil, pieces: nil),
    ])
    let (outcome, page) = try run.write()
    #expect(outcome.documents == 2)
    #expect(outcome.shown == 1)
    #expect(outcome.byteCount == page.utf8.count)
    let rows = try PageRun.block("rows-data", of: page)
    let expected = try JSONValue.parse(
      text: """
        [["one",0,-1,2,1,0,0,-1,null,[],[1.235],[0.5],[1.235],[[0,1]]],
         ["two",0,-1,2,1,0,0,-1,null,[],[null],[null],[1.235],0]]
        """)
    #expect(rows == expected)
    let names = try PageRun.block("names-data", of: page)
    #expect(names["shards"] == .array(["s"]))
    #expect(names["labels"] == .array(["past-tense"]))
    #expect(abs((names["critical_z"]?.asDouble ?? 0) - 1.99908) < 1e-5)
  }

  @Test func aSampleHasTokensAndTheirParts() throws {
    let (_, page) = try PageRun([PageRun.line("one")]).write()
    let sample = try PageRun.block("samples-data", of: page).asArray?.first
    #expect(sample?["row"]?.asInt == 0)
    #expect(sample?["pieces"] == .array(["a", "b", "c"]))
    #expect(
      sample?["parts"]
        == (try JSONValue.parse(text: "[[2,[[1,2],[0.123,-2]],[]]]")))
  }

  @Test func longDocumentsAreCut() throws {
    let segments = [0, 1, 2].map {
      "{\"segment\":\($0),\"first_token\":\($0),\"tokens\":1,\"score\":null}"
    }
    let line = PageRun.line("one").replacingOccurrences(
      of: "\"segments\":[]", with: "\"segments\":[\(segments.joined(separator: ","))]")
    let (_, page) = try PageRun([line]).write(.init(tokenLimit: 2))
    let sample = try PageRun.block("samples-data", of: page).asArray?.first
    #expect(sample?["pieces"] == .array(["a", "b"]))
    #expect(sample?["tokens"]?.asInt == 3)
    #expect(
      sample?["parts"]
        == (try JSONValue.parse(text: "[[2,[[1],[0.123]],[[0,0,1,null],[1,1,1,null]]]]")))
  }

  /// Nothing of a document can end a script element or start a comment or an element.
  @Test func documentsAreNeverMarkup() throws {
    let hostile = "</script><!--<script>alert(1)</script>"
    let run = try PageRun([
      PageRun.line(hostile, pieces: [hostile, "<img src=x>", "&lt;"]),
      PageRun.line("plain"),
    ])
    let page = try run.write().text
    let plain = try PageRun([PageRun.line("plain")]).write().text
    for mark in ["</script", "<script", "<!--", "<img"] {
      #expect(
        page.components(separatedBy: mark).count == plain.components(separatedBy: mark).count,
        "\(mark)")
    }
    #expect(page.components(separatedBy: "</script").count == 6)
    #expect(page.contains("<title>What bank&lt;/script&gt; found</title>"))
    let rows = try PageRun.block("rows-data", of: page)
    #expect(rows.asArray?.first?.asArray?.first == .string(hostile))
  }

  @Test func nothingIsFetched() throws {
    let page = try PageRun([PageRun.line("one")]).write().text
    #expect(page.contains("default-src 'none'"))
    #expect(!page.contains("unsafe-inline"))
    for mark in ["src=", "@import", "url(", "fetch(", "XMLHttpRequest", "innerHTML", "<link"] {
      #expect(!page.contains(mark), "\(mark)")
    }
  }

  @Test func theSameRunGivesTheSameBytes() throws {
    let run = try PageRun((0..<50).map { PageRun.line("d\($0)", z: Double($0 % 7) / 3) })
    #expect(try run.write(.init(documentLimit: 9)).text == run.write(.init(documentLimit: 9)).text)
  }

  /// Half of the places for the highest, a quarter near the threshold (z = 2), the rest by chance.
  @Test func theSampleIsTheHighestTheBorderlineAndSome() throws {
    let lines = (0..<100).map { PageRun.line("d\($0)", z: Double($0) / 20) }
    let page = try PageRun(lines).write(.init(documentLimit: 8)).text
    let samples = try PageRun.block("samples-data", of: page).asArray ?? []
    let chosen = Dictionary(
      grouping: samples, by: { $0["why"]?.asInt ?? -1 }
    ).mapValues { $0.compactMap { $0["row"]?.asInt } }
    #expect(chosen[0] == [96, 97, 98, 99])
    #expect(chosen[1] == [39, 40])
    #expect(chosen[2]?.count == 2)
    #expect(samples.count == 8)
  }

  @Test func tokensWithoutTextAreTheirPlaces() throws {
    let line = PageRun.line("one").replacingOccurrences(
      of: ",\"pieces\":[\"a\",\"b\",\"c\"]", with: "")
    let page = try PageRun([line]).write().text
    let sample = try PageRun.block("samples-data", of: page).asArray?.first
    #expect(sample?["pieces"] == .array([" #0", " #1", " #2"]))
  }

  /// Lines longer than one read, blank ones, and an end without a line feed.
  @Test func linesOfAnyLengthAreRead() throws {
    let long = String(repeating: "word ", count: 200_000)
    let run = try PageRun([PageRun.line(long), "", PageRun.line("last")], documents: 2)
    let text = String(decoding: try run.folder.bytes("verdicts.jsonl"), as: UTF8.self)
    try run.folder.write(String(text.dropLast()), to: "verdicts.jsonl")
    let (outcome, page) = try run.write()
    #expect(outcome.documents == 2)
    #expect(outcome.shown == 2)
    let rows = try PageRun.block("rows-data", of: page)
    #expect(rows.asArray?.map { $0.asArray?.first } == [.string(long), .string("last")])
  }

  static let malformed: [(line: String, message: String)] = [
    ("[]", "line 1: the document is an array, expected an object"),
    ("{}", "line 1: key 'document' is missing"),
    (
      PageRun.line("one").replacingOccurrences(of: "\"kept\":2", with: "\"kept\":-1"),
      "line 1: 'tokens.kept' is -1.0, expected an integer, 0 or more"
    ),
    (
      PageRun.line("one").replacingOccurrences(of: "\"p\":0.5", with: "\"p\":1.5"),
      "line 1: 'findings[0].p' is 1.5, expected 0 to 1"
    ),
    (
      PageRun.line("one").replacingOccurrences(
        of: "\"structure\":\"past-tense\"", with: "\"structure\":\"x\""),
      "line 1: 'findings[0].structure' is x, expected one of the summary's structures"
    ),
    (
      PageRun.line("one", pieces: ["a"], contributions: "[1]"),
      "line 1: 'pieces' has 1 elements, expected 3, one per token"
    ),
    (
      PageRun.line("one", contributions: "[1]"),
      "'contributions.past-tense' has 1 elements, expected 3, one per token"
    ),
    (
      PageRun.line("one").replacingOccurrences(
        of: "\"kept\":2", with: "\"kept\":9223372036854775807"),
      "line 1: 'tokens.kept' is 9.223372036854776e+18, expected at most 1099511627776"
    ),
    (
      PageRun.line("one").replacingOccurrences(of: "\"kept\":2", with: "\"kept\":1000000000000")
        .replacingOccurrences(of: ",\"pieces\":[\"a\",\"b\",\"c\"]", with: ""),
      "'contributions.past-tense' has 3 elements, expected 1000000000001, one per token"
    ),
    (PageRun.line("one", contributions: "[1,\"x\",2]"), "expected an array of numbers"),
  ]

  @Test(arguments: malformed)
  func badLinesAreNamed(_ line: String, _ message: String) throws {
    let run = try PageRun([line])
    let error = #expect(throws: SteeringError.self) { try run.write() }
    #expect(error?.code == .malformedFile)
    #expect(error?.message.contains("verdicts.jsonl: ") == true)
    #expect(error?.message.hasSuffix(message) == true, "\(error?.message ?? "")")
    #expect(!FileManager.default.fileExists(atPath: run.folder.file("page.html")))
  }

  @Test func aRunThatIsNotWholeIsRefused() throws {
    let run = try PageRun([PageRun.line("one")], documents: 2)
    let error = #expect(throws: SteeringError.self) { try run.write() }
    #expect(
      error?.message.hasSuffix("holds 1 documents, expected 2 as in summary.json") == true)
    try run.folder.write("{\"format\":\"steering-report/2\"}", to: "summary.json")
    let other = #expect(throws: SteeringError.self) { try run.write() }
    #expect(
      other?.message.hasSuffix("'format' is steering-report/2, expected steering-report/1") == true)
    try run.folder.remove("summary.json")
    let missing = #expect(throws: SteeringError.self) { try run.write() }
    #expect(missing?.code == .inputOutput)
  }

  @Test func optionsAreChecked() throws {
    let run = try PageRun([PageRun.line("one")])
    for options in [
      ReportPage.Options(documentLimit: -1), .init(tokenLimit: 0), .init(tokenLimit: 50_001),
    ] {
      let error = #expect(throws: SteeringError.self) { try run.write(options) }
      #expect(error?.code == .invalidArgument)
    }
    #expect(try run.write(.init(tokenLimit: 50_000)).outcome.shown == 1)
    #expect(try run.write(.init(documentLimit: 0)).outcome.shown == 0)
    #expect(try run.write(.init(title: "A & B")).text.contains("<title>A &amp; B</title>"))
  }
}
