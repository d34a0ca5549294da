import Detector
import Foundation
import Formats
import Reports
import Steering
import TestSupport
import Testing

@Suite struct DetectionRunTests {
  @Test func resultsSayWhatWasScored() throws {
    let runs = try LineRuns()
    let shards = try runs.writeShards(3, of: 10)
    let outcome = try runs.run(shards, to: "out").run()
    #expect(
      try runs.names("out") == ["documents.csv", "run.json", "summary.json", "verdicts.jsonl"])
    let results = try runs.results("out").map { String(decoding: $0, as: UTF8.self) }
    let verdicts = try results[0].split(separator: "\n").map {
      try JSONValue.parse(text: String($0))
    }
    let expected = (0..<3).flatMap { shard in (0..<10).map { "s\(shard)d\($0)" } }
    #expect(verdicts.map { $0["document"]?.asString } == expected)
    // By all structures together: some structure alone is flagged more often.
    let flagged = verdicts.filter { ($0["combined_p"]?.asDouble ?? 1) <= 0.25 }
    #expect(verdicts.count { $0["flagged"]?.asArray?.isEmpty == false } > flagged.count)
    #expect(outcome.documentCount == 30 && outcome.flaggedCount == flagged.count)
    #expect(!flagged.isEmpty && flagged.count < 30)
    #expect(flagged.allSatisfy { $0["contributions"]?["first"]?.asArray?.count == 2 })
    #expect(flagged.allSatisfy { $0["pieces"]?.asArray?.count == 2 })
    #expect(verdicts.count { $0["pieces"] != nil } == flagged.count)
    let rows = results[1].components(separatedBy: "\r\n")
    #expect(rows.count == 32 && rows[31].isEmpty)
    #expect(
      rows[0].hasSuffix(",first.flagged,'=second.score,'=second.p,'=second.z,'=second.flagged"))
    let cells = rows[1].split(separator: ",", omittingEmptySubsequences: false)
    #expect(cells.count == 18 && cells[0] == "s0d0" && cells[4] == "1" && cells[5] == "1")
    #expect(Double(cells[11]) == verdicts[0]["findings"]?.asArray?[0]["p"]?.asDouble)
  }

  @Test func summaryCountsExactly() throws {
    let runs = try LineRuns()
    let shards = try runs.writeShards(4, of: 25, seed: 5)
    _ = try runs.run(shards, to: "out").run()
    let records = try runs.results("out")[0].split(separator: UInt8(ascii: "\n")).map {
      try #require(DocumentRecord(line: $0))
    }
    let summary = try runs.summary("out")
    #expect(summary["documents"]?.asInt == 100 && summary["failed_shards"]?.asInt == 0)
    #expect(summary["tokens"]?["kept"]?.asInt == 100 && summary["tokens"]?["special"]?.asInt == 100)
    #expect(summary["combination"]?.asString == "smallest")
    for (index, structure) in (summary["structures"]?.asArray ?? []).enumerated() {
      let ps = records.compactMap { $0.findings[index].p }
      let flagged = ps.count { $0 <= 0.25 }
      #expect(structure["flagged"]?.asInt == flagged && structure["tested"]?.asInt == 100)
      #expect(structure["share"]?.asDouble == Double(flagged) / 100)
      let adjusted = BenjaminiHochberg.adjusted(ps)
      #expect(structure["flagged_bh"]?.asInt == adjusted.count { $0 <= 0.05 })
      let counts = structure["z_histogram"]?["counts"]?.asArray?.compactMap(\.asInt) ?? []
      #expect(counts.count == 80 && counts.reduce(0, +) == 100)
    }
    let labelled = summary["structures"]?.asArray?[0]["labelled"]
    let positives = records.filter { $0.labels["first"] == true }.map { $0.findings[0].score }
    let negatives = records.filter { $0.labels["first"] == false }.map { $0.findings[0].score }
    #expect(labelled?["with"]?.asInt == positives.count && positives.count > 10)
    let area = try ROC(positives: positives, negatives: negatives).area
    #expect(labelled?["auroc"]?.asDouble == area)
    #expect(summary["structures"]?.asArray?[1]["labelled"]?.isNull == true)
  }

  @Test func discoveriesAreThoseOfTheProcedure() {
    var generator = SplitMix64(seed: 9)
    for trial in 0..<50 {
      var counter = SummaryCounter(structures: ["a"], rate: 0.05)
      var ps: [Double] = []
      for index in 0..<200 {
        let p = Double(1 + generator.next() % 60) / 60 * (index % 4 == 0 ? 0.01 * Double(trial) : 1)
        ps.append(p)
        counter.add(record(p))
      }
      let detector = RunDetector(LineRuns.detector, digest: "")
      let summary = counter.summary(of: detector, shards: [])
      let expected = BenjaminiHochberg.adjusted(ps).count { $0 <= 0.05 }
      #expect(summary["structures"]?.asArray?[0]["flagged_bh"]?.asInt == expected, "\(trial)")
    }
  }

  private func record(_ p: Double) -> DocumentRecord {
    let line =
      #"{"document":"d","shard":"s","source":null,"tokens":{"kept":1,"special":0,"sink":0,"#
      + #""undefined":0},"limit":null,"combined_p":null,"flagged":[],"findings":[{"structure":"a","#
      + #""score":1,"p":\#(p),"z":0,"threshold":null,"flagged":false,"segments":[]}]}"#
    guard let record = DocumentRecord(line: Array(line.utf8)[...]) else {
      preconditionFailure("the line is as a run writes it")
    }
    return record
  }

  @Test func scoresOfTooManyLabelledDocumentsAreLeftOutAndCounted() throws {
    var counter = SummaryCounter(structures: ["a"], rate: 0.05, labelledLimit: 3)
    for index in 0..<5 {
      var record = record(0.5)
      record.labels = ["a": index % 2 == 0]
      counter.add(record)
    }
    let detector = RunDetector(LineRuns.detector, digest: "")
    let labelled = counter.summary(of: detector, shards: [])["structures"]?.asArray?[0]["labelled"]
    #expect(labelled?["with"]?.asInt == 2 && labelled?["without"]?.asInt == 1)
    #expect(labelled?["left_out"]?.asInt == 2)
  }

  @Test func theCapOfKeptScoresIsOverAllStructures() throws {
    var counter = SummaryCounter(structures: ["a", "b"], rate: 0.05, labelledLimit: 4)
    for index in 0..<4 {
      var record = record(0.5)
      record.findings.append(record.findings[0])
      record.findings[1].structure = "b"
      record.labels = ["a": index % 2 == 0, "b": index % 2 == 1]
      counter.add(record)
    }
    let detector = RunDetector(LineRuns.detector, digest: "")
    for structure in counter.summary(of: detector, shards: [])["structures"]?.asArray ?? [] {
      let labelled = structure["labelled"]
      #expect(labelled?["with"]?.asInt == 1 && labelled?["without"]?.asInt == 1)
      #expect(labelled?["left_out"]?.asInt == 2)
    }
  }

  @Test func localisationIsAsAsked() throws {
    let runs = try LineRuns()
    let shards = try runs.writeShards(1, of: 8)
    for (localisation, count) in [(DetectionRun.Localisation.all, 8), (.none, 0)] {
      _ = try runs.run(shards, to: localisation.rawValue) { $0.localisation = localisation }.run()
      let text = String(decoding: try runs.results(localisation.rawValue)[0], as: UTF8.self)
      #expect(text.components(separatedBy: ",\"contributions\":{").count == count + 1)
    }
    // Token texts do not change counts.
    #expect(try runs.results("all")[1...] == runs.results("none")[1...])
  }

  @Test(arguments: [
    "\"pieces\":[", "a,\"pieces\":[1", "x\",\"contributions\":{", "\\", "é\u{1F600}",
  ])
  func recordsReadNamesThatLookLikeMembers(_ id: String) throws {
    var document = DocumentCodes(id: id, identity: DocumentIdentity(bits: 1), featureCount: 1)
    document.append(features: [0], values: [1], use: .kept)
    document.pieces = [id]
    document.source = id
    document.labels = ["pieces": true, "contributions": false]
    let verdict = Verdict(
      document: id, tokens: document.counts,
      findings: [
        Verdict.Finding(
          structure: id, score: 0.1, p: 0.25, threshold: nil, isFlagged: true, contributions: [1],
          segments: [])
      ], combinedP: nil, rate: 0.5, limit: nil)
    let text = VerdictText.text(verdict, of: document, shard: id, localised: true)
    let whole = try JSONValue.parse(text: text)
    #expect(whole["pieces"]?.asArray == [.string(id)])
    let line = Array(text.utf8).dropLast()
    let record = try #require(DocumentRecord(line: line))
    #expect(record.document == id && record.source == id && record.shard == id)
    #expect(record.labels == document.labels)
    #expect(record.findings.map(\.structure) == [id] && record.findings[0].p == 0.25)
    let bytes = Array(DocumentRecord.idBytes(line: line))
    #expect(try JSONValue.parse(Array("[".utf8) + bytes + Array("]".utf8)) == [.string(id)])
  }
}
