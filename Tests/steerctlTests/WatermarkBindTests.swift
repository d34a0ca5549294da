import Formats
import Foundation
import SAE
import Steering
import TestSupport
import Testing
import Watermark

@Suite struct WatermarkBindTests {
  private static let refused =
    "bank 'toy' is bound to no dictionary, expected one that 'steerctl watermark bind' has bound to"
    + " the weights that it reads and steers"

  @Test func anUnboundBankMarksAndFindsNothing() throws {
    let marks = try MarkSandbox()
    try marks.key("a", seed: 1)
    try marks.write("texts", count: 2, seed: 13)
    try marks.folder.write("", to: "none.jsonl")
    let dictionary = ["--sae", "wide"]
    for arguments in [
      ["key", "new", "-o", "new.json"],
      ["plan", "--key", "a.json", "--document", "x"] + dictionary,
      ["calibrate", "texts.safetensors"] + dictionary,
      ["calibrate", "texts.safetensors", "--codes"], ["calibrate", "none.jsonl", "--replay"],
      ["detect", "texts.safetensors", "--key", "a.json", "--document", "x"] + dictionary,
      ["detect", "texts.safetensors", "--key", "a.json", "--document", "x", "--codes"],
      ["detect", "none.jsonl", "--replay"],
    ] {
      let result = try marks.run(arguments + ["--bank", "unbound"])
      #expect(result.status == 3, "\(arguments)")
      #expect(result.error == "steerctl: error: \(Self.refused)\n", "\(arguments)")
    }
    #expect(!FileManager.default.fileExists(atPath: marks.folder.file("new.json")))
  }

  @Test func bindingIsDoneOnce() throws {
    let marks = try MarkSandbox()
    let bind = ["bind", "--bank", "unbound", "--sae", "wide"]
    let first = try marks.run(bind + ["--json"])
    #expect(first.status == 0 && first.error.isEmpty, "\(first.error)")
    let summary = try JSONValue.parse(text: first.output)
    #expect(summary["bank"]?.asString == marks.bank.fingerprint)
    #expect(summary["changed"]?.asBool == true && summary["output"]?.asString == "unbound")
    let path = marks.folder.file("unbound")
    #expect(try WatermarkBank(path: path) == marks.bank)
    #expect(try FileManager.default.contentsOfDirectory(atPath: path) == ["bank.json"])
    // It makes keys now, and is calibrated without a change of its fingerprint.
    let key = try marks.run(["key", "new", "-o", "new.json", "--bank", "unbound"])
    #expect(key.status == 0, "\(key.error)")
    try marks.write("null", count: 4, seed: 13)
    let calibrated = try marks.run(
      ["calibrate", "null.safetensors", "--sae", "wide", "--bank", "unbound"])
    #expect(calibrated.status == 0, "\(calibrated.error)")
    let bank = try WatermarkBank(path: path)
    #expect(bank.fingerprint == marks.bank.fingerprint && bank.nulls?.documentCount == 4)
    // Again: nothing is written, null scores stay, and a copy is a whole bank.
    let before = try marks.folder.bytes("unbound/bank.json")
    let again = try marks.run(bind)
    #expect(again.status == 0 && again.output.contains("was bound to it already"))
    #expect(!again.output.contains("wrote"))
    #expect(try marks.folder.bytes("unbound/bank.json") == before)
    let copy = try marks.run(bind + ["-o", "copy"])
    #expect(copy.status == 0 && copy.output.contains("wrote copy"), "\(copy.error)")
    #expect(try WatermarkBank(path: marks.folder.file("copy")) == bank)
  }

  @Test func otherDictionariesAreRefused() throws {
    let marks = try MarkSandbox()
    let before = try marks.folder.bytes("bank/bank.json")
    let sizes = try marks.run(["bind", "--sae", "sae"] + marks.inBank)
    #expect(sizes.status == 3 && sizes.error.contains("expected 128"), "\(sizes.error)")
    // One weight of a decoder row, which is steered and not read.
    let weights = try SafetensorsFile.open(
      try MappedFile.open(marks.folder.file("wide/sae_weights.safetensors")))
    let decoder = try #require(weights["W_dec"])
    var bytes = try marks.folder.bytes("wide/sae_weights.safetensors")
    bytes[decoder.byteOffset] ^= 1
    try marks.folder.write(bytes, to: "wide/sae_weights.safetensors")
    let other = try marks.run(["bind", "--sae", "wide"] + marks.inBank)
    #expect(
      other.status == 3 && other.error.contains("has steered rows of digest"), "\(other.error)")
    #expect(try marks.folder.bytes("bank/bank.json") == before)
    let bundled = try marks.run(["bind", "--sae", "wide"])
    #expect(bundled.status == 2 && bundled.error.contains("expected --output FOLDER"))
  }
}
