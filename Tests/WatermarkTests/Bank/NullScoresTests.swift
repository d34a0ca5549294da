import Detector
import Steering
import TestSupport
import Testing
import Watermark

@Suite struct NullScoresTests {
  @Test func momentsAreThoseOfTheScores() throws {
    let nulls = try NullScores(
      entryCount: 2, blockLength: 2, identities: [1, 5, 9].map { DocumentIdentity(bits: $0) },
      lengths: [2, 5, 1], scores: [1, 10, 2, 10, 6, 13], blockCounts: [1, 2, 0],
      blocks: [0, 0, 1, 1, 2, 2])
    #expect(nulls.means == [3, 11])
    #expect(nulls.deviations.map { ($0 * $0 * 3).rounded() } == [14, 6])
  }

  @Test func blocksAreSpreadOverWholeDocuments() {
    #expect(NullBlocks.kept([3, 0, 4], limit: 7) == [true, false, true])
    #expect(NullBlocks.kept([3, 5, 1], limit: 7) == [true, false, false])
    // One that is too long by itself costs the others nothing.
    #expect(NullBlocks.kept([9, 3, 3], limit: 7) == [false, true, true])
    #expect(NullBlocks.kept([], limit: 7) == [])
    var generator = SplitMix64(seed: 3)
    let counts = (0..<3_000).map { _ in Int.random(in: 0...12, using: &generator) }
    let kept = NullBlocks.kept(counts, limit: 4_096)
    let total = zip(counts, kept).reduce(0) { $0 + ($1.1 ? $1.0 : 0) }
    #expect(total <= 4_096 && total > 3_800)
    // Long documents are kept as often as short ones.
    func share(_ range: ClosedRange<Int>) -> Double {
      let places = counts.indices.filter { range.contains(counts[$0]) }
      return Double(places.count { kept[$0] }) / Double(places.count)
    }
    #expect(abs(share(1...4) - share(9...12)) < 0.06)
    #expect(!zip(counts, kept).contains { $0 == 0 && $1 })
  }

  /// What is kept does not depend on the order in which documents come, nor on when there was too much.
  @Test func quotaIsOfTheLowestIdentities() throws {
    let bank = try TestBank.bare(2)
    let documents = TestBank.documents(300, seed: 6)
    func kept(_ order: [DocumentCodes], _ quota: Int?) throws -> [NullDocument] {
      let calibrator = try Calibrator(
        bank.detector, options: CalibrationOptions(blockLength: 4), blockQuota: quota)
      for document in order { try calibrator.add(document) }
      return calibrator.nullDocuments
    }
    let all = try kept(documents, nil)
    for quota in [12, 100, 1_000] {
      let expected = NullBlocks.kept(all.map(\.blocks.count), limit: quota)
      #expect(expected.contains(true) && expected.contains(false))
      for order in [documents, documents.reversed()] {
        let found = try kept(order, quota)
        #expect(found.map(\.identity) == all.map(\.identity))
        for (place, document) in found.enumerated() {
          #expect(document.scores == all[place].scores)
          #expect(document.blocks == (expected[place] ? all[place].blocks : []))
        }
      }
    }
  }

  @Test func everyBadArrayIsNamed() throws {
    func message(
      entryCount: Int = 1, blockLength: Int = 2, identities: [UInt64] = [1, 2],
      lengths: [Int] = [2, 5], scores: [Float] = [1, 2], blockCounts: [Int] = [0, 2],
      blocks: [Float] = [1, 1]
    ) -> String? {
      refusal { () throws(SteeringError) in
        try NullScores(
          entryCount: entryCount, blockLength: blockLength,
          identities: identities.map { DocumentIdentity(bits: $0) }, lengths: lengths,
          scores: scores, blockCounts: blockCounts, blocks: blocks)
      }?.message
    }
    #expect(message() == nil)
    #expect(message(entryCount: 0) == "'scores' has 0 columns, expected 1 to 4096")
    #expect(message(blockLength: 0) == "'block_length' is 0, expected 1 to 1048576")
    #expect(message(identities: []) == "'identities' has no document, expected one or more")
    #expect(
      message(identities: [2, 2])
        == "'identities[1]' does not ascend, expected distinct documents in order")
    #expect(message(lengths: [2]) == "'tokens' has 1 values, expected 2")
    #expect(message(lengths: [0, 5]) == "'tokens[0]' is 0, expected 1 to 2147483647")
    #expect(message(scores: [1]) == "'scores' has 1 values, expected 2")
    #expect(message(scores: [1, .nan]) == "'scores[1, 0]' is nan, expected a finite number")
    #expect(message(scores: [3, 3])?.hasPrefix("'scores' of entry 0 are all equal") == true)
    #expect(message(blockCounts: [0]) == "'block_counts' has 1 values, expected 2")
    #expect(
      message(blockCounts: [0, 3]) == "'block_counts[1]' is 3, expected 0, or 2 of 5 tokens")
    #expect(
      message(blocks: [1]) == "'blocks' has 1 values, expected 2, for 2 blocks of 'block_counts'")
    #expect(message(blocks: [1, .infinity]) == "'blocks[1, 0]' is inf, expected a finite number")
    #expect(
      message(
        lengths: [2, 131_074], blockCounts: [0, 65_537],
        blocks: Array(repeating: 1, count: 65_537))
        == "'block_counts' adds up to more, expected at most 65536")
    #expect(NullScores.blockLimit(entryCount: 4096) == 4096)
    #expect(NullScores.blockLimit(entryCount: 1024) == 16384)
  }

  @Test func entriesThatDoNotVaryAreRefused() throws {
    let bank = try TestBank.bare(2)
    let documents = (0..<3).map { number in
      NullDocument(
        identity: DocumentIdentity(bits: UInt64(number)), length: 4,
        scores: [Double(number), 2], blocks: [])
    }
    #expect(
      refusal { () throws(SteeringError) in try bank.calibrated(documents) }?.message
        == "entry 1 ('entry-1') scores the same on all 3 null documents but one, or on all,"
        + " expected scores that vary")
    #expect(
      refusal { () throws(SteeringError) in try bank.calibrated([]) }?.message
        == "0 null documents with kept tokens, expected at least 1")
  }
}
