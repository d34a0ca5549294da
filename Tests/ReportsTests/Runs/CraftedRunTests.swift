import Detector
import Formats
import Foundation
import Reports
import Steering
import TestSupport
import Testing

/// Files of a run that somebody else wrote, or that hold more than usual.
@Suite struct CraftedRunTests {
  private func line(tokens: String = "1", p: String = "0.5", z: String = "0") -> ArraySlice<UInt8> {
    let text =
      #"{"document":"d","shard":"s","source":null,"tokens":{"kept":\#(tokens),"special":0,"#
      + #""sink":0,"undefined":0},"limit":null,"combined_p":null,"flagged":[],"findings":["#
      + #"{"structure":"a","score":1,"p":\#(p),"z":\#(z),"threshold":null,"flagged":false,"#
      + #""segments":[]}]}"#
    return Array(text.utf8)[...]
  }

  @Test func numbersOutOfRangeAreNoLine() throws {
    #expect(DocumentRecord(line: line()) != nil)
    for tokens in ["-1", "9223372036854775807", "2147483648"] {
      #expect(DocumentRecord(line: line(tokens: tokens)) == nil, "\(tokens)")
    }
    for p in ["-0.5", "1.5"] { #expect(DocumentRecord(line: line(p: p)) == nil, "\(p)") }
  }

  @Test func anyFiniteZHasABin() throws {
    var counter = SummaryCounter(structures: ["a"], rate: 0.05)
    for z in ["1e300", "-1e300", "14.9", "-5"] {
      counter.add(try #require(DocumentRecord(line: line(z: z))))
    }
    let summary = counter.summary(of: RunDetector(LineRuns.detector, digest: ""), shards: [])
    let counts = summary["structures"]?.asArray?[0]["z_histogram"]?["counts"]?.asArray ?? []
    #expect(counts.first?.asInt == 2 && counts.last?.asInt == 2)
  }

  @Test func partsThatDoNotExistAreNoRun() throws {
    let runs = try LineRuns()
    let shards = try runs.writeShards(2, of: 3)
    for part in ["[1,0]", "[0,2]", "[3,2]", "[1]", "[1,100001]", "[\"1\",2]", "7"] {
      let name = "part" + part.filter(\.isNumber) + "-\(part.count)"
      _ = try runs.run(shards, to: name) { $0.part = (1, 2) }.run()
      let json = try JSONValue.parse(try runs.folder.bytes("\(name)/run.json")).serialised()
      #expect(json.contains(#""part":[1,2]"#))
      try runs.folder.write(
        json.replacing(#""part":[1,2]"#, with: #""part":\#(part)"#), to: "\(name)/run.json")
      let error = #expect(throws: SteeringError.self, "\(part)") {
        try DetectionRun.merge([runs.folder.file(name)], into: runs.folder.file("merged"))
      }
      #expect(error?.message.contains("holds no run") == true, "\(part)")
    }
  }

  @Test func partsWithNumbersOutOfRangeAreScoredAgain() throws {
    let part = RunPart(
      RunPart.Header(
        run: "r", shard: 0, chunk: 0, firstDocument: 0, documentCount: 1, rowCount: 1),
      body: Array("{}\n".utf8))
    #expect(RunPart(bytes: part.bytes()) == part)
    for change in [\RunPart.header.firstDocument, \.header.documentCount, \.header.shard] {
      for value in [-1, Int.max] {
        var other = part
        other[keyPath: change] = value
        #expect(RunPart(bytes: other.bytes()) == nil)
      }
    }
    var rows = part
    rows.header.rowCount = -1
    #expect(RunPart(bytes: rows.bytes()) == nil)
  }

  @Test func linesOfManySegmentsAreReadBack() throws {
    var document = DocumentCodes(id: "d", identity: DocumentIdentity(bits: 1), featureCount: 1)
    document.append(features: [0], values: [1], use: .kept)
    let verdict = Verdict(
      document: "d", tokens: document.counts,
      findings: [
        Verdict.Finding(
          structure: "a", score: 0.1, p: 0.25, threshold: nil, isFlagged: true, contributions: nil,
          segments: (0..<210_000).map {
            Verdict.SegmentScore(segment: Int32($0), firstToken: $0, tokenCount: 1, score: 0.5)
          })
      ], combinedP: nil, rate: 0.5, limit: nil)
    let text = VerdictText.text(verdict, of: document, shard: "s", localised: true)
    let record = try #require(DocumentRecord(line: Array(text.utf8).dropLast()))
    #expect(record.findings.count == 1 && record.findings[0].score == 0.1)
  }

  @Test func runsOfManyShardsAreReadBack() throws {
    let runs = try LineRuns()
    let stamp = FileStamp(byteCount: 1, modified: 2, ends: "0").json
    let json: JSONValue = [
      "detector": RunDetector(LineRuns.detector, digest: "").json, "dictionary": .null,
      "rate": 0.5, "localise": "none", "without_norms": false, "part": .null,
      "shards": .array(
        (0..<110_000).map { ["name": .string("s\($0)"), "file": stamp, "documents": stamp] }),
    ]
    let request = try #require(RunRequest(json: json))
    let folder = try RunFolder(runs.folder.file("out"))
    try RunState(folder, request, request.identity).write(.running)
    #expect(try RunState.read(folder).0.shards.count == 110_000)
    let many = Array(repeating: "a", count: RunRequest.shardLimit + 1)
    let error = #expect(throws: SteeringError.self) { try runs.run(many, to: "many") }
    #expect(error?.message.contains("there are 200001 shards") == true)
  }

  @Test func unfinishedFilesOfAKilledProcessAreSwept() throws {
    let runs = try LineRuns()
    let shards = try runs.writeShards(2, of: 3)
    try FileManager.default.createDirectory(
      atPath: runs.folder.file("part/parts"), withIntermediateDirectories: true)
    _ = try runs.run(shards, to: "twin") { $0.part = (1, 2) }.run()
    let json = String(decoding: try runs.folder.bytes("twin/run.json"), as: UTF8.self)
    try runs.folder.write(json.replacing("\"scored\"", with: "\"running\""), to: "part/run.json")
    try runs.folder.write("half", to: "part/parts/.000000.000000.part.1234.tmp")
    _ = try runs.run(shards, to: "part") { $0.part = (1, 2) }.run()
    #expect(try runs.names("part/parts") == runs.names("twin/parts"))
  }

  @Test func cellsAreQuotedByBytes() {
    #expect(CSVCell.text("a\"\u{301},b") == "\"a\"\"\u{301},b\"")
    #expect(CSVCell.text("a,\u{301}b") == "\"a,\u{301}b\"")
    #expect(CSVCell.text("=\u{301}1") == "'=\u{301}1" && CSVCell.text("plain é") == "plain é")
    #expect(CSVCell.text("") == "" && CSVCell.text("\r\n") == "\"'\r\n\"")
  }
}
