import SAE
import Steering
import TestSupport
import Testing

/// Decoder rows explained by a meta dictionary, on numbers that can be followed by hand.
@Suite struct ComposedDictionaryTests {
  /// A dictionary whose encoder is its decoder, without biases.
  private func tied(_ name: String, _ rows: [Float], width: Int) throws -> SparseDictionary {
    try SparseDictionary(
      name: name, encoder: nil, decoder: .dense(rows),
      encoderBias: Array(repeating: 0, count: rows.count / width),
      decoderBias: Array(repeating: 0, count: width), activation: .relu,
      subtractsDecoderBias: false)
  }

  /// Rows (3, 4), (0, 2), (0, 0) over the meta directions (1, 0) alone.
  private func composed(
    _ scaling: ComposedDictionary.RowScaling? = nil
  ) throws -> ComposedDictionary {
    let base = try tied("base", [3, 4, 0, 2, 0, 0], width: 2)
    let meta = try tied("meta", [1, 0], width: 2)
    guard let scaling else { return try ComposedDictionary(base: base, meta: meta) }
    return try ComposedDictionary(base: base, meta: meta, rowScaling: scaling)
  }

  @Test func rowsAreExplained() throws {
    let unit = try composed()
    #expect(unit.rowScaling == .unitNorm)
    let first = try #require(try unit.composition(of: 0))
    #expect(first.codes.values == [Float(0.6)])
    #expect(abs(first.squaredError - 0.64) < 1e-6)
    #expect(abs(try #require(first.explainedFraction) - 0.36) < 1e-6)
    // e^−0.64 and e^−0.32.
    #expect(abs(first.decomposability() - 0.527_292_4) < 1e-6)
    #expect(abs(first.decomposability(variance: 2) - 0.726_149_0) < 1e-6)
    let stored = try composed(.asStored)
    #expect(try stored.composition(of: 0)?.codes.values == [3])
    #expect(try stored.composition(of: 0)?.squaredError == 16)
    #expect(try unit.composition(of: 2) == nil, "a zero row has no direction")
  }

  @Test func activationsAreExpressed() throws {
    let unit = try composed()
    // Activations (10, 2, 0) of the row (2, 1), and (1, 2, 0) of (−1, 1).
    let codes = try unit.base.encode([2, 1, -1, 1])
    #expect(codes.dense(row: 0) == [10, 2, 0])
    let parts = try unit.express(codes)
    #expect(parts.rowCount == 2)
    // 10 · (3, 4) has 30 of (1, 0); in the meta dictionary's units, 10 · 0.6.
    #expect(abs(parts.activation(of: 0, row: 0) - 30) < 1e-4)
    #expect(abs(try unit.express(codes, weighting: .codes).activation(of: 0, row: 0) - 6) < 1e-5)
    #expect(try unit.direction(ofMeta: 0) == [1, 0])
  }

  @Test func misuseIsNamed() throws {
    let unit = try composed()
    func message(_ body: () throws -> Void) -> String? { steeringError(body)?.message }
    #expect(
      message { _ = try unit.composition(of: 3) }
        == "feature 3 does not exist, expected 0 to 2")
    #expect(
      message { _ = try unit.direction(ofMeta: -1) }
        == "feature -1 does not exist, expected 0 to 0")
    #expect(
      message { _ = try unit.express(SparseCodes(featureCount: 4)) }
        == "codes of 4 features, expected 3 from the base")
    let wide = try tied("wide", [1, 0, 0], width: 3)
    #expect(
      message { _ = try ComposedDictionary(base: unit.base, meta: wide) }
        == "meta encoder has shape [1, 3], expected [1, 2]")
  }
}
