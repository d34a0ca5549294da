import Detector
import Glibc
import SAE
import Steering
import TestSupport
import Testing
import Watermark

@Suite struct KeyedBankTests {
  private static func nulls() throws -> ReplayNulls {
    try ReplayNulls(
      samples: (0..<100).map { (tokens: 20 + $0 % 10, z: Double($0) / 10) }, strength: 2,
      minimumPerBucket: 100)
  }

  private static func keyed(
    _ bank: WatermarkBank, retired: Int? = nil, scheme: DocumentScheme = .given
  ) throws -> KeyedBank {
    try KeyedBank(
      dictionary: try TestBank.dictionary(), bank: bank,
      key: try testKey(retired: retired, bank: bank.fingerprint, documents: scheme))
  }

  @Test func plansAreThoseOfTheBank() throws {
    // Choices that cost something: a replay must not forget what they cost.
    let bank = try TestBank.calibrated().with(replay: try Self.nulls())
    let keyed = try Self.keyed(bank)
    let expected = try Plan(
      try bank.plan(key: keyed.key, document: .given("a"), strength: 2),
      dictionary: keyed.dictionary)
    let fingerprint = try expected.fingerprint()
    #expect(try keyed.plan(of: .given("a"), strength: 2).fingerprint() == fingerprint)
    #expect(try keyed.replayPlan(of: .given("a"), strength: 2).fingerprint() == fingerprint)
    #expect(try keyed.plan(of: .given("a")).fingerprint() != fingerprint)
    #expect(try keyed.plan(of: .given("b"), strength: 2).fingerprint() != fingerprint)
    #expect(refusal { () throws(SteeringError) in try keyed.plan(of: .constant) } != nil)
    #expect(refusal { () throws(SteeringError) in try keyed.replayPlan(of: .constant) } != nil)
    var detector = try keyed.detector(of: .given("a")).detector
    // Its fingerprint is over the features that it reads, which are not all of the bank's.
    let dictionary = try TestBank.dictionary()
    #expect(throws: Never.self) { try dictionary.check(detector) }
    #expect(!detector.dictionary.fingerprint.isEmpty)
    #expect(detector.dictionary.fingerprint != bank.detector.dictionary.fingerprint)
    detector.dictionary.fingerprint = ""
    #expect(detector == (try bank.detector(key: keyed.key, document: .given("a"))))
    #expect(detector.structures.map(\.name) == ["watermark"])
  }

  @Test func replaysLeaveOutWhatChoicesHaveInCommon() throws {
    let bank = try TestBank.costly((0..<40).map { Double($0 % 7) / 100 - 0.03 }, draws: 16)
    let key = try testKey(bank: bank.fingerprint, documents: .given)
    let keyed = try KeyedBank(
      dictionary: try TestBank.dictionary(featureCount: 128), bank: bank, key: key)
    let lean = bank.lean(count: key.count)
    for number in 0..<20 {
      let document = DocumentIdentifier.given("text \(number)")
      let choice = try bank.selection(key: key, document: document)
      let steps = Dictionary(uniqueKeysWithValues: zip(choice.entries, choice.signs))
      let interventions = bank.entries.indices.map {
        Intervention(
          feature: bank.entries[$0].feature, mode: .add, strength: .unit,
          alpha: (Double(steps[$0] ?? 0) - lean[$0]) * 2 * bank.entries[$0].alpha)
      }
      let expected = try Plan(
        PlanDocument(interventions, scope: Scope(phase: .generated)),
        dictionary: keyed.dictionary)
      #expect(
        try keyed.replayPlan(of: document, strength: 2).fingerprint() == expected.fingerprint())
    }
  }

  @Test func aRetiredKeyDetectsAndPlansNoMore() throws {
    let keyed = try Self.keyed(try TestBank.calibrated(), retired: 1_700_000_001)
    let error = try #require(
      refusal { () throws(SteeringError) in try keyed.plan(of: .given("a")) })
    #expect(error.code == .invalidArgument && error.message.contains("retired"))
    #expect(refusal { () throws(SteeringError) in try keyed.replayPlan(of: .given("a")) } == nil)
    #expect(refusal { () throws(SteeringError) in try keyed.detector(of: .given("a")) } == nil)
  }

  @Test func whatDoesNotBelongTogetherIsRefused() throws {
    let bank = try TestBank.bare()
    let key = try testKey(bank: bank.fingerprint)
    let other = try TestBank.dictionary(featureCount: 65)
    let shape = try #require(
      refusal { () throws(SteeringError) in
        try KeyedBank(dictionary: other, bank: bank, key: key)
      })
    #expect(shape.code == .shapeMismatch)
    let dictionary = try TestBank.dictionary()
    let stranger = try testKey()
    let argument = try #require(
      refusal { () throws(SteeringError) in
        try KeyedBank(dictionary: dictionary, bank: bank, key: stranger)
      })
    #expect(argument.code == .invalidArgument)
    let keyed = try Self.keyed(bank)
    #expect(refusal { () throws(SteeringError) in try keyed.detector(of: .given("a")) } != nil)
    #expect(
      refusal { () throws(SteeringError) in try keyed.verdict(of: ReplayReading()) } != nil)
    #expect(!"\(keyed)".contains("6465"))  // the secret's first bytes
    #expect("\(keyed)".contains("key-1") && "\(keyed)".contains("trial"))
  }

  @Test func replaysAreComparedWithTextsOfTheirLength() throws {
    let keyed = try Self.keyed(try TestBank.bare().with(replay: try Self.nulls()))
    func verdict(_ tokens: Int, z: Double, rate: Double = 0.05) throws -> ReplayVerdict {
      try keyed.verdict(
        of: ReplayReading(
          tokens: tokens, innovation: 2 * z, variance: 4, logRatio: z / 2, strength: 2),
        rate: rate)
    }
    // 5.0 to 9.9 are 50 of the 100 null values.
    #expect(try verdict(25, z: 5).p == 51.0 / 101)
    #expect(try verdict(25, z: 5).isFlagged == false)
    #expect(try verdict(25, z: 5, rate: 0.6).isFlagged)
    #expect(try verdict(25, z: 10).p == 1.0 / 101)
    #expect(try verdict(25, z: 10).isFlagged)
    #expect(try verdict(25, z: 10).limit == nil)
    #expect(try verdict(25, z: 10).anytimeP == exp(-5))
    #expect(try verdict(25, z: -1).anytimeP == 1)
    for (tokens, limit) in [(0, Verdict.Limit.empty), (19, .tooShort), (30, .tooLong)] {
      let found = try verdict(tokens, z: 10)
      #expect(found.p == nil && !found.isFlagged && found.limit == limit, "\(tokens) tokens")
    }
    let error = refusal { () throws(SteeringError) in
      try keyed.verdict(of: ReplayReading(tokens: 25, innovation: 2, variance: 4))
    }
    #expect(error?.code == .invalidArgument && error?.message.contains("expected 2.0") == true)
  }
}
