import Detector
import Steering
import TestSupport
import Testing
import Watermark

@Suite struct WatermarkBankTests {
  /// The parts of a bank, to be spoilt.
  private struct Parts {
    var detector: FittedDetector
    var entries: [WatermarkBank.Entry]
    var count: Int
  }

  private static func message(_ change: (inout Parts) -> Void) throws -> String? {
    let bank = try TestBank.bare(3)
    var parts = Parts(detector: bank.detector, entries: bank.entries, count: bank.defaultCount)
    change(&parts)
    return refusal { () throws(SteeringError) in
      try WatermarkBank(
        detector: parts.detector, entries: parts.entries, defaultCount: parts.count)
    }?.message
  }

  @Test func everyBrokenInvariantIsNamed() throws {
    func expect(_ message: String?, _ change: (inout Parts) -> Void) throws {
      #expect(try Self.message(change) == message)
    }
    try expect(nil) { _ in }
    try expect("'entries' is 0 of them, expected 1 to 4096") { $0.entries = [] }
    try expect("'detector.structures' is 3 of them, expected 2, one per entry") { parts in
      parts.entries.removeLast()
      parts.count = 1
    }
    try expect("'count' is 0, expected 1 to 3, the number of entries") { $0.count = 0 }
    try expect("'count' is 4, expected 1 to 3, the number of entries") { $0.count = 4 }
    try expect("'entries[1].feature' is 64, expected 0 to 63") { $0.entries[1].feature = 64 }
    try expect("'entries[1].feature' is -1, expected 0 to 63") { $0.entries[1].feature = -1 }
    try expect("'entries[2].feature' is 40 as entries[0].feature, expected distinct features") {
      $0.entries[2].feature = 40
    }
    try expect("'entries[0].alpha' is 0.0, expected above 0") { $0.entries[0].alpha = 0 }
    try expect("'entries[0].alpha' is inf, expected a finite number above 0") {
      $0.entries[0].alpha = .infinity
    }
    for alpha in [1e-50, 1e39] {
      try expect("'entries[0].alpha' is \(alpha), expected a number that f32 holds") {
        $0.entries[0].alpha = alpha
      }
    }
    try expect("'detector.structures[1].pooling' is max, expected mean") {
      $0.detector.structures[1].pooling = .maximum
    }
    try expect("'detector.structures[1].readout' is not linear, expected a linear readout") {
      $0.detector.structures[1].readout = .profile(
        ProfileReadout(features: [1], shares: [0.5]))
    }
    try expect("detector: 'structures[2].name' is 'entry-0' again, expected a name of its own") {
      $0.detector.structures[2].name = "entry-0"
    }
  }

