import Foundation
import Formats
import TestSupport
import Testing

@Suite struct DefaultBundleTests {
  @Test func theFirstCommandOfTheManualWorks() throws {
    let folder = try TemporaryFolder()
    let result = try Tool.run(["apply", "--feature", "1234", "--alpha", "4"], in: folder.path)
    #expect(result.status == 0, "\(result.error)")
    let steered = try folder.bytes("activations.steered.safetensors")
    let original = try Data(
      contentsOf: URL(fileURLWithPath: Tool.checkout + "/default/activations.safetensors"))
    #expect(steered.count == original.count)
    #expect(!steered.elementsEqual(original))
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder.path)
        == ["activations.steered.safetensors"])
    #expect(result.output.contains("apply · gemma-3-270m-layer12-topk32-4096"))
    #expect(result.output.contains("add 4 × decoder row"))
    #expect(result.output.contains("wrote         activations.steered.safetensors"))
  }

  @Test func encodeShowsTheKnownFit() throws {
    let result = try Tool.run(["encode"])
    #expect(result.status == 0, "\(result.error)")
    let line = try #require(
      result.output.split(separator: "\n").first {
        $0.hasPrefix("  ordinary ") && $0.contains("0.")
      })
    let cells = line.split(separator: " ").map(String.init)
    #expect(cells.contains("32.00"), "\(line)")
    #expect(cells.contains { $0.hasPrefix("0.195") }, "\(line)")
  }

  @Test func featuresAndInspectWork() throws {
    let features = try Tool.run(["features", "1234"])
    #expect(features.status == 0, "\(features.error)")
    #expect(features.output.contains("feature 1234 · gemma-3-270m-layer12-topk32-4096"))
    #expect(features.output.contains("fires on"))
    let inspect = try Tool.run(["inspect"])
    #expect(inspect.status == 0, "\(inspect.error)")
    #expect(inspect.output.contains("autoencoder, topK, k = 32"))
    #expect(inspect.output.contains("4,096 features, rows of 640"))
  }

  @Test func theBundledBankMarksAndJudges() throws {
    let folder = try TemporaryFolder()
    func done(_ arguments: [String]) throws {
      let result = try Tool.run(["watermark"] + arguments, in: folder.path)
      #expect(result.status == 0, "\(result.error)")
    }
    try done(["key", "new", "--output", "key.json", "--documents", "given"])
    try done([
      "plan", "--key", "key.json", "--document", "letter-17", "--output", "plan.json",
    ])
    let plan = try JSONValue.read(path: folder.file("plan.json"))
    #expect(plan["interventions"]?.asArray?.count == 8)
    #expect(plan["scope"]?["phase"]?.asString == "generated")
    try done([
      "detect", Tool.checkout + "/default/activations.safetensors", "--key", "key.json",
      "--document", "letter-17", "--output", "verdicts.jsonl",
    ])
    let lines = try folder.bytes("verdicts.jsonl").split(separator: UInt8(ascii: "\n"))
    let verdicts = try lines.map {
      try #require(try JSONValue.parse(Array($0))["verdict"])
    }
    let judged = verdicts.filter { $0["limit"]?.asString == nil }
    #expect(judged.count >= 24)
    #expect(judged.allSatisfy { $0["p"]?.asDouble.map { $0 > 0 && $0 <= 1 } == true })
    #expect(judged.filter { $0["flagged"] == .bool(true) }.count * 4 < judged.count)
  }

  @Test func aMissingBundleSaysWhatToDo() throws {
    for verb in [
      ["encode"], ["inspect"], ["features", "1"], ["apply", "--feature", "1", "--alpha", "1"],
    ] {
      let result = try Tool.run(verb, environment: ["STEERING_DEFAULT": "/nonexistent"])
      #expect(result.status == 4)
      #expect(
        result.error == "steerctl: error: no bundled default found (looked in /nonexistent): give"
          + " --sae and --activations, or set STEERING_DEFAULT to the folder with its"
          + " manifest.json\n")
    }
  }

  @Test func aDamagedBundleIsRefused() throws {
    let folder = try TemporaryFolder()
    func complaint(_ manifest: String) throws -> String {
      try folder.write(manifest, to: "manifest.json")
      let result = try Tool.run(["inspect"], environment: ["STEERING_DEFAULT": folder.path])
      #expect(result.status == 3 || result.status == 4)
      return result.error
    }
    #expect(try complaint("{}").contains("expected the keys dictionary, activations and files"))
    let files = #"{"dictionary": "d", "activations": "a", "files": [{"path": "a", "bytes": 3}]}"#
    #expect(try complaint(files).contains("a is missing"))
    try folder.write("four", to: "a")
    #expect(try complaint(files).contains("a has 4 bytes, expected 3 from manifest.json"))
  }

  @Test func manifestDescribesEveryFile() throws {
    let folder = Tool.checkout + "/default"
    let manifest = try JSONValue.read(path: folder + "/manifest.json")
    let files = try #require(manifest["files"]?.asArray)
    #expect(files.count >= 3)
    for file in files {
      let path = try #require(file["path"]?.asString)
      let expected = try #require(file["sha256"]?.asString)
      let result = try Tool.run("/usr/bin/sha256sum", [folder + "/" + path])
      #expect(result.output.split(separator: " ").first.map(String.init) == expected, "\(path)")
      for key in ["source", "licence"] { #expect(file[key]?.asString?.isEmpty == false) }
    }
    let listed = Set(files.compactMap { $0["path"]?.asString })
    let found = try #require(FileManager.default.enumerator(atPath: folder))
    for case let name as String in found {
      var isFolder: ObjCBool = false
      _ = FileManager.default.fileExists(atPath: folder + "/" + name, isDirectory: &isFolder)
      guard !isFolder.boolValue, name != "manifest.json", name != "NOTICE" else { continue }
      #expect(listed.contains(name), "\(name) is not in the manifest")
    }
  }
}
