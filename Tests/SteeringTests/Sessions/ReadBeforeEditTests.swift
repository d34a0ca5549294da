import SAE
import Steering
import Tensors
import Testing
import TestSupport

@Suite struct ReadBeforeEditTests {
  /// Features 0 and 1 nearly parallel: a reading after the first edit would be far off.
  private func correlated() throws -> SparseDictionary {
    let sample = Sample.all[0]
    let width = sample.weights.width
    var weights = sample.weights.decoder
    for index in 0..<width {
      weights[width + index] = weights[index] + 0.01 * weights[width + index]
    }
    var parts = sample.parts()
    let rows = RowMatrix(rowCount: sample.weights.featureCount, width: width, values: weights)
    parts.encoder = EncoderMatrix(rows, layout: .featureMajor)
    parts.decoder = .dense(rows)
    return try SparseDictionary(parts)
  }

  @Test func twoClampsOnCorrelatedFeaturesAddTheirDeltas() throws {
    let dictionary = try correlated()
    let a = Intervention(feature: 0, mode: .clamp, alpha: 3)
    let b = Intervention(feature: 1, mode: .clamp, alpha: 5)
    for row in Sample.all[0].rows(8) {
      let both = try dictionary.steered(row, [a, b])
      let first = try dictionary.steered(row, [a])
      let second = try dictionary.steered(row, [b])
      for index in row.indices {
        let sum = row[index] + (first[index] - row[index]) + (second[index] - row[index])
        #expect(abs(both[index] - sum) <= 1e-5 * (1 + abs(first[index]) + abs(second[index])))
      }
    }
  }

  @Test func orderOfInterventionsDoesNotChangeABit() throws {
    let interventions = [
      Intervention(feature: 5, alpha: 0.3), Intervention(feature: 5, alpha: 0.1),
      Intervention(feature: 5, strength: .unit, alpha: 0.3),
      Intervention(feature: 5, strength: .relative, alpha: 0.3),
      Intervention(feature: 5, strength: .maximumActivation, alpha: 0.3, maximumActivation: 1.7),
      Intervention(feature: 2, mode: .clamp, alpha: 4),
      Intervention(feature: 9, mode: .floor, alpha: 0.4),
      Intervention(feature: 9, mode: .ceiling, alpha: 0.9),
      Intervention(feature: 30, mode: .projectOut), Intervention(feature: 7, mode: .ablate),
      Intervention(feature: 40, mode: .scale, alpha: -2),
    ]
    let sample = Sample.all[1]
    let dictionary = try sample.dictionary()
    var generator = SplitMix64(seed: 3)
    for row in sample.rows(6) {
      let expected = bits(try dictionary.steered(row, interventions))
      for _ in 0..<12 {
        let shuffled = interventions.shuffled(using: &generator)
        #expect(bits(try dictionary.steered(row, shuffled)) == expected)
      }
    }
  }

  @Test func batchOfRowsEqualsFreshSessions() throws {
    let sample = Sample.all[2]
    let dictionary = try sample.dictionary()
    let plan = [
      Intervention(feature: 4, mode: .clamp, alpha: 2), Intervention(feature: 8, alpha: 1),
    ]
    let session = Session(try Plan(PlanDocument(plan), dictionary: dictionary))
    for row in sample.rows(10) {
      var streamed = row
      try session.apply(toArray: &streamed)
      #expect(bits(streamed) == bits(try dictionary.steered(row, plan)))
    }
    #expect(session.position == 10)
  }
}
