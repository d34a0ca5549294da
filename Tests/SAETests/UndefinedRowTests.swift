import SAE
import TestSupport
import Tensors
import Testing

/// Rows for which the normalisation has no answer are said to be undefined, and are not a crash.
@Suite struct UndefinedRowTests {
  @Test(arguments: Kernels.available, Sigma.allCases)
  func zeroRowIsUndefined(_ kernels: Kernels, _ sigma: Sigma) throws {
    var oracle = sigma.oracle(featureCount: 10, width: 4, k: 3, seed: 1)
    oracle.normalisation = .rootWidthOverNorm
    oracle.subtractsDecoderBias = true
    let dictionary = try oracle.dictionary(kernels: kernels)
    let row: [Float] = [1, 2, -3, 4]
    let zero = [Float](repeating: 0, count: 4)
    let codes = try dictionary.codes(of: row + zero + row, count: 3)
    #expect(codes.undefinedRows == [1])
    #expect(codes.rowCount == 3)
    #expect(codes.range(ofRow: 1).isEmpty)
    #expect(codes.dense(row: 1).allSatisfy { $0.isNaN })
    #expect(codes.activation(of: 4, row: 1).isNaN)
    #expect(codes.isUndefined(row: 1) && !codes.isUndefined(row: 0) && !codes.isUndefined(row: 2))
    #expect(codes.dense(row: 0) == codes.dense(row: 2))
    #expect(codes.dense(row: 0).allSatisfy { $0.isFinite })

    let (values, isDefined) = try dictionary.reading(of: [0, 9], in: zero)
    #expect(!isDefined)
    #expect(values.allSatisfy { $0.isNaN })

    let (decoded, forward) = try dictionary.reconstructions(codes, row: 1, of: zero)
    #expect(decoded.allSatisfy { $0.isNaN })
    #expect(forward.allSatisfy { $0.isNaN })
  }

  @Test func rowsWhoseNormLeavesTheRangeAreUndefined() throws {
    var oracle = Sigma.relu.oracle(featureCount: 5, width: 2, seed: 2)
    oracle.normalisation = .rootWidthOverNorm
    let dictionary = try oracle.dictionary()
    #expect(try dictionary.codes(of: [.leastNonzeroMagnitude, 0], count: 1).undefinedRows == [0])
    // Squares that overflow f32 or fall below it are no reason: they are summed in f64.
    for size in [Float(1e-30), 1e30] {
      let codes = try dictionary.codes(of: [3 * size, 4 * size], count: 1)
      #expect(codes.undefinedRows.isEmpty)
      #expect(try codes.indices == dictionary.codes(of: [3, 4], count: 1).indices)
    }
  }

  @Test func constantRowUnderLayerNormIsDefined() throws {
    var oracle = Sigma.relu.oracle(featureCount: 5, width: 3, seed: 3)
    oracle.normalisation = .layerNorm(epsilon: 1e-5)
    let dictionary = try oracle.dictionary()
    let codes = try dictionary.codes(of: [2, 2, 2], count: 1)
    #expect(codes.undefinedRows.isEmpty)
    #expect(codes.dense(row: 0) == oracle.encoderBias.map { max($0, 0) })
    let (decoded, _) = try dictionary.reconstructions(codes, row: 0, of: [2, 2, 2])
    #expect(decoded == [2, 2, 2])
  }

  /// A deviation that no f32 holds would turn the row into zeros that look like an answer.
  @Test func layerNormOfAnOverflowingRowIsUndefined() throws {
    var oracle = Sigma.relu.oracle(featureCount: 5, width: 2, seed: 3)
    oracle.normalisation = .layerNorm(epsilon: 1e-5)
    let codes = try oracle.dictionary().codes(of: [3e38, -3e38, 1, 2], count: 2)
    #expect(codes.undefinedRows == [0])
  }

  /// A failed tile takes the mark of its undefined rows with it.
  @Test func failureForgetsUndefinedRowsOfItsTile() throws {
    var oracle = OracleDictionary(
      featureCount: 1, width: 2, encoder: [3e38, 3e38], decoder: [1, 1], encoderBias: [1],
      decoderBias: [0, 0], activation: .relu)
    oracle.normalisation = .rootWidthOverNorm
    let encoder = try FullEncoder(try oracle.dictionary())
    var codes = SparseCodes(featureCount: 1)
    try encoder.encode([0, 0, 1, -1], count: 2, stride: 2, into: &codes)
    #expect(codes.undefinedRows == [0])
    let before = codes.rowOffsets
    #expect(throws: DictionaryError(.nonFiniteResult(row: 2))) {
      try encoder.encode([1, -1, 0, 0, 1, 1], count: 3, stride: 2, into: &codes)
    }
    #expect(codes.undefinedRows == [0])
    #expect(codes.rowOffsets == before)
  }
}
