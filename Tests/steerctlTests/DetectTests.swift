import Detector
import Foundation
import Formats
import Steering
import TestSupport
import Testing

/// A sandbox with shards, and a detector of the sandbox's dictionary.
struct DetectSandbox {
  let sandbox: Sandbox
  var folder: TemporaryFolder { sandbox.folder }

  /// - Parameter documents: Of each shard, 6 rows each, the first of them special.
  init(shards: Int = 3, documents: Int = 10) throws {
    sandbox = try Sandbox()
    var generator = SplitMix64(seed: 3)
    for shard in 0..<shards {
      let rows = documents * 6
      let values = (0..<(rows * Sandbox.width)).map { _ in
        Float(Int(generator.next() % 17) - 8) / 4
      }
      try writeSafetensors(
        folder.file("s\(shard).safetensors"),
        [
          TestTensor("activations", [rows, Sandbox.width], values),
          TestTensor("documents", (0..<rows).map { Int32($0 / 6) }),
          TestTensor("positions", (0..<rows).map { Int32($0 % 6) }),
        ])
      let lines = (0..<documents).map {
        let pieces = #"["<bos>"," a","b","\u202e",",","<i>"]"#
        return #"{"document":\#($0),"id":"s\#(shard)/\#($0)","pieces":\#(pieces),"#
          + #""labels":{"second":\#($0 % 2 == 0)}}"#
      }
      try folder.write(lines.joined(separator: "\n") + "\n", to: "s\(shard).documents.jsonl")
    }
    try Self.detector().write(to: folder.file("detector.json"))
  }

  static func detector() throws -> FittedDetector {
    func structure(_ name: String, _ feature: Int) -> Structure {
      Structure(
        name: name, readout: .linear(LinearReadout(terms: [.init(feature: feature)])),
        pooling: .mean)
    }
    let null = try NullSample((1...60).map { Double($0) / 50 })
    let combined = try NullSample((1...60).map { -Double($0) })
    return FittedDetector(
      name: "toy", kind: .bank,
      dictionary: FittedDetector.DictionaryReference(
        name: "sae", fingerprint: "", featureCount: Sandbox.features, modelWidth: Sandbox.width,
        hook: nil),
      masking: Masking(), structures: [structure("first", 0), structure("second", 1)],
      selection: SplitRecord([DocumentIdentity(bits: 1)]),
      calibration: Calibration(
        buckets: [
          Calibration.Bucket(lengths: 2...20, nulls: [null, null], combined: combined)
        ], correlation: [1, 0, 0, 1], record: SplitRecord([DocumentIdentity(bits: 2)]),
        sequential: nil))
  }

  var shards: [String] {
    get throws {
      try FileManager.default.contentsOfDirectory(atPath: folder.path)
        .filter { $0.hasPrefix("s") && $0.hasSuffix(".safetensors") }.sorted()
    }
  }

  func run(_ arguments: [String]) throws -> Tool.Result {
    try sandbox.run(["detect", "--detector", "detector.json", "--sae", "sae"] + arguments)
  }

  func results(_ name: String) throws -> [[UInt8]] {
    try ["verdicts.jsonl", "documents.csv", "summary.json"].map {
      try folder.bytes("\(name)/\($0)")
    }
  }
}

@Suite struct DetectTests {
  @Test func threadsAndPartsDoNotChangeResults() throws {
    let box = try DetectSandbox()
    let whole = try box.run(try box.shards + ["-o", "whole"])
    try #require(whole.status == 0, "\(whole.error)")
    #expect(whole.output.contains("30 in 3 shards"))
    let threads = try box.run(try box.shards + ["-o", "threads", "--threads", "3", "--json"])
    #expect(threads.status == 0, "\(threads.error)")
    #expect(try box.results("threads") == box.results("whole"))
    #expect(threads.data == Data(try box.folder.bytes("whole/summary.json")))
    for part in 1...2 {
      let result = try box.run(try box.shards + ["-o", "part\(part)", "--part", "\(part)/2"])
      #expect(result.status == 0, "\(result.error)")
    }
    let merged = try box.sandbox.run(["detect", "--merge", "part2", "part1", "-o", "merged"])
    #expect(merged.status == 0, "\(merged.error)")
    #expect(try box.results("merged") == box.results("whole"))
  }

  @Test func verdictsAreThoseOfTheCodes() throws {
    let box = try DetectSandbox(shards: 1)
    let rows = try box.run(["s0.safetensors", "-o", "rows", "--localise", "all", "--rate", "0.2"])
    try #require(rows.status == 0, "\(rows.error)")
    let verdicts = try box.results("rows")[0].split(separator: UInt8(ascii: "\n"))
      .map { try JSONValue.parse(Array($0)) }
    #expect(verdicts.count == 10)
    for (index, verdict) in verdicts.enumerated() {
      #expect(verdict["document"]?.asString == "s0/\(index)")
      #expect(verdict["tokens"]?["kept"]?.asInt == 5 && verdict["tokens"]?["special"]?.asInt == 1)
      #expect(verdict["pieces"]?.asArray?.count == 6)
      let parts = verdict["contributions"]?["second"]?.asArray?.compactMap(\.asDouble) ?? []
      let finding = verdict["findings"]?.asArray?[1]
      let score = finding?["score"]?.asDouble ?? .nan
      #expect(parts.count == 6 && abs(parts.reduce(0, +) - score) < 1e-6)
      #expect(finding?["flagged"]?.asBool == ((finding?["p"]?.asDouble ?? 1) <= 0.2))
    }
    let summary = try JSONValue.parse(try box.results("rows")[2])
    #expect(summary["structures"]?.asArray?[1]["labelled"]?["with"]?.asInt == 5)
  }