  @Test func calibratedDetectorsAndForeignScoresAreRefused() throws {
    let bank = try TestBank.calibrated(420)
    var detector = try TestBank.bare(1).detector
    detector.calibration = try bank.detector(of: TestBank.selection(1)).calibration
    #expect(
      refusal { () throws(SteeringError) in
        try WatermarkBank(detector: detector, entries: [bank.entries[0]], defaultCount: 1)
      }?.message
        == "'detector.calibration' is there, expected none: a bank keeps null scores instead")
    let small = try TestBank.bare(3)
    #expect(
      refusal { () throws(SteeringError) in try small.with(nulls: bank.nulls) }?.message
        == "'null scores' is of 12 entries, expected 3")
  }

  /// What marks or scores depend on changes the fingerprint; names and null scores do not.
  @Test func fingerprintIsOfWhatMarksAndScores() throws {
    let bank = try TestBank.bare()
    let print = bank.fingerprint
    #expect(print.count == 64)
    #expect(try TestBank.bare(name: "other").fingerprint == print)
    #expect(try TestBank.calibrated(420).fingerprint == print)
    #expect(try TestBank.bare(11).fingerprint != print)
    #expect(try TestBank.bare(alphaOfFirst: 1.0.nextUp).fingerprint != print)
    func changed(_ change: (inout FittedDetector) -> Void) throws -> String {
      var detector = bank.detector
      change(&detector)
      return try WatermarkBank(
        detector: detector, entries: bank.entries, defaultCount: 3, steering: bank.steering
      ).fingerprint
    }
    #expect(try changed { _ in } == print)
    #expect(try changed { $0.masking.sinkNorm = nil } != print)
    #expect(try changed { $0.masking.skipsSpecial = false } != print)
    #expect(
      try changed { $0.dictionary.fingerprint = String(repeating: "a", count: 64) } != print)
    #expect(try changed { $0.structures.swapAt(0, 1) } != print)
    for number in 0..<6 {
      let changed = try changed { detector in
        guard case .linear(var readout) = detector.structures[3].readout else { return }
        switch number {
        case 0: readout.intercept += 1
        case 1: readout.terms[0].weight += 1
        case 2: readout.terms[0].centre += 1
        case 3: readout.terms[0].scale += 1
        case 4: readout.terms[0].reading = .magnitude
        default: readout.terms.removeLast()
        }
        detector.structures[3].readout = .linear(readout)
      }
      #expect(changed != print)
    }
  }

  @Test func keysAreCheckedAgainstTheBank() throws {
    let bank = try TestBank.bare()
    #expect(
      refusal { () throws(SteeringError) in
        try bank.check(try testKeyOrFail(bank: bank.fingerprint, count: 12))
      } == nil)
    #expect(
      refusal { () throws(SteeringError) in
        try bank.check(try testKeyOrFail(bank: bank.fingerprint, count: 13))
      }?.message == "key 'k' chooses 13 entries, expected 1 to 12, which the bank has")
    let other = String(repeating: "ab", count: 32)
    #expect(
      refusal { () throws(SteeringError) in
        try bank.check(try testKeyOrFail(bank: other, count: 3))
      }?.message
        == "key 'k' is for bank abababababababab, found bank \(bank.fingerprint.prefix(16)):"
        + " expected the bank that it was made for, or a key of this one")
  }

  @Test func plansSteerTheChosenEntries() throws {
    let bank = try TestBank.bare()
    let selection = try MarkSelection(entries: [5, 0, 9], signs: [-1, 1, 1])
    let plan = try bank.plan(of: selection, strength: 2)
    #expect(plan.scope == Scope(phase: .generated))
    #expect(
      plan.interventions == [
        Intervention(feature: 40, mode: .add, strength: .unit, alpha: 2),
        Intervention(feature: 45, mode: .add, strength: .unit, alpha: -2 * (1 + 5.0 / 8)),
        Intervention(feature: 49, mode: .add, strength: .unit, alpha: 2 * (1 + 9.0 / 8)),
      ])
    for strength in [0, -1, .nan, .infinity, 1e300, 1e-60] {
      #expect(
        refusal { () throws(SteeringError) in try bank.plan(of: selection, strength: strength) }?
          .message.hasPrefix("'strength' is \(strength)") == true)
    }
  }

  @Test func keysPlanUntilTheyAreRetired() throws {
    let bank = try TestBank.bare()
    let key = try testKey(bank: bank.fingerprint, count: 4)
    let document = DocumentIdentifier.given("text")
    #expect(
      try bank.plan(key: key, document: document)
        == (try bank.plan(of: try key.selection(of: document, among: 12))))
    let retired = try testKey(retired: 1_800_000_000, bank: bank.fingerprint, count: 4)
    #expect(
      refusal { () throws(SteeringError) in try bank.plan(key: retired, document: document) }?
        .message.contains("retired") == true)
    let calibrated = try TestBank.calibrated(420)
    #expect(
      try calibrated.detector(key: retired, document: document)
        == (try calibrated.detector(of: try key.selection(of: document, among: 12))))
    #expect(
      refusal { () throws(SteeringError) in try bank.plan(key: key, document: .constant) } != nil)
  }

  @Test func emptyNamesAreRefused() throws {
    let bank = try TestBank.bare()
    let key = try testKey(bank: bank.fingerprint, count: 3)
    for name in ["", " "] {
      let message = refusal { () throws(SteeringError) in
        try bank.selection(key: key, document: .given(name))
      }?.message
      #expect(
        name.isEmpty
          ? message?.hasPrefix("document identifier is an empty name, expected") == true
          : message == nil)
    }
  }

  /// What a bank says that it can do, its detectors can.
  @Test func abilitiesAreThoseOfItsDetectors() throws {
    let bank = try TestBank.calibrated(420)
    let nulls = try #require(bank.nulls)
    let selection = try TestBank.selection(1)
    func part(_ count: Int, withBlocks: Int) throws -> WatermarkBank {
      let counts = nulls.blockCounts.prefix(count).enumerated().map {
        $0 < withBlocks ? $1 : 0
      }
      return try bank.with(
        nulls: try NullScores(
          entryCount: 12, blockLength: nulls.blockLength,
          identities: Array(nulls.identities.prefix(count)),
          lengths: Array(nulls.lengths.prefix(count)),
          scores: Array(nulls.scores.prefix(count * 12)), blockCounts: counts,
          blocks: Array(nulls.blocks.prefix(counts.reduce(0, +) * 12))))
    }
    #expect(try TestBank.bare().canDetect == false)
    for (count, blocks) in [(399, 399), (400, 400), (400, 0), (400, 84), (400, 86), (400, 90)] {
      let bank = try part(count, withBlocks: blocks)
      let detector = try? bank.detector(of: selection)
      #expect(bank.canDetect == (detector != nil))
      #expect(bank.canDetectStreams == (detector?.calibration?.sequential != nil), "\(blocks)")
    }
    #expect(try !part(400, withBlocks: 0).canDetectStreams)
    #expect(try part(400, withBlocks: 90).canDetectStreams)
  }

  @Test func selectionsAreChecked() {
    func message(_ entries: [Int], _ signs: [Int]) -> String? {
      refusal { () throws(SteeringError) in
        try MarkSelection(entries: entries, signs: signs)
      }?.message
    }
    #expect(message([0, 3], [1, -1]) == nil)
    #expect(message([], [])?.hasPrefix("selection has 0 entries and 0 signs") == true)
    #expect(message([0], [1, 1])?.hasPrefix("selection has 1 entries and 2 signs") == true)
    #expect(message([2, 2], [1, 1])?.hasPrefix("selection has an entry twice or below 0") == true)
    #expect(message([-1], [1])?.hasPrefix("selection has an entry twice or below 0") == true)
    #expect(message([1], [.min])?.hasPrefix("selection has another sign") == true)
    #expect(message([1], [2])?.hasPrefix("selection has another sign") == true)
  }

  @Test func whatAChoiceDependsOnIsInTheFingerprint() throws {
    let print = try TestBank.costly([0.1, -0.2], draws: 3).fingerprint
    #expect(try TestBank.costly([0.1, -0.2], draws: 3).fingerprint == print)
    #expect(try TestBank.costly([0.1, -0.2], draws: 4).fingerprint != print)
    #expect(try TestBank.costly([0.1, (-0.2).nextUp], draws: 3).fingerprint != print)
  }

  @Test(arguments: [0, -1, WatermarkBank.drawLimit + 1]) func drawsHaveLimits(_ draws: Int) {
    #expect {
      try TestBank.costly([0.1], draws: draws)
    } throws: { error in
      (error as? SteeringError)?.message
        == "'draws' is \(draws), expected 1 to \(WatermarkBank.drawLimit)"
    }
  }

  @Test(arguments: [Double.nan, .infinity]) func slopesAreFinite(_ slope: Double) {
    #expect {
      try TestBank.costly([0.1, slope])
    } throws: { error in
      (error as? SteeringError)?.message
        == "'entries[1].slope' is \(slope), expected a finite number"
    }
  }

  @Test func dearChoicesAreRare() throws {
    let slopes = (0..<20).map { Double($0 % 5) / 100 }
    func cost(draws: Int) throws -> Double {
      let bank = try TestBank.costly(slopes, draws: draws)
      let key = try testKey(bank: bank.fingerprint, count: 5)
      return try (0..<400).reduce(0) { sum, number in
        let selection = try bank.selection(key: key, document: .given("text-\(number)"))
        return sum
          + zip(selection.entries, selection.signs).reduce(0) { $0 + Double($1.1) * slopes[$1.0] }
      } / 400
    }
    // One choice of two or three up has mean 0 and a deviation of √(5 · 0.0141² + 0.02²) = 0.037, about; the
    // least of 32 lies about 2.07 of them below.
    #expect(abs(try cost(draws: 1)) < 0.01)
    #expect(try cost(draws: 32) < -0.065)
  }

  private func testKeyOrFail(bank: String, count: Int) throws(SteeringError) -> WatermarkKey {
    try WatermarkKey(id: "k", created: 1, bank: bank, count: count, documents: .given)
  }
}
