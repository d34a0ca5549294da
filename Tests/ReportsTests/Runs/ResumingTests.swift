import Foundation
import Formats
import Reports
import Steering
import TestSupport
import Testing

@Suite struct ResumingTests {
  /// Makes the n-th change to a file, from 0, fail; true when it came to that.
  private func interrupt(_ run: DetectionRun, at n: Int) throws -> Bool {
    var left = n
    run.beforeChange = { () throws(SteeringError) in
      guard left > 0 else { throw SteeringError(.inputOutput, "stopped by the test") }
      left -= 1
    }
    do {
      _ = try run.run()
      return false
    } catch let error as SteeringError {
      try #require(error.message == "stopped by the test", "\(error)")
      return true
    }
  }

  @Test func stoppedBeforeAnyChangeGivesTheSameBytes() throws {
    let runs = try LineRuns()
    var shards = try runs.writeShards(3, of: 10)
    try runs.folder.write("x0 0.5\nx1 0.1\nx2 0.2\nx3 0.2\nx4 0.2\n!\n", to: "broken.txt")
    shards.insert(runs.folder.file("broken.txt"), at: 1)
    _ = try runs.run(shards, to: "whole").run()
    let expected = try runs.results("whole")
    var changes = 0
    while true {
      let folder = "out\(changes)"
      let wasStopped = try interrupt(runs.run(shards, to: folder), at: changes)
      // Once more at another place, then to the end.
      _ = try interrupt(runs.run(shards, to: folder), at: changes % 5)
      _ = try runs.run(shards, to: folder).run()
      #expect(try runs.results(folder) == expected, "stopped before change \(changes)")
      #expect(try runs.names(folder) == runs.names("whole"))
      guard wasStopped else { break }
      changes += 1
    }
    #expect(changes > 20)
  }

  @Test func finishedPartsAreNotScoredAgain() throws {
    let runs = try LineRuns()
    let shards = try runs.writeShards(2, of: 10)
    // Changes: run.json, parts, then three parts of the first shard and one of the second.
    #expect(try interrupt(runs.run(shards, to: "out"), at: 6))
    let before = runs.judged
    let outcome = try runs.run(shards, to: "out").run()
    #expect(runs.judged - before == 6)
    #expect(outcome.documentCount == 20)
  }

  @Test func aRunThatIsDoneIsNotRepeated() throws {
    let runs = try LineRuns()
    let shards = try runs.writeShards(2, of: 10)
    let first = try runs.run(shards, to: "out").run()
    let judged = runs.judged
    let second = try runs.run(shards, to: "out").run()
    #expect(runs.judged == judged)
    #expect(second.documentCount == first.documentCount)
    #expect(second.flaggedCount == first.flaggedCount && second.summary == first.summary)
    var bytes = try runs.folder.bytes("out/documents.csv")
    bytes[100] ^= 1
    try runs.folder.write(bytes, to: "out/documents.csv")
    #expect(throws: SteeringError.self) { try runs.run(shards, to: "out").run() }
  }

  @Test func aDamagedPartIsScoredAgain() throws {
    let runs = try LineRuns()
    let shards = try runs.writeShards(2, of: 10)
    _ = try runs.run(shards, to: "whole").run()
    #expect(try interrupt(runs.run(shards, to: "out"), at: 6))
    let parts = try runs.names("out/parts")
    #expect(parts.count == 4)
    for (index, part) in parts.enumerated() where index != 2 {
      var bytes = try runs.folder.bytes("out/parts/\(part)")
      bytes[index == 0 ? bytes.count - 3 : 30] ^= 4
      try runs.folder.write(bytes, to: "out/parts/\(part)")
    }
    _ = try runs.run(shards, to: "out").run()
    #expect(try runs.results("out") == runs.results("whole"))
  }

  @Test func aShardThatChangedIsNoticed() throws {
    let runs = try LineRuns()
    let shards = try runs.writeShards(2, of: 10)
    #expect(try interrupt(runs.run(shards, to: "out"), at: 4))
    var bytes = try runs.folder.bytes("shard1.txt")
    bytes[4] ^= 1
    try runs.folder.write(bytes, to: "shard1.txt")
    let error = #expect(throws: SteeringError.self) { try runs.run(shards, to: "out").run() }
    #expect(error?.message.contains("differs in shard shard1.txt; give another folder") == true)
    #expect(try runs.names("out/parts").count == 2)
  }

  @Test func anotherRequestIsRefused() throws {
    let runs = try LineRuns()
    let shards = try runs.writeShards(2, of: 10)
    #expect(try interrupt(runs.run(shards, to: "out"), at: 4))
    let rate = #expect(throws: SteeringError.self) {
      try runs.run(shards, to: "out") { $0.rate = 0.5 }.run()
    }
    #expect(rate?.message.contains("the rate (0.25, now 0.5)") == true)
    let list = #expect(throws: SteeringError.self) {
      try runs.run(Array(shards.dropLast()), to: "out").run()
    }
    #expect(list?.message.contains("the list of shards (2, now 1)") == true)
    // Parts of another size hold the same documents.
    _ = try runs.run(shards, to: "out") { $0.documentsPerPart = 3 }.run()
    _ = try runs.run(shards, to: "whole").run()
    #expect(try runs.results("out") == runs.results("whole"))
  }

  @Test func foldersOfOtherThingsAreLeftAlone() throws {
    let runs = try LineRuns()
    let shards = try runs.writeShards(1, of: 3)
    try FileManager.default.createDirectory(
      atPath: runs.folder.file("mine"), withIntermediateDirectories: false)
    try runs.folder.write("x", to: "mine/letter.txt")
    let error = #expect(throws: SteeringError.self) { try runs.run(shards, to: "mine").run() }
    #expect(error?.message.contains("holds letter.txt and no run") == true)
    #expect(try runs.names("mine") == ["letter.txt"])
    let first = try runs.run(shards, to: "out")
    let second = #expect(throws: SteeringError.self) { try runs.run(shards, to: "out") }
    #expect(second?.message.contains("another process works in this folder") == true)
    _ = try first.run()
  }
}
