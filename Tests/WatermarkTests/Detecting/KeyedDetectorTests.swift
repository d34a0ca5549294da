import Detector
import Formats
import Steering
import TestSupport
import Testing
import Watermark

@Suite struct KeyedDetectorTests {
  private static func statistic(
    _ selection: MarkSelection, _ bank: WatermarkBank
  ) throws -> ([Double]) -> Double {
    let nulls = try #require(bank.nulls)
    return KeyedNullTests.statistic(
      selection,
      (0..<nulls.documentCount).map { row in
        nulls.scores[row * nulls.entryCount..<(row + 1) * nulls.entryCount].map { Double($0) }
      })
  }

  @Test func scoreIsStouffersSumOfTheEntries() throws {
    let bank = try TestBank.calibrated()
    let entries = try bank.detector.scorer()
    for number in 0..<20 {
      let selection = try TestBank.selection(number, count: 1 + number % 12)
      let detector = try bank.detector(of: selection)
      #expect(detector.kind == .watermark)
      #expect(detector.structures.map(\.name) == ["watermark"])
      let keyed = try detector.scorer()
      let expected = try Self.statistic(selection, bank)
      for document in TestBank.documents(10, seed: 99) {
        let score = try #require(keyed.score(document)?.first)
        let value = expected(try #require(entries.score(document)))
        #expect(abs(score - value) <= 1e-12 * max(1, abs(value)) * 10)
      }
    }
  }

  /// A calibration has T of each null document by the moments of the others, or of all where that is more.
  @Test func nullScoresLeaveTheirDocumentOut() throws {
    let bank = try TestBank.calibrated(420)
    let nulls = try #require(bank.nulls)
    let selection = try TestBank.selection(4)
    let rows = (0..<420).map { row in
      nulls.scores[row * 12..<row * 12 + 12].map { Double($0) }
    }
    let all = KeyedNullTests.statistic(selection, rows)
    let statistic = try KeyedStatistic(selection, nulls)
    let documents = try statistic.documents(withBlocks: true)
    #expect(documents.map(\.identity) == nulls.identities)
    var block = 0
    for (row, document) in documents.enumerated() {
      var others = rows
      others.remove(at: row)
      let left = KeyedNullTests.statistic(selection, others)
      func expected(_ scores: [Double]) -> Double { max(all(scores), left(scores)) }
      #expect(abs(document.scores[0] - expected(rows[row])) < 1e-5)
      // What rounding to f32 may have taken is given back.
      #expect(document.scores[0] >= expected(rows[row]))
      for value in document.blocks {
        let scores = nulls.blocks[block * 12..<block * 12 + 12].map { Double($0) }
        #expect(abs(value[0] - expected(scores)) < 1e-5)
        block += 1
      }
    }
    #expect(block > 1_000 && block == nulls.blocks.count / 12)
    let calibration = try #require(try bank.detector(of: selection).calibration)
    #expect(calibration.record == SplitRecord(nulls.identities))
    #expect(
      calibration.buckets.flatMap { $0.nulls[0].sorted }.sorted()
        == (try NullSample(documents.map { $0.scores[0] }).sorted))
    // The rest is what a calibrator makes of the documents.
    let calibrator = try Calibrator(
      try bank.detector(of: selection), options: CalibrationOptions(blockLength: 8))
    for document in TestBank.documents(420, seed: 11) { try calibrator.add(document) }
    let made = try #require(try calibrator.finish().calibration)
    #expect(made.buckets.map(\.lengths) == calibration.buckets.map(\.lengths))
    let sequential = try #require(made.sequential)
    let ours = try #require(calibration.sequential)
    #expect(ours.blockLength == 8)
    #expect(ours.streamCount == sequential.streamCount)
    #expect(ours.longestStream == sequential.longestStream)
    #expect(ours.thresholds.map(\.alpha) == sequential.thresholds.map(\.alpha))
    for (one, other) in zip(ours.thresholds, sequential.thresholds) {
      #expect(abs(one.logWealth[0] - other.logWealth[0]) < 0.1)
    }
  }

