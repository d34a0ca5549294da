import Foundation
import Formats
import Reports
import Steering
import TestSupport
import Testing

@Suite struct SkippedShardTests {
  @Test func damagedShardsAreLeftOutWhole() throws {
    let runs = try LineRuns()
    let good = try runs.writeShards(2, of: 10)
    try runs.folder.write("closed\n", to: "closed.txt")
    try runs.folder.write("y0 0.5\ny1 0.1\ny2 0.2\ny3 0.1\ny4 0.1\n!\ny5 0.1\n", to: "half.txt")
    let bad = ["closed.txt", "half.txt"].map { runs.folder.file($0) }
    let outcome = try runs.run([good[0]] + bad + [good[1]], to: "out").run()
    _ = try runs.run(good, to: "good").run()
    #expect(outcome.documentCount == 20)
    #expect(
      outcome.skipped.map { [$0.shard, $0.reason] } == [
        ["closed.txt", "closed.txt: is closed"],
        [
          "half.txt", "half.txt: row 5 is damaged; the 5 documents before it are left out too",
        ],
      ])
    #expect(try runs.results("out")[0...1] == runs.results("good")[0...1])
    let summary = try runs.summary("out")
    #expect(summary["failed_shards"]?.asInt == 2 && summary["documents"]?.asInt == 20)
    let shards = summary["shards"]?.asArray ?? []
    #expect(
      shards.map { $0["status"]?.asString } == ["done", "skipped", "skipped", "done"])
    #expect(shards.map { $0["documents"]?.asInt } == [10, 0, 0, 10])
  }

  @Test func aMissingShardIsAnErrorAtOnce() throws {
    let runs = try LineRuns()
    let shards = try runs.writeShards(1, of: 2) + [runs.folder.file("gone.txt")]
    let error = #expect(throws: SteeringError.self) { try runs.run(shards, to: "out") }
    #expect(error?.code == .inputOutput && error?.message.contains("gone.txt") == true)
    #expect(!FileManager.default.fileExists(atPath: runs.folder.file("out")))
  }

  @Test func whatMayBeOtherwiseTheNextTimeStopsTheRun() throws {
    let runs = try LineRuns()
    let shards = try runs.writeShards(3, of: 10)
    _ = try runs.run(shards, to: "whole").run()
    runs.awayShard = shards[1]
    let error = #expect(throws: SteeringError.self) { try runs.run(shards, to: "out").run() }
    #expect(error?.code == .inputOutput && error?.message.contains("does not answer") == true)
    runs.awayShard = nil
    let outcome = try runs.run(shards, to: "out").run()
    #expect(outcome.skipped.isEmpty && outcome.documentCount == 30)
    #expect(try runs.results("out") == runs.results("whole"))
  }

  @Test func scoresThatAreNotFiniteLeaveTheShardOut() throws {
    let runs = try LineRuns()
    let good = try runs.writeShards(1, of: 10)
    try runs.folder.write("i0 0.5\ni1 inf\ni2 0.1\n", to: "infinite.txt")
    let outcome = try runs.run(good + [runs.folder.file("infinite.txt")], to: "out").run()
    #expect(outcome.documentCount == 10 && outcome.skipped.map(\.shard) == ["infinite.txt"])
    #expect(
      outcome.skipped.first?.reason
        == "document 'i1' has a score that is NaN or infinite for structure 'first', expected a"
        + " finite number; the 1 document before it are left out too")
  }

  @Test func documentsAreCalledAfterTheirShardAlsoWhereTwoHaveOneName() throws {
    let runs = try LineRuns()
    for name in ["a", "b"] {
      try FileManager.default.createDirectory(
        atPath: runs.folder.file(name), withIntermediateDirectories: false)
      try runs.folder.write("\(name) 0.5\n", to: "\(name)/x.y.txt")
    }
    try runs.folder.write("c 0.5\n", to: "z.txt")
    let shards = ["a/x.y.txt", "b/x.y.txt", "z.txt"].map { runs.folder.file($0) }
    _ = try runs.run(shards, to: "out").run()
    #expect(
      runs.defaultNames == [runs.folder.file("a/x.y"), runs.folder.file("b/x.y"), nil])
  }

  @Test func documentsThatAppearTwiceSkipTheLaterShard() throws {
    let runs = try LineRuns()
    try runs.folder.write("a 0.5\nb 0.1\n", to: "one.txt")
    try runs.folder.write("c 0.5\nb 0.1\n", to: "two.txt")
    // c is free again: the shard that had it is left out.
    try runs.folder.write("c 0.5\nd 0.1\n", to: "three.txt")
    try runs.folder.write("e 0.5\nf 0.1\ne 0.1\n", to: "four.txt")
    let shards = ["one.txt", "two.txt", "three.txt", "four.txt"].map { runs.folder.file($0) }
    let outcome = try runs.run(shards, to: "out").run()
    #expect(outcome.documentCount == 4)
    #expect(outcome.skipped.map(\.shard) == ["two.txt", "four.txt"])
    #expect(outcome.skipped[0].reason.hasPrefix("document 'b' is in one.txt too"))
    #expect(outcome.skipped[1].reason.hasPrefix("document 'e' appears twice"))
    // Whoever scores them: the two shards with b are in different parts.
    for part in 1...2 {
      _ = try runs.run(shards, to: "part\(part)") { $0.part = (part, 2) }.run()
    }
    _ = try DetectionRun.merge(
      [runs.folder.file("part1"), runs.folder.file("part2")], into: runs.folder.file("merged"))
    #expect(try runs.results("merged") == runs.results("out"))
  }

  @Test(arguments: [true, false]) func aFlippedBitShowsByItsDigest(_ isGiven: Bool) throws {
    let runs = try LineRuns()
    let shards = try runs.writeShards(3, of: 10)
    var list = ""
    for shard in shards {
      list +=
        "\(try DigestText.of(file: shard))  \(URL(fileURLWithPath: shard).lastPathComponent)\n"
    }
    let name = isGiven ? "digests" : "SHA256SUMS"
    try runs.folder.write(list, to: name)
    let digests = isGiven ? runs.folder.file(name) : nil
    let clean = try runs.run(shards, to: "clean") { $0.digests = digests }.run()
    #expect(clean.skipped.isEmpty && clean.documentCount == 30)
    var bytes = try runs.folder.bytes("shard1.txt")
    // A digit of a score becomes another digit.
    let digit = try #require(bytes.lastIndex(of: UInt8(ascii: "4")))
    bytes[digit] ^= 1
    try runs.folder.write(bytes, to: "shard1.txt")
    let outcome = try runs.run(shards, to: "out") { $0.digests = digests }.run()
    #expect(outcome.skipped.map(\.shard) == ["shard1.txt"])
    #expect(outcome.skipped.first?.reason.contains("SHA-256 is ") == true)
    #expect(outcome.documentCount == 20)
    // Without a list, nothing tells.
    try runs.folder.remove(name)
    #expect(try runs.run(shards, to: "unseen").run().skipped.isEmpty)
  }

  @Test func listsOfDigestsAreChecked() throws {
    let runs = try LineRuns()
    let shards = try runs.writeShards(2, of: 2)
    let zeros = String(repeating: "0", count: 64)
    try runs.folder.write("\(zeros) *shard0.txt\n\\\(zeros)  new\\nline\n", to: "some")
    let missing = #expect(throws: SteeringError.self) {
      try runs.run(shards, to: "out") { $0.digests = runs.folder.file("some") }
    }
    #expect(missing?.message.contains("has no digest of \(shards[1])") == true)
    let list = try DigestList(path: runs.folder.file("some"))
    #expect(try list.digest(of: runs.folder.file("new\nline")) == zeros)
    try runs.folder.write("\\\(zeros)  a\\\\nb\\r\n", to: "escaped")
    let escaped = try DigestList(path: runs.folder.file("escaped"))
    #expect(try escaped.digest(of: runs.folder.file("a\\nb\r")) == zeros)
    try runs.folder.write("\(zeros)  a\n123  b\n", to: "bad")
    let bad = #expect(throws: SteeringError.self) {
      try DigestList(path: runs.folder.file("bad"))
    }
    #expect(bad?.message.contains("line 2 is no digest") == true)
  }

  @Test func digestsAreThoseOfSha256sum() throws {
    let folder = try TemporaryFolder()
    try folder.write("abc", to: "abc")
    #expect(
      try DigestText.of(file: folder.file("abc"))
        == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
  }
}
