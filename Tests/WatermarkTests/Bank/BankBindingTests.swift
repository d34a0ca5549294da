import Detector
import Foundation
import SAE
import Steering
import TestSupport
import Testing
import Watermark

@Suite struct BankBindingTests {
  private static func message<T>(_ body: () throws(SteeringError) -> T) -> String? {
    let error = refusal(body)
    #expect(error == nil || error?.code == .invalidArgument)
    return error?.message
  }

  /// The bank without what it says of its dictionary, or with one half of it.
  private static func part(fingerprint: Bool, steering: Bool) throws -> WatermarkBank {
    let bank = try TestBank.bare()
    var detector = bank.detector
    if !fingerprint { detector.dictionary.fingerprint = "" }
    return try WatermarkBank(
      detector: detector, entries: bank.entries, defaultCount: bank.defaultCount,
      draws: bank.draws, steering: steering ? bank.steering : nil)
  }

  @Test(arguments: [(false, false), (true, false), (false, true)])
  func anUnboundBankTakesNoPart(_ fingerprint: Bool, _ steering: Bool) throws {
    let bank = try Self.part(fingerprint: fingerprint, steering: steering)
    let dictionary = try TestBank.dictionary()
    let key = try testKey(bank: bank.fingerprint)
    let nulls = try TestBank.calibrated(420).nulls
    let expected =
      "bank 'trial' is bound to no dictionary, expected one that 'steerctl watermark bind' has bound"
      + " to the weights that it reads and steers"
    let codes = DocumentSource.codes(featureCount: TestBank.featureCount, dictionary: "")
    let refusals: [String?] = [
      Self.message { () throws(SteeringError) in try bank.check(dictionary) },
      Self.message { () throws(SteeringError) in try bank.check(key) },
      Self.message { () throws(SteeringError) in
        try WatermarkKey(id: "new", created: 1, bank: bank, documents: .given)
      },
      Self.message { () throws(SteeringError) in
        try bank.plan(key: key, document: .given("text"))
      },
      Self.message { () throws(SteeringError) in
        try KeyedBank(dictionary: dictionary, bank: bank, key: key)
      },
      Self.message { () throws(SteeringError) in
        try bank.calibrated(shards: ["none"], source: .rows(dictionary))
      },
      Self.message { () throws(SteeringError) in
        try bank.calibrated(shards: ["none"], source: codes)
      },
      Self.message { () throws(SteeringError) in try bank.calibratedReplay(paths: ["none"]) },
      Self.message { () throws(SteeringError) in
        try bank.judgeReplay(paths: ["none"]) { (_: MarkFinding) throws(SteeringError) in }
      },
      Self.message { () throws(SteeringError) in
        try MarkDetectionRun(bank: bank, keys: [key], identifiers: MarkIdentifiers(name: "x"))
      },
    ]
    for (place, message) in refusals.enumerated() { #expect(message == expected, "\(place)") }
    #expect(
      Self.message { () throws(SteeringError) in try bank.with(nulls: nulls) }
        == "'null scores' is there, expected none in a bank that is bound to no dictionary")
    // Bound, it is the bank that was bound in one go.
    #expect(try bank.bound(to: dictionary) == (try TestBank.bare()))
    #expect(bank.fingerprint != (try TestBank.bare()).fingerprint)
  }

  @Test func bindingAgainChangesNothingAndOtherWeightsAreRefused() throws {
    let dictionary = try TestBank.dictionary()
    let bank = try TestBank.calibrated(420)
    #expect(try bank.bound(to: dictionary) == bank)
    let foreign = try SparseDictionary(
      RandomDictionary(featureCount: TestBank.featureCount, width: 4, seed: 6).parts(.relu))
    #expect(
      Self.message { () throws(SteeringError) in try bank.bound(to: foreign) }?
        .contains("has fingerprint") == true)
    // What half of a bank says is held to, too.
    for (fingerprint, steering, expected) in [
      (true, false, "has fingerprint"), (false, true, "has steered rows of digest"),
    ] {
      let half = try Self.part(fingerprint: fingerprint, steering: steering)
      #expect(
        Self.message { () throws(SteeringError) in try half.bound(to: foreign) }?
          .contains(expected) == true)
    }
    let small = try TestBank.dictionary(featureCount: 63)
    let bare = try TestBank.unbound()
    #expect(
      refusal { () throws(SteeringError) in try bare.bound(to: small) }?.code == .shapeMismatch)
  }

  @Test func nullScoresOfUnboundBanksAreNotRead() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("bank")
    try TestBank.calibrated(420).write(to: path)
    let text = String(decoding: try folder.bytes("bank/bank.json"), as: UTF8.self)
    let member = try #require(
      text.range(of: #""steering": "[0-9a-f]{64}", *"#, options: .regularExpression))
    try folder.write(text.replacingCharacters(in: member, with: ""), to: "bank/bank.json")
    let error = refusal { () throws(SteeringError) in try WatermarkBank(path: path) }
    #expect(error?.code == .malformedFile)
    #expect(
      error?.message
        == "\(path)/bank.json: field 'null' is there, expected none where 'steering' or"
        + " 'detector.dictionary.fingerprint' is missing: a bank is bound to its dictionary, and"
        + " calibrated afterwards")
  }

  /// Both digests are those that another implementation made.
  @Test func digestsAreThoseOfTheVectors() throws {
    let folder = try TemporaryFolder()
    let vectors = KeyVector.folder("host")
    for (name, source) in [("bound", "bare.json"), ("unbound", "unbound.json")] {
      try FileManager.default.createDirectory(
        atPath: folder.file(name), withIntermediateDirectories: true)
      try FileManager.default.copyItem(
        atPath: "\(vectors)/\(source)", toPath: folder.file("\(name)/bank.json"))
    }
    let bound = try WatermarkBank(path: folder.file("bound"))
    let unbound = try WatermarkBank(path: folder.file("unbound"))
    #expect(bound.isBound && !unbound.isBound)
    let dictionary = try SparseDictionary.open("\(vectors)/sae")
    #expect(try unbound.bound(to: dictionary) == bound)
    let file = [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(vectors)/key-given.json")))
    let key = try WatermarkKey.read(file, name: "key-given.json")
    #expect(refusal { () throws(SteeringError) in try bound.check(key) } == nil)
  }
}