  /// Many documents without any of the features have one score: none is told from the others.
  @Test func silentDocumentsTie() throws {
    let bank = try TestBank.bare()
    let calibrator = try Calibrator(bank.detector)
    for number in 0..<600 {
      var document = TestBank.document(number, length: 30, seed: 5)
      if number % 3 > 0 {
        document = DocumentCodes(
          id: "silent-\(number)", identity: DocumentIdentity(bits: UInt64(1_000 + number)),
          featureCount: TestBank.featureCount)
        for _ in 0..<30 { document.append(features: [], values: [], use: .kept) }
      }
      try calibrator.add(document)
    }
    let calibrated = try bank.calibrated(calibrator.nullDocuments)
    var silent = DocumentCodes(
      id: "new", identity: DocumentIdentity(bits: 1 << 40), featureCount: TestBank.featureCount)
    for _ in 0..<30 { silent.append(features: [], values: [], use: .kept) }
    for number in 0..<30 {
      let selection = try TestBank.selection(number)
      let verdict = try calibrated.detector(of: selection).scorer().verdict(of: silent)
      let p = try #require(verdict.findings.first?.p)
      #expect(p > 2.0 / 3)
      #expect(!verdict.isFlagged)
    }
  }

  @Test func detectorsAreOrdinaryDocuments() throws {
    let bank = try TestBank.calibrated()
    let detector = try bank.detector(of: try TestBank.selection(1, count: 12))
    #expect(try FittedDetector(json: try detector.json()).structures == detector.structures)
    guard case .linear(let readout) = detector.structures[0].readout else {
      Issue.record("the readout is not linear")
      return
    }
    // 24 own features and the shared one, read positively by all and negatively by every other entry.
    #expect(readout.terms.count == 26)
  }

  @Test func whatCannotBeDetectedIsRefused() throws {
    let bare = try TestBank.bare()
    let bank = try TestBank.calibrated(450)
    let one = try TestBank.selection(1)
    #expect(
      refusal { () throws(SteeringError) in try bare.detector(of: one) }?.message
        == "bank 'trial' has no null scores, expected a calibrated bank")
    let outside = try MarkSelection(entries: [12], signs: [1])
    #expect(
      refusal { () throws(SteeringError) in try bank.detector(of: outside) }?.message
        == "selection has an entry that does not exist, expected 0 to 11")
    #expect(
      refusal { () throws(SteeringError) in
        try bank.detector(of: one, options: CalibrationOptions(minimumPerBucket: 451))
      }?.message == "450 null documents with kept tokens, expected at least 451")
    let key = try testKey()
    #expect(
      refusal { () throws(SteeringError) in
        try bank.detector(key: key, document: .given("a"))
      }?.message.hasPrefix("key 'key-1' is for bank 0f0f0f0f0f0f0f0f, found bank ") == true)
    // Two entries that measure the same, one against the other.
    let nulls = try #require(bank.nulls)
    var scores = nulls.scores
    for row in 0..<nulls.documentCount { scores[row * 12 + 1] = scores[row * 12] }
    let alike = try bank.with(
      nulls: try NullScores(
        entryCount: 12, blockLength: 8, identities: nulls.identities, lengths: nulls.lengths,
        scores: scores, blockCounts: nulls.blockCounts, blocks: nulls.blocks))
    let opposed = try MarkSelection(entries: [0, 1], signs: [1, -1])
    #expect(
      refusal { () throws(SteeringError) in try alike.detector(of: opposed) }?.message
        .hasPrefix("the chosen entries cancel one another") == true)
    let together = try MarkSelection(entries: [0, 1], signs: [1, 1])
    #expect(refusal { () throws(SteeringError) in try alike.detector(of: together) } == nil)
  }
}