  @Test func damagedShardsAreNamedAndStrictSaysSo() throws {
    let box = try DetectSandbox()
    let clean = try box.run(["s0.safetensors", "s2.safetensors", "-o", "clean"])
    try #require(clean.status == 0, "\(clean.error)")
    let whole = try box.folder.bytes("s1.safetensors")
    let header = whole[0..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
    // The bytes of row 33, which stand after the header: the rows are the first tensor.
    let row = 8 + header + 33 * Sandbox.width * 4
    let undefined = whole[..<row] + [0, 0, 0xC0, 0x7F] + whole[(row + 4)...]
    for (damage, reason) in [
      (Array(whole.dropLast(7)), "s1.safetensors: "), (Array(whole.prefix(40)), "s1.safetensors: "),
      (Array(undefined), "s1.safetensors: row 33"),
    ] {
      try box.folder.write(damage, to: "s1.safetensors")
      let result = try box.run(try box.shards + ["--json"])
      #expect(result.status == 0, "\(result.error)")
      let summary = try JSONValue.parse(text: result.output)
      #expect(summary["failed_shards"]?.asInt == 1 && summary["documents"]?.asInt == 20)
      let error = summary["shards"]?.asArray?[1]["error"]?.asString ?? ""
      #expect(error.hasPrefix(reason), "\(error)")
      let strict = try box.run(try box.shards + ["--strict", "--threads", "2", "-o", "strict"])
      #expect(strict.status == 3)
      #expect(try box.results("strict")[0...1] == box.results("clean")[0...1])
      try FileManager.default.removeItem(atPath: box.folder.file("strict"))
    }
  }

  @Test func flippedBitsShowByDigests() throws {
    let box = try DetectSandbox()
    var list = ""
    for shard in try box.shards {
      let sum = try Tool.run("/usr/bin/sha256sum", [shard], in: box.folder.path)
      list += sum.output
    }
    try box.folder.write(list, to: "SHA256SUMS")
    #expect(try box.run(try box.shards + ["--strict"]).status == 0)
    var bytes = try box.folder.bytes("s1.safetensors")
    bytes[bytes.count - 600] ^= 0x10
    try box.folder.write(bytes, to: "s1.safetensors")
    let result = try box.run(try box.shards + ["--strict"])
    #expect(result.status == 3)
    #expect(result.output.contains("shard s1.safetensors is left out: s1.safetensors: SHA-256 is"))
  }

  @Test func exitCodesAreAsPromised() throws {
    let box = try DetectSandbox(shards: 1)
    #expect(try box.run(["s0.safetensors", "--fail-on-flag", "--rate", "0.9"]).status == 1)
    #expect(try box.run(["s0.safetensors", "--fail-on-flag", "--rate", "0.001"]).status == 0)
    #expect(try box.run(["s0.safetensors", "--rate", "1"]).status == 2)
    try box.folder.write("x", to: "bad.safetensors")
    #expect(try box.run(["s0.safetensors", "bad.safetensors"]).status == 0)
    #expect(try box.run(["bad.safetensors"]).status == 3)
    #expect(try box.run(["s0.safetensors", "--part", "3/2", "-o", "x"]).status == 2)
    #expect(try box.run(["s0.safetensors", "--merge", "-o", "x"]).status == 2)
    let merge = try box.sandbox.run(
      [
        "detect", "--merge", "a", "-o", "x", "--localise", "all", "--threads", "2",
        "--checkpoint", "3",
      ])
    #expect(merge.status == 2)
    #expect(
      merge.error.contains("--merge goes without --threads, --localise, --checkpoint"), "\(merge)")
    #expect(try box.run(["s0.safetensors", "gone.safetensors"]).status == 4)
    #expect(try box.run(["s0.safetensors", "--codes"]).status == 2)
    let other = try box.sandbox.run(
      ["detect", "--detector", "sae/cfg.json", "--sae", "sae", "s0.safetensors"])
    #expect(other.status == 3)
    let gone = try box.sandbox.run(
      ["detect", "--detector", "gone.json", "--sae", "sae", "s0.safetensors"])
    #expect(gone.status == 4)
    try box.folder.write("x", to: "file")
    #expect(try box.run(["s0.safetensors", "-o", "file"]).status == 4)
  }

  @Test func aSecondRunOnAFolderGoesOnOrRefuses() throws {
    let box = try DetectSandbox(shards: 2)
    let first = try box.run(["s0.safetensors", "-o", "out"])
    let second = try box.run(["s0.safetensors", "-o", "out"])
    #expect(first.status == 0 && second.output == first.output)
    let other = try box.run(["s1.safetensors", "-o", "out"])
    #expect(other.status == 3)
    #expect(other.error.contains("holds another run, which differs in the list of shards"))
  }

  @Test func reportsAreAsRecorded() throws {
    let box = try DetectSandbox(shards: 1, documents: 4)
    let result = try box.run(["s0.safetensors", "--rate", "0.1"])
    try box.sandbox.snapshot(result.output, "detect.txt")
  }

  @Test func killsCostNothing() throws {
    let box = try DetectSandbox(shards: 30, documents: 40)
    let script = Tool.checkout + "/Scripts/check-kill.sh"
    let arguments = [try Tool.path(), "kills", "20", "20261121"] + (try box.shards)
    let options = ["--detector", "detector.json", "--sae", "sae", "--checkpoint", "7"]
    let result = try Tool.run(script, arguments + options, in: box.folder.path)
    #expect(result.status == 0, "\(result.error)")
    #expect(result.output.hasSuffix(": equal\n"), "\(result.output)")
    #expect(result.output.hasPrefix("20 kills "), "\(result.output)")
  }
}
