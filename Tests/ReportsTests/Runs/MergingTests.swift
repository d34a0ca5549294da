import Formats
import Foundation
import Reports
import Steering
import TestSupport
import Testing

@Suite struct MergingTests {
  private func merge(_ runs: LineRuns, _ folders: [String], into target: String) throws
    -> RunOutcome
  {
    try DetectionRun.merge(
      folders.map { runs.folder.file($0) }, into: runs.folder.file(target))
  }

  @Test func partsTogetherGiveTheBytesOfOneRun() throws {
    let runs = try LineRuns()
    var shards = try runs.writeShards(7, of: 9)
    try runs.folder.write("z0 0.5\n!\n", to: "broken.txt")
    shards.insert(runs.folder.file("broken.txt"), at: 3)
    let whole = try runs.run(shards, to: "whole").run()
    var folders: [String] = []
    for part in 1...3 {
      let outcome = try runs.run(shards, to: "part\(part)") { $0.part = (part, 3) }.run()
      #expect(outcome.summary == nil)
      folders.append("part\(part)")
    }
    // In any order, with workers' folders left as they are.
    let merged = try merge(runs, folders.reversed(), into: "merged")
    #expect(try runs.results("merged") == runs.results("whole"))
    #expect(merged.documentCount == whole.documentCount && merged.skipped == whole.skipped)
    #expect(merged.flaggedCount == whole.flaggedCount)
    #expect(try runs.names("part1") == ["parts", "run.json"])
    _ = try merge(runs, folders, into: "merged")
    #expect(try runs.results("merged") == runs.results("whole"))
  }

  @Test func whatDoesNotBelongTogetherIsRefused() throws {
    let runs = try LineRuns()
    let shards = try runs.writeShards(4, of: 3)
    func part(_ index: Int, _ name: String, rate: Double = 0.25) throws {
      _ = try runs.run(shards, to: name) {
        $0.part = (index, 2)
        $0.rate = rate
      }.run()
    }
    try part(1, "one")
    try part(2, "two")
    try part(1, "again")
    try part(2, "other", rate: 0.5)
    _ = try runs.run(shards, to: "whole").run()
    let cases: [([String], String)] = [
      (["one"], "part 2 of 2 is missing"), (["one", "again"], "holds part 1 of 2, as "),
      (["one", "other"], "differs in the rate (0.25, now 0.5)"),
      (["one", "whole"], "holds a whole run"), (["one", "./one"], "is given twice"),
      (["one", "merged"], "is given twice"), (["one", "shards"], "no folder"),
    ]
    for (folders, message) in cases {
      let error = #expect(throws: SteeringError.self) {
        try merge(runs, folders, into: "merged")
      }
      #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
    }
  }

  @Test func theOrderOfFoldersAndTimesChangeNothing() throws {
    let runs = try LineRuns()
    let shards = try runs.writeShards(4, of: 3)
    for part in 1...2 {
      // Each worker copied the shards at another time.
      for shard in shards {
        try FileManager.default.setAttributes(
          [.modificationDate: Date(timeIntervalSince1970: Double(part) * 1e6)], ofItemAtPath: shard)
      }
      _ = try runs.run(shards, to: "part\(part)") { $0.part = (part, 2) }.run()
    }
    _ = try merge(runs, ["part1", "part2"], into: "one")
    _ = try merge(runs, ["part2", "part1"], into: "other")
    #expect(try runs.folder.bytes("one/run.json") == runs.folder.bytes("other/run.json"))
    // As it would be were a part made once more: another time, the same content.
    let text = String(decoding: try runs.folder.bytes("one/run.json"), as: UTF8.self)
    try runs.folder.write(
      text.replacing("1000000000000000", with: "1000000000000001"), to: "one/run.json")
    #expect(try merge(runs, ["part2", "part1"], into: "one").documentCount == 12)
  }

  @Test func anUnfinishedPartIsRefused() throws {
    let runs = try LineRuns()
    let shards = try runs.writeShards(4, of: 3)
    _ = try runs.run(shards, to: "one") { $0.part = (1, 2) }.run()
    func stop() throws {
      let run = try runs.run(shards, to: "two") { $0.part = (2, 2) }
      var left = 3
      run.beforeChange = { () throws(SteeringError) in
        left -= 1
        if left < 0 { throw SteeringError(.inputOutput, "stopped") }
      }
      #expect(throws: SteeringError.self) { try run.run() }
    }
    try stop()
    let error = #expect(throws: SteeringError.self) {
      try merge(runs, ["one", "two"], into: "merged")
    }
    #expect(error?.message.contains("part 2 of 2 is not finished") == true)
  }
}
