import SAE
import TestSupport
import Tensors
import Testing

/// Encode and decode against naive f64 loops.
@Suite struct OracleTests {
  static let shapes: [(n: Int, width: Int)] = [
    (1, 1), (3, 2), (7, 3), (16, 4), (37, 5), (64, 24), (67, 33), (130, 70),
  ]

  /// What was compared, so that a test cannot pass by comparing nothing.
  struct Tally {
    var features = 0
    var active = 0
    var unsure = 0

    func check(minimumActive: Int) {
      #expect(active >= minimumActive, "only \(active) active features were compared")
      #expect(unsure == 0, "\(unsure) of \(features) features were too close to call")
    }
  }

  @Test(arguments: Kernels.available, Sigma.allCases)
  func codesAndReconstructionsMatch(_ kernels: Kernels, _ sigma: Sigma) throws {
    var tally = Tally()
    for (n, width) in Self.shapes {
      for k in sigma.counts ? Set([1, max(1, n / 3), n]) : [1] {
        for variant in 0..<8 {
          var oracle = sigma.oracle(
            featureCount: n, width: width, k: k, seed: UInt64(n * 8 + variant))
          oracle.subtractsDecoderBias = variant & 1 != 0
          if variant & 2 != 0 { oracle.cutToBFloat16() }
          oracle.ranksByDecoderNorm = sigma.canRankByNorm && variant == 5
          if variant == 3 { oracle.outputScale = .factor(1.75) }
          try compare(
            oracle, variant & 4 != 0 ? .modelMajor : .featureMajor, kernels, rows: 4, &tally)
        }
      }
    }
    tally.check(minimumActive: 1000)
  }

  static let normalisations: [Normalisation] = [
    .none, .constantFactor(0.3), .constantFactor(7), .rootWidthOverNorm, .layerNorm(epsilon: 1e-5),
    .layerNorm(epsilon: 0.25),
  ]

  @Test(arguments: Kernels.available, normalisations)
  func normalisationsMatch(_ kernels: Kernels, _ normalisation: Normalisation) throws {
    var tally = Tally()
    for sigma in Sigma.allCases {
      for (index, (n, width)) in [(6, 2), (33, 5), (66, 40)].enumerated() {
        for subtracts in [false, true] {
          var oracle = sigma.oracle(
            featureCount: n, width: width, k: 5, seed: UInt64(100 + index))
          oracle.normalisation = normalisation
          oracle.subtractsDecoderBias = subtracts
          try compare(oracle, index == 1 ? .modelMajor : .featureMajor, kernels, rows: 5, &tally)
        }
      }
    }
    tally.check(minimumActive: 500)
  }

  @Test(arguments: Kernels.available, [Sigma.topK, .absTopK, .signedTopK])
  func decoderNormRescalingMatches(_ kernels: Kernels, _ sigma: Sigma) throws {
    var tally = Tally()
    var differs = 0
    for (index, shape) in Self.shapes.enumerated() {
      for k in Set([1, max(1, shape.n / 4), shape.n]) {
        var oracle = sigma.oracle(
          featureCount: shape.n, width: shape.width, k: k, seed: UInt64(200 + index))
        // Norms far from one another, so that the selection depends on them.
        for feature in 0..<shape.n {
          for column in 0..<shape.width {
            oracle.decoder[feature * shape.width + column] *= Float(1 + feature % 5)
          }
        }
        let plain = oracle
        oracle.rescalesByDecoderNorm = true
        oracle.subtractsDecoderBias = index % 2 == 0
        if index % 3 == 0 { oracle.cutToBFloat16() }
        try compare(oracle, .modelMajor, kernels, rows: 4, &tally)
        let x = [Double](repeating: 0.7, count: shape.width)
        if plain.encode(x)?.values != oracle.encode(x)?.values { differs += 1 }
      }
    }
    tally.check(minimumActive: 300)
    #expect(differs > 10, "rescaling must matter in these inputs")
  }

  @Test(arguments: Kernels.available, [Sigma.relu, .jumpReLU, .topK])
  func transcodersMatch(_ kernels: Kernels, _ sigma: Sigma) throws {
    var tally = Tally()
    for (n, width, outputWidth) in [(5, 3, 1), (18, 4, 7), (65, 33, 34), (40, 20, 20)] {
      for variant in 0..<8 {
        var generator = SplitMix64(seed: UInt64(n + variant))
        let square = sigma.oracle(featureCount: n, width: width, k: 4, seed: UInt64(n))
        var oracle = OracleDictionary(
          featureCount: n, width: width, outputWidth: outputWidth, encoder: square.encoder,
          decoder: generator.normals(n * outputWidth), encoderBias: square.encoderBias,
          decoderBias: generator.normals(outputWidth), activation: square.activation)
        oracle.isTranscoder = true
        if variant & 1 != 0 { oracle.skip = generator.normals(outputWidth * width) }
        if variant & 2 != 0 { oracle.cutToBFloat16() }
        if variant & 4 != 0 { oracle.normalisation = .layerNorm(epsilon: 1e-5) }
        try compare(oracle, .modelMajor, kernels, rows: 3, &tally)
      }
    }
    tally.check(minimumActive: 200)
  }

  /// Sets first, then values, then decoded rows.
  private func compare(
    _ oracle: OracleDictionary, _ layout: EncoderMatrix.Layout, _ kernels: Kernels, rows: Int,
    _ tally: inout Tally
  ) throws {
    let dictionary = try oracle.dictionary(layout: layout, kernels: kernels)
    let factor = kernels.dotErrorFactor(count: oracle.width)
    var generator = SplitMix64(seed: UInt64(oracle.featureCount * 31 + oracle.width))
    let input = generator.normals(rows * oracle.width)
    let codes = try dictionary.codes(of: input, count: rows)
    try #require(codes.rowCount == rows)
    #expect(codes.undefinedRows.isEmpty)
    for row in 0..<rows {
      let x = Array(input[(row * oracle.width)..<((row + 1) * oracle.width)])
      let wide = x.map(Double.init)
      let expected = try #require(oracle.encode(wide, factor: factor))
      let actual = codes.dense(row: row)
      let indices = codes.indices[codes.range(ofRow: row)]
      #expect(zip(indices, indices.dropFirst()).allSatisfy { $0 < $1 })
      #expect(codes.values[codes.range(ofRow: row)].allSatisfy { $0 != 0 })
      for feature in 0..<oracle.featureCount {
        tally.features += 1
        guard !expected.isUnsure[feature] else {
          tally.unsure += 1
          continue
        }
        let value = expected.values[feature]
        #expect((actual[feature] != 0) == (value != 0), "row \(row), feature \(feature)")
        #expect(
          abs(Double(actual[feature]) - value) <= expected.bounds[feature],
          "row \(row), feature \(feature)")
        if value != 0 { tally.active += 1 }
      }
      let (decoded, forward) = try dictionary.reconstructions(codes, row: row, of: x)
      let given = actual.map(Double.init)
      let wanted = oracle.decode(given, scale: expected.scale, offset: expected.offset)
      let whole = oracle.forward(
        given, of: wide, scale: expected.scale, offset: expected.offset,
        factor: factor)
      for column in 0..<oracle.outputWidth {
        #expect(abs(Double(decoded[column]) - wanted.values[column]) <= wanted.bounds[column])
        #expect(abs(Double(forward[column]) - whole.values[column]) <= whole.bounds[column])
      }
    }
  }
}
