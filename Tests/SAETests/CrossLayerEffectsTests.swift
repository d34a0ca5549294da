import SAE
import TestSupport
import Tensors
import Testing

/// What changes of activations do to every later layer.
@Suite struct CrossLayerEffectsTests {
  private let oracle = OracleCrossLayer(
    layers: 4, features: [7, 7, 7, 7], width: 5, outputWidth: 6, seed: 21, skip: true)

  @Test(arguments: OracleCrossLayer.Form.allCases)
  func effectsAreDecoderRows(_ form: OracleCrossLayer.Form) throws {
    let transcoder = try CrossLayerTranscoder(oracle.parts(form))
    for source in 0..<4 {
      for feature in 0..<7 {
        let rows = try transcoder.effects(of: feature, source: source)
        #expect(rows == (source..<4).map { oracle.decoder[source][$0 - source][feature] })
      }
    }
  }

  /// Decoding edited codes differs from decoding the read ones by what steering adds.
  @Test func deltasAreTheDifferenceOfDecodings() throws {
    let transcoder = try CrossLayerTranscoder(oracle.parts())
    let edits: [CrossLayerTranscoder.Edit] = [
      .init(layer: 2, feature: 6, delta: -1.25), .init(layer: 0, feature: 3, delta: 0.5),
      .init(layer: 0, feature: 1, delta: 2), .init(layer: 2, feature: 6, delta: 0.25),
    ]
    let actual = try transcoder.deltas(for: edits)
    for target in 0..<4 {
      for column in 0..<6 {
        var expected = 0.0
        var magnitude = 0.0
        for edit in edits where edit.layer <= target {
          let term =
            Double(edit.delta)
            * Double(oracle.decoder[edit.layer][target - edit.layer][edit.feature][column])
          expected += term
          magnitude += abs(term)
        }
        #expect(abs(Double(actual[target * 6 + column]) - expected) <= magnitude * 0x1p-20)
      }
    }
    // The order in which edits are listed does not matter.
    let listed = [edits[2], edits[0], edits[1], edits[3]]
    #expect(try transcoder.deltas(for: listed).map(\.bitPattern) == actual.map(\.bitPattern))
  }

  @Test func steeringAddsToWhatIsThere() throws {
    let transcoder = try CrossLayerTranscoder(oracle.parts())
    let steering = try CrossLayerSteering(transcoder, [(1, 2), (3, 0)])
    let before: [Float] = [1, 2, 3, 4, 5, 6]
    var out = before
    try steering.add([4, 4], target: 0, into: &out)
    #expect(out == before)
    try steering.add([2, 9], target: 2, into: &out)
    let row = oracle.decoder[1][1][2]
    for column in 0..<6 {
      let expected = Double(before[column]) + 2 * Double(row[column])
      #expect(abs(Double(out[column]) - expected) <= (abs(expected) + 8) * 0x1p-23)
    }
    let kept = out
    #expect(
      dictionaryFailure { () throws(DictionaryError) in
        try steering.add([.nan, 0], target: 3, into: &out)
      } == .field(name: "delta", found: "nan", expected: "a finite number"))
    #expect(
      dictionaryFailure { () throws(DictionaryError) in
        try steering.add([1], target: 3, into: &out)
      } == .shape(tensor: "deltas", found: [1], expected: [2]))
    #expect(
      dictionaryFailure { () throws(DictionaryError) in
        try steering.add([1, 1], target: 4, into: &out)
      } == .field(name: "target layer", found: "4", expected: "0 to 3"))
    #expect(out == kept)
    #expect(
      dictionaryFailure { () throws(DictionaryError) in
        try steering.add(
          [.greatestFiniteMagnitude, .greatestFiniteMagnitude], target: 3, into: &out)
      } == .nonFiniteResult(row: 3))
  }

  @Test func placesOutsideAreRefused() throws {
    let transcoder = try CrossLayerTranscoder(oracle.parts())
    func failure(_ body: () throws(DictionaryError) -> Void) -> DictionaryError.Reason? {
      dictionaryFailure(body)
    }
    for layer in [-1, 4, Int.max, Int.min] {
      let wrong = DictionaryError.Reason.field(
        name: "layer", found: "\(layer)", expected: "0 to 3")
      #expect(
        failure { () throws(DictionaryError) in _ = try transcoder.effects(of: 0, source: layer) }
          == wrong)
      #expect(
        failure { () throws(DictionaryError) in _ = try transcoder.encoder(ofLayer: layer) }
          == wrong)
    }
    for feature in [-1, 7, Int.max] {
      #expect(
        failure { () throws(DictionaryError) in
          _ = try transcoder.deltas(for: [.init(layer: 0, feature: feature, delta: 1)])
        } == .featureOutOfRange(found: feature, count: 7))
    }
    #expect(
      failure { () throws(DictionaryError) in
        _ = try transcoder.effect(of: 0, source: 2, target: 1)
      }
        == .field(
          name: "target layer", found: "1", expected: "2 or later, the feature's own layer"))
  }
}
