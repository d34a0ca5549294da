import SAE
import Steering
import Testing
import TestSupport

@Suite struct MaximumActivationsTests {
  private let sample = Sample.all[7]

  private func measured(
    _ features: [Int], _ rows: [[Float]], special: [Bool]? = nil
  ) throws -> [Double?] {
    let folder = try TemporaryFolder()
    var recording = Recording(.safetensors, .f32, rows)
    recording.special = special
    let plan = PlanDocument(
      features.map { Intervention(feature: $0, strength: .maximumActivation, alpha: 1) })
    let filled = try plan.measuringMaximumActivations(
      try sample.dictionary(), on: try Activations(try recording.write(folder)))
    #expect(!filled.needsMaximumActivations)
    return filled.interventions.map(\.maximumActivation)
  }

  @Test func maximaAreThoseOfOrdinaryRows() throws {
    var rows = sample.rows(60)
    // A sink, whose activations dwarf all others.
    rows[7] = rows[7].map { $0 * 40 }
    let special = rows.indices.map { $0 % 9 == 0 }
    let oracle = Oracle(sample: sample)
    let features = [11, 3, 20, 3]
    let found = try measured(features, rows, special: special)
    for (feature, value) in zip(features, found) {
      let values = rows.indices.filter { !special[$0] && $0 != 7 }.map {
        abs(oracle.activations(rows[$0].map(Double.init))[feature])
      }
      let value = try #require(value)
      #expect(abs(value - (values.max() ?? 0)) < 1e-4)
    }
  }

  @Test func givenMaximaStay() throws {
    let folder = try TemporaryFolder()
    let recording = Recording(.raw, .f32, sample.rows(5))
    let plan = PlanDocument([
      Intervention(
        feature: 3, strength: .maximumActivation, alpha: 1, maximumActivation: 12),
      Intervention(feature: 4, alpha: 1),
    ])
    let filled = try plan.measuringMaximumActivations(
      try sample.dictionary(),
      on: try Activations(try recording.write(folder), shape: recording.givenShape))
    #expect(filled == plan)
  }

  @Test func aFeatureThatNeverFiresHasNone() throws {
    let relu = Sample.all[0]
    let rows = [[Float](repeating: 0, count: 37)]
    let silent = try #require(relu.weights.encoderBias.firstIndex { $0 < 0 })
    let folder = try TemporaryFolder()
    let path = try Recording(.raw, .f32, rows).write(folder)
    let plan = PlanDocument([
      Intervention(feature: silent, strength: .maximumActivation, alpha: 1)
    ])
    let dictionary = try relu.dictionary()
    let error = try #require(
      steeringError {
        _ = try plan.measuringMaximumActivations(
          dictionary, on: try Activations(path, shape: [1, 37]))
      })
    #expect(error.code == .invalidPlan)
    #expect(error.message.hasPrefix("feature \(silent) never fires"))
  }

  /// A transcoder's activations are read at another place than the rows it steers come from.
  @Test func aTranscoderIsNotMeasuredOnItsOutput() throws {
    let weights = RandomDictionary(featureCount: 8, width: 4, seed: 1)
    var parts = weights.parts(.relu)
    parts.kind = .transcoder
    let dictionary = try SparseDictionary(parts)
    let folder = try TemporaryFolder()
    let recording = Recording(.raw, .f32, [[1, 2, 3, 4]])
    let activations = try Activations(try recording.write(folder), shape: [1, 4])
    let plan = PlanDocument([
      Intervention(feature: 1, strength: .maximumActivation, alpha: 1)
    ])
    let error = try #require(
      steeringError {
        _ = try plan.measuringMaximumActivations(dictionary, on: activations)
      })
    #expect(error.code == .invalidPlan)
    #expect(error.message.contains("transcoder"))
  }
}
