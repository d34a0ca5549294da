import SAE
import TestSupport
import Tensors
import Testing

/// Sparse tied dictionaries: against the dense oracle of the same numbers, and what is refused.
@Suite struct ExpanderTests {
  /// An oracle whose rows are zero outside `degree` random columns.
  static func oracle(
    featureCount n: Int, width: Int, degree: Int, _ activation: ActivationFunction, seed: UInt64
  ) -> OracleDictionary {
    var generator = SplitMix64(seed: seed)
    let random = RandomDictionary(featureCount: n, width: width, seed: seed)
    let columns = (0..<n).map { _ in
      Array((0..<width).shuffled(using: &generator).prefix(degree)).sorted()
    }
    var rows = [Float](repeating: 0, count: n * width)
    for (feature, columns) in columns.enumerated() {
      for column in columns {
        rows[feature * width + column] = random.decoder[feature * width + column]
      }
    }
    var oracle = OracleDictionary(
      featureCount: n, width: width, encoder: rows, decoder: rows,
      encoderBias: random.encoderBias, decoderBias: random.decoderBias, activation: activation)
    oracle.columns = columns
    oracle.subtractsDecoderBias = true
    return oracle
  }

  @Test(arguments: Kernels.available, [false, true])
  func codesAndRowsMatchTheDenseOracle(_ kernels: Kernels, _ isBFloat16: Bool) throws {
    var active = 0
    var negative = 0
    for (n, width, degree) in [(1, 1, 1), (9, 4, 2), (33, 17, 7), (70, 64, 50), (130, 81, 80)] {
      var oracle = Self.oracle(
        featureCount: n, width: width, degree: degree, .signedTopK(k: max(1, n / 2)),
        seed: UInt64(n))
      if isBFloat16 { oracle.cutToBFloat16() }
      let dictionary = try oracle.dictionary(kernels: kernels)
      #expect(dictionary.isTied)
      #expect(
        dictionary.weightByteCount
          == n * degree * ((isBFloat16 ? 2 : 4) + (width % 2 == 0 ? 2 : 4)))
      let factor = kernels.dotErrorFactor(count: degree)
      var generator = SplitMix64(seed: UInt64(width))
      for _ in 0..<5 {
        let x = generator.normals(width)
        let expected = try #require(oracle.encode(x.map(Double.init), factor: factor))
        let codes = try dictionary.codes(of: x, count: 1)
        let actual = codes.dense(row: 0)
        for feature in 0..<n where !expected.isUnsure[feature] {
          let value = expected.values[feature]
          #expect((actual[feature] != 0) == (value != 0))
          #expect(abs(Double(actual[feature]) - value) <= expected.bounds[feature])
          active += value != 0 ? 1 : 0
          negative += value < 0 ? 1 : 0
        }
        let all = Array(0..<n)
        let picked = try dictionary.reading(of: all, in: x)
        #expect(picked.values.map(\.bitPattern) == actual.map(\.bitPattern))
        let wanted = oracle.decode(actual.map(Double.init), scale: 1, offset: 0)
        let (decoded, _) = try dictionary.reconstructions(codes, row: 0, of: x)
        for column in 0..<width {
          #expect(abs(Double(decoded[column]) - wanted.values[column]) <= wanted.bounds[column])
        }
      }
    }
    #expect(active > 300)
    #expect(negative > 10, "no ReLU stands between")
  }

  @Test(arguments: Kernels.available)
  func rowsAreThoseOfTheDenseMatrix(_ kernels: Kernels) throws {
    let oracle = Self.oracle(featureCount: 12, width: 10, degree: 3, .signedTopK(k: 2), seed: 4)
    let dictionary = try oracle.dictionary(kernels: kernels)
    let dense = RowMatrix(rowCount: 12, width: 10, values: oracle.decoder)
    let rows = dictionary.decoder
    var generator = SplitMix64(seed: 1)
    let x = generator.normals(10)
    let gathered = rows.gathering([7, 0, 7], .best)
    let asDense = rows.gatheringRows([7, 0, 7], kernels)
    for row in 0..<12 {
      #expect(rows.values(ofRow: row, kernels) == dense.values(ofRow: row, kernels))
      #expect(abs(rows.norm(ofRow: row, kernels) - dense.norm(ofRow: row, kernels)) < 1e-12)
    }
    for (slot, row) in [7, 0, 7].enumerated() {
      #expect(asDense.values(ofRow: slot, kernels) == dense.values(ofRow: row, kernels))
      #expect(gathered.values(ofRow: slot, kernels) == dense.values(ofRow: row, kernels))
      #expect(gathered.dot(slot, x, kernels) == rows.dot(row, x, kernels))
    }
  }

  @Test func decoderNormsAreThoseOfTheSparseRows() throws {
    var oracle = Self.oracle(featureCount: 12, width: 10, degree: 3, .signedTopK(k: 2), seed: 5)
    oracle.rescalesByDecoderNorm = true
    let dictionary = try oracle.dictionary()
    for feature in 0..<12 {
      #expect(
        abs(Double(dictionary.decodeScale(of: feature)) * oracle.decoderNorm(feature) - 1) < 1e-6)
    }
  }

  @Test func nonFiniteValuesAreNamedByTheirColumn() throws {
    var oracle = Self.oracle(featureCount: 8, width: 6, degree: 2, .signedTopK(k: 2), seed: 6)
    let column = try #require(oracle.columns?[5][1])
    oracle.decoder[5 * 6 + column] = .nan
    let dictionary = try oracle.dictionary()
    let reason = dictionaryFailure { () throws(DictionaryError) in
      try dictionary.checkOutputWeights()
    }
    #expect(reason == .nonFiniteWeight(tensor: "decoder", row: 5, column: column))
  }

  private func refusal(
    values: (Int, Int) = (2, 2), indices: [UInt16] = [0, 3, 1, 2], shape: [Int] = [2, 2],
    width: Int = 4, degree: Int = 2
  ) -> DictionaryError.Reason? {
    dictionaryFailure { () throws(DictionaryError) in
      _ = try ExpanderMatrix(
        rowCount: 2, width: width, degree: degree,
        values: RowMatrix(
          rowCount: values.0, width: values.1,
          values: Array(repeating: 1, count: values.0 * values.1)),
        indices: Tensor(.u16, shape: shape, storage: Storage(copying: indices)))
    }
  }

  @Test func indicesAndShapesAreChecked() {
    #expect(refusal() == nil)
    #expect(
      refusal(values: (2, 3))
        == .shape(tensor: "expander values", found: [2, 3], expected: [2, 2]))
    #expect(
      refusal(shape: [4, 1])
        == .shape(tensor: "expander indices", found: [4, 1], expected: [2, 2]))
    for (indices, place, found, low) in [
      ([0, 0, 1, 2], "[0][1]", 0, 1), ([3, 1, 1, 2], "[0][1]", 1, 4),
      ([0, 3, 1, 4], "[1][1]", 4, 2),
    ] as [([UInt16], String, Int, Int)] {
      #expect(
        refusal(indices: indices)
          == .field(
            name: "expander indices\(place)", found: "\(found)",
            expected: "\(low) to 3: ascending, each once"))
    }
    #expect(
      refusal(values: (2, 2), width: 1)
        == .field(name: "degree", found: "2", expected: "1 to 1, the row width"))
    let wide = dictionaryFailure { () throws(DictionaryError) in
      _ = try ExpanderMatrix(
        rowCount: 1, width: 2, degree: 1, values: RowMatrix(rowCount: 1, width: 1, values: [1]),
        indices: Tensor(.i32, shape: [1, 1], storage: Storage(copying: [Int32(0)])))
    }
    #expect(wide == .field(name: "expander indices", found: "I32", expected: "U16 or U32"))
  }
}
