import Formats
import Foundation
import Steering
import TestSupport
import Testing
import Watermark

@Suite struct WatermarkKeyTests {
  /// The digits of the secret in a key's file.
  private func secret(_ folder: TemporaryFolder, _ name: String) throws -> String {
    let value = try JSONValue.parse(try folder.bytes(name))
    return try #require(value["secret"]?.asString)
  }

  private func mode(_ path: String) throws -> Int {
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    return try #require(attributes[.posixPermissions] as? Int)
  }

  @Test func newShowRotateRetire() throws {
    let marks = try MarkSandbox()
    let new = try marks.run(
      ["key", "new", "-o", "spring.json", "--documents", "window:3600"] + marks.inBank)
    #expect(new.status == 0, "\(new.error)")
    #expect(new.output.contains("watermark key new · spring") && new.error.isEmpty)
    #expect(try mode(marks.folder.file("spring.json")) == 0o600)
    let spring = try WatermarkKey.read(path: marks.folder.file("spring.json"))
    #expect(spring.id == "spring" && spring.count == MarkSandbox.count)
    #expect(spring.documents == .window(seconds: 3600) && spring.bank == marks.bank.fingerprint)
    let rotated = try marks.run(["key", "rotate", "spring.json", "-o", "autumn.json"])
    #expect(rotated.status == 0, "\(rotated.error)")
    let old = try WatermarkKey.read(path: marks.folder.file("spring.json"))
    let autumn = try WatermarkKey.read(path: marks.folder.file("autumn.json"))
    #expect(old.retired != nil && old.fingerprint == spring.fingerprint)
    #expect(autumn.retired == nil && autumn.follows == "spring" && autumn.id == "autumn")
    #expect(autumn.fingerprint != spring.fingerprint && autumn.documents == spring.documents)
    let shown = try marks.run(["key", "show", "spring.json", "autumn.json"])
    #expect(shown.status == 0 && shown.output.contains(autumn.fingerprint))
    let json = try marks.run(["key", "show", "spring.json", "autumn.json", "--json"])
    let values = try #require(try JSONValue.parse(text: json.output).asArray)
    #expect(values.map { $0["id"]?.asString } == ["spring", "autumn"])
    #expect(values[0]["retired"]?.asInt == old.retired && values[1]["retired"]?.isNull == true)
    #expect(values[1]["documents"]?["seconds"]?.asInt == 3600)
    // A second time there is nothing to rotate, and nothing is written.
    let again = try marks.run(["key", "rotate", "spring.json", "-o", "winter.json"])
    #expect(again.status == 3 && again.error.contains("expected a key in use"))
    #expect(!FileManager.default.fileExists(atPath: marks.folder.file("winter.json")))
    let retired = try marks.run(["key", "retire", "autumn.json", "--json"])
    #expect(retired.status == 0, "\(retired.error)")
    #expect(try WatermarkKey.read(path: marks.folder.file("autumn.json")).retired != nil)
    let secrets = [
      try secret(marks.folder, "spring.json"), try secret(marks.folder, "autumn.json"),
    ]
    for result in [new, rotated, shown, json, again, retired] {
      for secret in secrets {
        #expect(!result.output.contains(secret) && !result.error.contains(secret))
      }
    }
  }

  @Test func nothingIsOverwritten() throws {
    let marks = try MarkSandbox()
    try marks.key("a", seed: 1)
    try marks.key("b", seed: 2)
    let before = (try marks.folder.bytes("a.json"), try marks.folder.bytes("b.json"))
    let new = try marks.run(["key", "new", "-o", "b.json"] + marks.inBank)
    #expect(new.status == 4 && new.error.contains("b.json"), "\(new.error)")
    let rotated = try marks.run(["key", "rotate", "a.json", "-o", "b.json"])
    #expect(rotated.status == 4 && rotated.error.contains("b.json"), "\(rotated.error)")
    #expect(try marks.folder.bytes("a.json") == before.0)
    #expect(try marks.folder.bytes("b.json") == before.1)
  }

