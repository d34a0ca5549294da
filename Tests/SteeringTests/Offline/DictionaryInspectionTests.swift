import SAE
import Steering
import Tensors
import Testing
import TestSupport

@Suite struct DictionaryInspectionTests {
  private let sample = Sample.all[0]

  @Test func normsMatchTheOracle() throws {
    let inspection = try DictionaryInspection(try sample.dictionary())
    let oracle = Oracle(sample: sample)
    let norms = (0..<48).map(oracle.decoderNorm).sorted()
    let found = inspection.decoderNorms
    #expect(abs(found.minimum - norms[0]) < 1e-6)
    #expect(abs(found.maximum - norms[47]) < 1e-6)
    #expect(abs(found.median - (norms[23] + norms[24]) / 2) < 1e-6)
    #expect(found.zeroCount == 0)
    var histogram = [Int](repeating: 0, count: 10)
    for norm in norms {
      histogram[min(9, Int((norm - norms[0]) / (norms[47] - norms[0]) * 10))] += 1
    }
    #expect(found.histogram == histogram)
    #expect(!found.areUnit())
    #expect(inspection.ledger.last?.subject == "decoder rows")
    #expect(inspection.ledger.last?.statement.hasPrefix("not unit") == true)
    #expect(inspection.ledger.last?.source == .measured)
  }

  private func parts(decoder: [Float]) -> SparseDictionary.Parts {
    var parts = sample.parts()
    parts.decoder = .dense(
      RowMatrix(rowCount: 48, width: 37, values: decoder))
    return parts
  }

  @Test func unitAndZeroRowsAreSeen() throws {
    var decoder = [Float](repeating: 0, count: 48 * 37)
    for row in 0..<48 { decoder[row * 37 + row % 37] = row % 2 == 0 ? 1 : -1 }
    let unit = try DictionaryInspection(try SparseDictionary(parts(decoder: decoder)))
    #expect(unit.decoderNorms.areUnit())
    #expect(unit.ledger.last?.statement == "unit; alpha is the length of the edit")
    decoder[3 * 37 + 3] = 0
    let holed = try DictionaryInspection(try SparseDictionary(parts(decoder: decoder)))
    #expect(holed.decoderNorms.zeroCount == 1)
    #expect(holed.decoderNorms.minimum == 0)
    #expect(!holed.decoderNorms.areUnit())
  }

  /// What alpha 1 adds, by the output's scale, the normalisation and the role of norms.
  @Test func alphaIsWhatOneUnitDecodesTo() throws {
    func statement(
      _ scale: OutputScale?, _ normalisation: Normalisation = .none, rescales: Bool = false
    ) throws -> String? {
      var decoder = [Float](repeating: 0, count: 48 * 37)
      for row in 0..<48 { decoder[row * 37 + row % 37] = 1 }
      var parts = parts(decoder: decoder)
      parts.outputScale = scale
      parts.normalisation = normalisation
      if rescales {
        parts.activation = .topK(k: 4)
        parts.decoderNormRole = .rescalesActivations
      }
      return try DictionaryInspection(try SparseDictionary(parts)).ledger.last?.statement
    }
    #expect(try statement(.factor(0.25)) == "unit; alpha 1 adds one of them times 0.25")
    #expect(
      try statement(.factor(0.25), .layerNorm(epsilon: 1e-5))
        == "unit; alpha 1 adds one of them times 0.25")
    #expect(
      try statement(nil, .layerNorm(epsilon: 1e-5))
        == "unit; alpha 1 adds one of them, scaled back by the row's own factor")
    #expect(
      try statement(OutputScale.none, .layerNorm(epsilon: 1e-5))
        == "unit; alpha is the length of the edit")
    let decoded = ", as one unit of activation decodes to"
    let cases: [(OutputScale?, Normalisation, String)] = [
      (nil, .constantFactor(4), "a unit vector\(decoded)"),
      (OutputScale.none, .constantFactor(4), "a vector of length 4.0\(decoded)"),
      (.factor(0.25), .none, "a vector of length 0.25\(decoded)"),
      (.factor(0.25), .constantFactor(4), "a unit vector\(decoded)"),
      (nil, .rootWidthOverNorm, "a unit vector\(decoded), scaled back by the row's own factor"),
    ]
    for (scale, normalisation, expected) in cases {
      #expect(
        try statement(scale, normalisation, rescales: true) == "unit; alpha 1 adds \(expected)")
    }
  }

  @Test func everyWeightIsChecked() throws {
    var decoder = sample.weights.decoder
    decoder[47 * 37 + 36] = .nan
    let dictionary = try SparseDictionary(parts(decoder: decoder))
    let error = try #require(steeringError { _ = try DictionaryInspection(dictionary) })
    #expect(error.code == .nonFinite)
    #expect(
      error.message
        == "decoder weight of feature 47, component 36, is NaN or infinite, expected a finite number"
    )
  }
}
