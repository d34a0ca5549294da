import Formats
import Foundation
import TestSupport
import Testing
import Watermark

@Suite struct WatermarkOutputTests {
  private func mode(_ path: String) throws -> Int {
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    return try #require(attributes[.posixPermissions] as? Int)
  }

  @Test func nothingThatIsReadIsReplaced() throws {
    let marks = try MarkSandbox()
    try marks.key("a", seed: 1)
    try marks.write("texts", count: 2, seed: 13)
    try marks.write("null", count: 4, seed: 14)
    #expect(
      try marks.run(["calibrate", "null.safetensors", "--sae", "wide"] + marks.inBank).status == 0)
    try marks.folder.write("how it was made", to: "bank/notes.txt")
    let nulls = try #require(
      try FileManager.default.contentsOfDirectory(atPath: marks.folder.file("bank"))
        .first { $0.hasPrefix("null-") })
    let read = [
      "a.json", "bank/bank.json", "bank/\(nulls)", "bank/notes.txt", "wide/cfg.json",
      "wide/sae_weights.safetensors",
    ]
    let rest = ["--key", "a.json", "--document", "x", "--sae", "wide"] + marks.inBank
    for path in read + ["texts.safetensors", "texts.documents.jsonl"] {
      let before = try marks.folder.bytes(path)
      let found = try marks.run(["detect", "texts.safetensors", "-o", path] + rest)
      #expect(
        found.status == 3 && found.error.contains("\(path) is a file being read"),
        "\(path): \(found.error)")
      if read.contains(path) {
        let plan = try marks.run(["plan", "-o", path] + rest)
        #expect(
          plan.status == 3 && plan.error.contains("\(path) is a file being read"),
          "\(path): \(plan.error)")
      }
      #expect(try marks.folder.bytes(path) == before)
    }
  }

  @Test func plansAreForTheirOwnerAlone() throws {
    let marks = try MarkSandbox()
    try marks.key("a", seed: 1)
    let base = ["plan", "--key", "a.json", "--document", "x", "--sae", "wide"] + marks.inBank
    for existing in [false, true] {
      if existing {
        try FileManager.default.setAttributes(
          [.posixPermissions: 0o644], ofItemAtPath: marks.folder.file("plan.json"))
      }
      let result = try marks.run(base + ["-o", "plan.json"])
      #expect(result.status == 0, "\(result.error)")
      #expect(try mode(marks.folder.file("plan.json")) == 0o600)
    }
  }

  @Test func calibrationsAreCheckedBeforeTheWork() throws {
    let marks = try MarkSandbox()
    let calibrate = ["calibrate", "none.safetensors", "--sae", "wide"] + marks.inBank
    try marks.folder.write("", to: "plain")
    for (output, status, message) in [
      ("plain", Int32(3), "holds no bank.json"), ("wide", 3, "holds no bank.json"),
      ("none/new", 4, "none/new"),
    ] {
      let result = try marks.run(calibrate + ["-o", output])
      #expect(
        result.status == status && result.error.contains(message)
          && !result.error.contains("none.safetensors"), "\(result.error)")
    }
    try marks.write("null", count: 4, seed: 13)
    #expect(
      try marks.run(["calibrate", "null.safetensors", "--sae", "wide"] + marks.inBank).status == 0)
    let nulls = try #require(
      try FileManager.default.contentsOfDirectory(atPath: marks.folder.file("bank"))
        .first { $0.hasPrefix("null-") })
    let own = try marks.run(
      ["calibrate", "bank/\(nulls)", "--sae", "wide"] + marks.inBank)
    #expect(own.status == 3 && own.error.contains("is a file being read"), "\(own.error)")
    let bundled = try marks.run(["calibrate", "null.safetensors", "--sae", "wide"])
    #expect(bundled.status == 2 && bundled.error.contains("expected --output FOLDER"))
  }

  @Test(arguments: [
    (["key", "new", "-o", "-", "--bank", "bank"], "--output is standard output"),
    (["key", "new", "-o", "/dev/stdout", "--bank", "bank"], "--output is standard output"),
    (["key", "rotate", "a.json", "-o", "-"], "--output is standard output"),
    (["key", "new", "-o", "k.json", "--documents", "window:0"], "--documents"),
    (["key", "new", "-o", "k.json", "--documents", "window:1000000001"], "--documents"),
    (["plan", "--key", "a.json", "--document", "", "--sae", "wide"], "--document is empty"),
    (["plan", "--key", "a.json", "--prompt", "", "--sae", "wide"], "--prompt is empty"),
    (
      ["detect", "texts.safetensors", "--key", "a.json", "--document", ""],
      "--document is empty"
    ),
  ])
  func usageIsRefused(_ arguments: [String], _ message: String) throws {
    let marks = try MarkSandbox()
    try marks.key("a", seed: 1)
    let result = try marks.run(arguments)
    #expect(result.status == 2 && result.error.contains(message), "\(result.error)")
    #expect(!FileManager.default.fileExists(atPath: marks.folder.file("-")))
    #expect(!FileManager.default.fileExists(atPath: marks.folder.file("k.json")))
  }

  @Test func keysOfOneNameAndTextsWithoutAreRefused() throws {
    let marks = try MarkSandbox()
    #expect(try marks.calibrate().status == 0)
    try marks.key("a", seed: 1)
    try FileManager.default.moveItem(
      atPath: marks.folder.file("a.json"), toPath: marks.folder.file("old.json"))
    try marks.key("a", seed: 2)
    try marks.write("texts", count: 2, seed: 13)
    let base = ["detect", "texts.safetensors", "--sae", "wide"] + marks.inBank
    let twice = try marks.run(base + ["--key", "old.json", "--key", "a.json"])
    #expect(
      twice.status == 3
        && twice.error.contains("the keys of old.json and a.json are both called 'a'"),
      "\(twice.error)")
    let keys = try ["old.json", "a.json"].map {
      try WatermarkKey.read(path: marks.folder.file($0))
    }
    let bank = try WatermarkBank(path: marks.folder.file("bank"))
    #expect(throws: (any Error).self) {
      try MarkDetectionRun(bank: bank, keys: keys, identifiers: MarkIdentifiers(name: "x"))
    }
    let documents = String(
      decoding: try marks.folder.bytes("texts.documents.jsonl"), as: UTF8.self)
    try marks.folder.write(
      documents.replacing("\"id\":\"texts-0\"", with: "\"id\":\"\""), to: "texts.documents.jsonl")
    let nameless = try marks.run(base + ["--key", "a.json"])
    #expect(nameless.status == 3 && nameless.error.contains("is empty"), "\(nameless.error)")
    try marks.folder.write(documents, to: "texts.documents.jsonl")
    // Three windows of one key and one name of another: no product of keys and names.
    try marks.key("timed", seed: 4, documents: .window(seconds: 60))
    let uneven = try marks.run(
      base + ["--key", "a.json", "--document", "x", "--key", "timed.json", "--time", "0..120"])
    #expect(uneven.output.contains("best of 4 candidates of 2 keys"), "\(uneven.error)")
  }
}
