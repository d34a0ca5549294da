import Detector
import Steering
import TestSupport
import Testing
import Watermark

@Suite struct MarkSearchTests {
  /// 0.1 % of binomial(1500, 2.28 %) lies outside.
  static let accepted = 17...54

  @Test func pIsThatOfTheKeyedDetector() throws {
    let bank = try TestBank.calibrated()
    let search = try MarkSearch(bank)
    let candidates = try (0..<8).map { try TestBank.candidate($0) }
    let detectors = try candidates.map { try bank.detector(of: $0.selection).scorer() }
    for document in TestBank.documents(12, seed: 5) {
      let verdict = try search.verdict(of: document, candidates: candidates)
      #expect(verdict.candidates.map(\.key) == candidates.map(\.key))
      for (candidate, detector) in zip(verdict.candidates, detectors) {
        let finding = try #require(detector.verdict(of: document).findings.first)
        #expect(candidate.p == finding.p)
        #expect(abs(candidate.score - finding.score) < 1e-11)
      }
      let smallest = try #require(verdict.candidates.compactMap(\.p).min())
      let best = try #require(verdict.bestCandidate)
      #expect(verdict.candidates[best].p == smallest)
      #expect(verdict.correctedP == min(1, 8 * smallest))
      #expect(verdict.calibratedZ == CalibratedZ.z(ofP: min(1, 8 * smallest)))
      #expect(verdict.isFlagged == (min(1, 8 * smallest) <= Verdict.defaultRate))
    }
  }

  @Test func unmarkedTextsAreFlaggedAtTheRate() throws {
    let bank = try TestBank.calibrated(2_000)
    let search = try MarkSearch(bank)
    var alone = 0
    var corrected = 0
    for (number, document) in TestBank.documents(1_500, seed: 77).enumerated() {
      let one = try TestBank.candidate(number % 40)
      if try search.verdict(of: document, candidates: [one]).isFlagged { alone += 1 }
      let many = try (0..<5).map { try TestBank.candidate((number + 7 * $0) % 40) }
      if try search.verdict(of: document, candidates: many).isFlagged { corrected += 1 }
    }
    #expect(Self.accepted.contains(alone))
    #expect(corrected <= Self.accepted.upperBound)
    #expect(corrected > 0)
  }

  @Test func markedTextsAreFoundByTheirKeyAlone() throws {
    let bank = try TestBank.calibrated(2_000)
    let search = try MarkSearch(bank)
    var found = 0
    var wrong = 0
    var best = 0
    let others = try (0..<200).map { try TestBank.candidate($0) }
    for number in 0..<200 {
      let own = others[number]
      let document = TestBank.document(
        number, length: 60, seed: 31, mark: own.selection, shift: 0.5)
      if try search.verdict(of: document, candidates: [own]).isFlagged { found += 1 }
      // A key whose choice shares no entry: what it sees is unmarked.
      let taken = Set(own.selection.entries)
      let other = try #require(others.first { taken.isDisjoint(with: $0.selection.entries) })
      if try search.verdict(of: document, candidates: [other]).isFlagged { wrong += 1 }
      let pair = try search.verdict(of: document, candidates: [other, own])
      if pair.bestCandidate == 1 { best += 1 }
    }
    #expect(found > 190)
    #expect(best > 190)
    // 0.1 % of binomial(200, 2.28 %) is above.
    #expect(wrong <= 13)
  }

  @Test func spansAreWhereTheMarkIs() throws {
    let bank = try TestBank.calibrated(1_200)
    let search = try MarkSearch(bank)
    var covered = 0
    var likeness = 0.0
    for number in 0..<40 {
      let own = try TestBank.candidate(number)
      let document = TestBank.document(
        number, length: 241, seed: 8, mark: own.selection, shift: 2, tokens: 81..<161)
      let span = try #require(try search.span(of: document, candidate: own))
      #expect(span.evidence > 0)
      // Blocks of 8 kept tokens, after one special token.
      #expect(span.range.lowerBound % 8 == 1)
      #expect(span.range.upperBound % 8 == 1)
      let common = span.range.clamped(to: 81..<161).count
      if common >= 64 { covered += 1 }
      likeness += Double(common) / Double(span.range.count + 80 - common) / 40
    }
    #expect(covered >= 38, "\(covered)")
    // The share of common tokens in those of either; the whole text would have 1/3.
    #expect(likeness > 0.7, "\(likeness)")
    var short = TestBank.document(1, length: 8, seed: 8)
    #expect(try search.span(of: short, candidate: try TestBank.candidate(0)) == nil)
    short = DocumentCodes(
      id: "empty", identity: DocumentIdentity(bits: 0), featureCount: TestBank.featureCount)
    #expect(try search.span(of: short, candidate: try TestBank.candidate(0)) == nil)
  }

  @Test func limitsSayWhyThereIsNoP() throws {
    let bank = try TestBank.calibrated(450)
    let search = try MarkSearch(bank)
    let candidates = [try TestBank.candidate(0), try TestBank.candidate(1)]
    func verdict(_ length: Int) throws -> MarkVerdict {
      try search.verdict(
        of: TestBank.document(0, length: length, seed: 3), candidates: candidates)
    }
    for (length, limit) in [(1, Verdict.Limit.empty), (10, .tooShort), (90, .tooLong)] {
      let verdict = try verdict(length)
      #expect(verdict.limit == limit)
      #expect(verdict.candidates.count == (length == 1 ? 0 : 2))
      #expect(verdict.correctedP == nil && verdict.calibratedZ == nil && !verdict.isFlagged)
      #expect(verdict.bestCandidate == nil && verdict.canFlag == nil)
    }
    #expect(try verdict(40).limit == nil)
    #expect(try verdict(40).nullCount == 450)
    #expect(try verdict(40).canFlag == true)
    let many = try search.verdict(
      of: TestBank.document(0, length: 40, seed: 3),
      candidates: Array(repeating: candidates[0], count: 11))
    #expect(many.canFlag == false)
    #expect(
      refusal { () throws(SteeringError) in
        try search.verdict(of: TestBank.document(0, length: 9), candidates: [])
      }?.message == "0 candidates, expected at least 1")
    #expect(
      refusal { () throws(SteeringError) in
        try search.verdict(of: TestBank.document(0, length: 9), candidates: candidates, rate: 1)
      }?.message == "'rate' is 1.0, expected above 0 and below 1")
    let foreign = DocumentCodes(
      id: "a", identity: DocumentIdentity(bits: 0), featureCount: TestBank.featureCount + 1)
    #expect(
      refusal { () throws(SteeringError) in
        try search.verdict(of: foreign, candidates: candidates)
      }?.code == .shapeMismatch)
    let bare = try TestBank.bare()
    #expect(refusal { () throws(SteeringError) in try MarkSearch(bare) } != nil)
    #expect(
      refusal { () throws(SteeringError) in
        try MarkSearch(bank, options: CalibrationOptions(minimumPerBucket: 451))
      }?.message == "450 null documents in the bank, expected at least 451")
  }
}