  @Test func damagedAndPublicKeysAreRefused() throws {
    let marks = try MarkSandbox()
    try marks.key("a", seed: 1)
    let text = String(decoding: try marks.folder.bytes("a.json"), as: UTF8.self)
    let secret = try secret(marks.folder, "a.json")
    let cases = [
      (text.replacing("\"count\": 5", with: "\"count\": 6"), "is damaged or was changed"),
      (String(text.prefix(text.count / 2)), "is no valid JSON"),
      (text.replacing(secret, with: String(secret.dropLast())), "'secret' has 63 characters"),
    ]
    for (changed, message) in cases {
      #expect(changed != text)
      try marks.folder.write(changed, to: "changed.json")
      try FileManager.default.setAttributes(
        [.posixPermissions: 0o600], ofItemAtPath: marks.folder.file("changed.json"))
      for arguments in [
        ["key", "show", "changed.json"], ["key", "rotate", "changed.json", "-o", "new.json"],
        ["plan", "--key", "changed.json", "--document", "x", "--sae", "wide"] + marks.inBank,
        ["detect", "x.safetensors", "--key", "changed.json", "--sae", "wide"] + marks.inBank,
      ] {
        let result = try marks.run(arguments)
        #expect(result.status == 3 && result.error.contains(message), "\(result.error)")
        #expect(result.error.contains("changed.json") && result.output.isEmpty)
        #expect(!result.error.contains(secret.prefix(8)))
      }
    }
    #expect(!FileManager.default.fileExists(atPath: marks.folder.file("new.json")))
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o644], ofItemAtPath: marks.folder.file("a.json"))
    let open = try marks.run(["key", "show", "a.json"])
    #expect(open.status == 4 && open.error.contains("chmod"), "\(open.error)")
  }

  /// Only root can give a file away.
  @Test(.enabled(if: geteuid() == 0, "giving a file to another user takes root"))
  func keysOfOtherUsersAreRefused() throws {
    let marks = try MarkSandbox()
    try marks.key("a", seed: 1)
    #expect(chown(marks.folder.file("a.json"), 12_345, 12_345) == 0)
    for arguments in [
      ["key", "show", "a.json"], ["key", "retire", "a.json"],
      ["plan", "--key", "a.json", "--document", "x", "--sae", "wide"] + marks.inBank,
    ] {
      let result = try marks.run(arguments)
      #expect(
        result.status == 4
          && result.error.contains("a.json: belongs to user 12345, expected a file of user 0"),
        "\(result.error)")
    }
  }

  @Test func plansNeedTheirKeyBankAndDictionary() throws {
    let marks = try MarkSandbox()
    try marks.key("a", seed: 1)
    try marks.key("old", seed: 2, retired: 1_700_000_001)
    try marks.key("asked", seed: 3, documents: .prompt)
    try marks.key("timed", seed: 4, documents: .window(seconds: 60))
    let wide = ["--sae", "wide"]
    let cases: [([String], String)] = [
      (["a", "--document", "x", "--bank", "other-bank"] + wide, "key 'a' is for bank "),
      (["old", "--document", "x", "--bank", "bank"] + wide, "key 'old' was retired at"),
      (["a", "--document", "x", "--bank", "bank", "--sae", "sae"], "6"),
      (["a", "--bank", "bank"] + wide, "expected the document's name (--document)"),
      (["a", "--prompt", "x", "--bank", "bank"] + wide, "found a prompt, expected a key"),
      (["asked", "--bank", "bank"] + wide, "expected the exact prompt (--prompt)"),
      (["timed", "--bank", "bank"] + wide, "expected it (--time)"),
      (["timed", "--time", "0..600", "--bank", "bank"] + wide, "11 windows, expected a time"),
    ]
    for (arguments, message) in cases {
      let result = try marks.run(
        ["plan", "--key", arguments[0] + ".json"] + arguments.dropFirst() + ["-o", "plan.json"])
      #expect(result.status == 3 && result.error.contains(message), "\(result.error)")
      #expect(!FileManager.default.fileExists(atPath: marks.folder.file("plan.json")))
    }
  }

  @Test func plansAreThoseOfTheLibrary() throws {
    let marks = try MarkSandbox()
    let key = try marks.key("a", seed: 1)
    let base = ["plan", "--key", "a.json", "--document", "x", "--sae", "wide"] + marks.inBank
    let expected = try marks.bank.plan(key: key, document: .given("x"), strength: 1.5)
    let printed = try marks.run(base + ["--strength", "1.5"])
    #expect(printed.status == 0 && printed.error.isEmpty, "\(printed.error)")
    #expect(try PlanDocument(json: printed.output) == expected)
    let written = try marks.run(base + ["--strength", "1.5", "-o", "plan.json"])
    #expect(written.status == 0, "\(written.error)")
    #expect(written.output.contains("structure-\(expected.interventions[0].feature)"))
    #expect(try PlanDocument(contentsOf: marks.folder.file("plan.json")) == expected)
    let timed = try marks.key("timed", seed: 4, documents: .window(seconds: 60))
    let early = try marks.run(
      ["plan", "--key", "timed.json", "--time", "-61", "--sae", "wide"] + marks.inBank)
    #expect(
      try PlanDocument(json: early.output)
        == marks.bank.plan(key: timed, document: .window(-2)))
  }

  @Test func theBundledBank() throws {
    let marks = try MarkSandbox()
    try marks.key("a", seed: 1)
    try marks.folder.write(
      #"{"dictionary":"wide","activations":"in.safetensors","files":[],"watermark":"bank"}"#,
      to: "manifest.json")
    let base = ["watermark", "plan", "--key", "a.json", "--document", "x"]
    let bundled = try marks.sandbox.run(
      base, environment: ["STEERING_DEFAULT": marks.folder.path])
    #expect(bundled.status == 0, "\(bundled.error)")
    let given = try marks.sandbox.run(base + ["--sae", "wide"] + marks.inBank)
    #expect(!given.output.isEmpty && bundled.output == given.output)
    try marks.folder.write(
      #"{"dictionary":"wide","activations":"in.safetensors","files":[]}"#, to: "manifest.json")
    let none = try marks.sandbox.run(base, environment: ["STEERING_DEFAULT": marks.folder.path])
    #expect(
      none.status == 3
        && none.error.contains("manifest.json names no watermark bank, expected --bank FOLDER"),
      "\(none.error)")
  }

  @Test(arguments: [
    (["key", "new", "-o", "a b.json", "--bank", "bank"], "expected --id"),
    (["key", "new", "--bank", "bank"], "--output"),
    (["key", "new", "-o", "k.json", "--documents", "window:0"], "'window:0' is invalid"),
    (["key", "show"], "Missing expected argument"),
    (["plan", "--key", "k.json", "--strength", "0"], "--strength is 0.0"),
    (["plan", "--key", "k.json", "--time", "5..4"], "'5..4' is invalid"),
    (["detect", "x.safetensors"], "nothing to look for"),
    (["detect", "x.jsonl", "--replay", "--key", "k.json"], "--replay goes without --key"),
    (["detect", "x", "--key", "k.json", "--rate", "1"], "--rate is 1.0"),
    (["detect", "x", "--key", "k.json", "--json", "-o", "-"], "both want standard output"),
    (["calibrate", "x", "--replay", "--codes"], "--replay reads scored texts"),
    (["calibrate", "x", "--block", "0"], "--block is 0"),
  ])
  func usage(_ arguments: [String], _ message: String) throws {
    let sandbox = try Sandbox()
    try FileManager.default.createDirectory(
      atPath: sandbox.folder.file("bank"), withIntermediateDirectories: true)
    let result = try sandbox.run(["watermark"] + arguments)
    #expect(result.status == 2 && result.error.contains(message), "\(result.error)")
  }

  @Test(arguments: [
    ["bind"], ["key"], ["key", "new"], ["key", "rotate"], ["plan"], ["calibrate"], ["detect"],
  ])
  func help(_ verbs: [String]) throws {
    let result = try Tool.run(["watermark"] + verbs + ["--help"])
    #expect(result.status == 0 && result.error.isEmpty)
    try Snapshot.expect(
      result.output, "help-watermark-" + verbs.joined(separator: "-") + ".txt")
  }
}
