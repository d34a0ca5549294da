import Detector
import Foundation
import Steering
import TestSupport
import Testing
import Watermark

@Suite struct BankFileTests {
  private static func bank(strength: Double = 1) throws -> WatermarkBank {
    try TestBank.calibrated(420).with(
      replay: try ReplayNulls(
        samples: (0..<50).map { (tokens: 5 + $0 % 9, z: Double($0) / 7 - 3) },
        strength: strength, minimumPerBucket: 20, maximumBuckets: 2))
  }

  private static func message(_ path: String) -> String? {
    refusal { () throws(SteeringError) in try WatermarkBank(path: path) }?.message
  }

  @Test func banksReadBackEqual() throws {
    let folder = try TemporaryFolder()
    let whole = try Self.bank()
    let variants = [
      whole, try whole.with(nulls: nil), try Self.bank(strength: 0.1), try Self.bank(strength: 3),
      try Self.bank(strength: 1.0 / 3e7), try whole.with(replay: nil), try TestBank.bare(),
    ]
    for (number, bank) in variants.enumerated() {
      let path = folder.file("bank-\(number)")
      try bank.write(to: path)
      #expect(try WatermarkBank(path: path) == bank)
      // Again, in the folder of another.
      try bank.write(to: folder.file("bank-0"))
      #expect(try WatermarkBank(path: folder.file("bank-0")) == bank)
    }
    let left = try FileManager.default.contentsOfDirectory(atPath: folder.file("bank-0"))
    #expect(left == ["bank.json"])
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        == variants.indices.map { "bank-\($0)" })
  }

  private static func nullFile(_ folder: TemporaryFolder, _ bank: String) throws -> String {
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.file(bank))
    #expect(names.count == 2)
    return try #require(names.first { $0.hasPrefix("null-") && $0.hasSuffix(".safetensors") })
  }

  /// Whenever writing ends, the folder holds one whole bank.
  @Test func interruptedWritingLeavesTheOldBank() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("bank")
    let old = try Self.bank()
    try old.write(to: path)
    let former = try Self.nullFile(folder, "bank")
    let new = try TestBank.calibrated(430, seed: 12)
    let error = refusal { () throws(SteeringError) in
      try new.write(to: path) { () throws(SteeringError) in
        throw SteeringError(.inputOutput, "stopped")
      }
    }
    #expect(error?.message == "stopped")
    #expect(try WatermarkBank(path: path) == old)
    try new.write(to: path)
    #expect(try WatermarkBank(path: path) == new)
    #expect(try Self.nullFile(folder, "bank") != former)
    // The same again names the same file, which stays.
    try new.write(to: path)
    #expect(try WatermarkBank(path: path) == new)
  }

  @Test func otherFoldersAreLeftAlone() throws {
    let folder = try TemporaryFolder()
    let bank = try TestBank.bare()
    let error = refusal { () throws(SteeringError) in try bank.write(to: folder.path) }
    #expect(
      error?.message
        == "\(folder.path) exists and holds no bank.json, expected the name of a new folder or a"
        + " bank's")
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
    #expect(Self.message(folder.path)?.contains("bank.json") == true)
  }

  @Test func everyMalformedFieldIsNamed() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("bank")
    try TestBank.bare(2).write(to: path)
    let text = String(decoding: try folder.bytes("bank/bank.json"), as: UTF8.self)
    let digest = String(repeating: "a", count: 64)
    let cases = [
      ("\"steering-watermark-bank/1\"", "\"steering-watermark-bank/2\"", "'format' is"),
      ("\"count\": 2", "\"count\": 3", "'count' is 3, expected an integer from 1 to 2"),
      ("\"count\": 2", "\"count\": \"2\"", "'count' is"),
      ("\"count\": 2,", "", "'count' is missing"),
      ("\"count\": 2", "\"count\": 2, \"more\": 1", "unknown field 'more'"),
      ("\"feature\": 40", "\"feature\": 64", "'entries[0].feature' is 64"),
      ("\"feature\": 41", "\"feature\": 40", "'entries[1].feature' is 40 as entries[0].feature"),
      ("\"alpha\": 1.125", "\"alpha\": 0", "'entries[1].alpha' is 0, expected above 0"),
      ("\"alpha\": 1.125", "\"beta\": 1", "unknown field 'entries[1].beta'"),
      ("\"pooling\": \"mean\"", "\"pooling\": \"max\"", "pooling"),
      ("\"scale\": 0.5", "\"scale\": 0", "'detector.structures[0].readout.terms[0].scale' is 0"),
      ("\"kind\": \"bank\"", "\"kind\": \"bunk\"", "'detector.kind' is"),
      ("\"count\": 2", "\"count\": 2, \"null\": {}", "'null.file' is missing"),
      (
        "\"count\": 2",
        "\"count\": 2, \"null\": {\"file\": \"../a\", \"sha256\": \"\(digest)\"}",
        "'null.file' is"
      ),
      (
        "\"count\": 2",
        "\"count\": 2, \"null\": {\"file\": \"null.safetensors\", \"sha256\": \"0g\"}",
        "'null.sha256' is"
      ),
    ]
    let original = text.replacingOccurrences(of: "\"count\": 3", with: "\"count\": 2")
    for (old, new, expected) in cases {
      let range = try #require(original.range(of: old), "\(old) is not in the file")
      try folder.write(original.replacingCharacters(in: range, with: new), to: "bank/bank.json")
      let found = Self.message(path)
      #expect(found?.contains(expected) == true, "\(new): \(found ?? "accepted")")
      #expect(found?.hasPrefix("\(path)/bank.json: ") == true)
    }
    try folder.write("[]", to: "bank/bank.json")
    #expect(Self.message(path)?.contains("bank is an array, expected an object") == true)
    for length in stride(from: 0, to: original.utf8.count - 2, by: 37) {
      try folder.write(Array(original.utf8.prefix(length)), to: "bank/bank.json")
      #expect(Self.message(path) != nil)
    }
  }

  @Test func nullScoresOfAnotherBankAreRefused() throws {
    let folder = try TemporaryFolder()
    let bank = try Self.bank()
    let path = folder.file("bank")
    try bank.write(to: path)
    let name = try Self.nullFile(folder, "bank")
    #expect(name.utf8.count == "null-.safetensors".utf8.count + 16)
    var bytes = try folder.bytes("bank/\(name)")
    bytes[bytes.count / 2] ^= 1
    try folder.write(bytes, to: "bank/\(name)")
    #expect(Self.message(path)?.contains("\(name): has SHA-256") == true)
    try folder.remove("bank/\(name)")
    #expect(Self.message(path)?.contains(name) == true)
    // The digest is right, the fingerprint is not.
    let other = try TestBank.bare(alphaOfFirst: 2).with(nulls: bank.nulls)
    try other.write(to: folder.file("other"))
    let foreign = try Self.nullFile(folder, "other")
    try folder.write(try folder.bytes("other/\(foreign)"), to: "bank/\(foreign)")
    var text = String(decoding: try folder.bytes("other/bank.json"), as: UTF8.self)
    text = text.replacingOccurrences(of: "\"alpha\": 2", with: "\"alpha\": 1")
    try folder.write(text, to: "bank/bank.json")
    let message = Self.message(path)
    #expect(message?.contains("metadata 'fingerprint' is \(other.fingerprint)") == true)
    #expect(message?.contains("another bank's null scores") == true)
  }
}
