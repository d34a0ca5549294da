import SAE
import TestSupport
import Tensors
import Testing

/// Matryoshka prefixes, and the fields that change what a decoded row is.
@Suite struct NestedTests {
  private func oracle(_ sigma: Sigma) -> OracleDictionary {
    var oracle = sigma.oracle(featureCount: 40, width: 9, k: 12, seed: 31)
    oracle.prefixes = [5, 16, 40]
    oracle.subtractsDecoderBias = true
    return oracle
  }

  /// The first `count` features as a dictionary of their own.
  private func small(_ oracle: OracleDictionary, _ count: Int) -> OracleDictionary {
    var activation = oracle.activation
    if case .jumpReLU(let threshold) = activation {
      activation = .jumpReLU(threshold: Array(threshold.prefix(count)))
    }
    var small = OracleDictionary(
      featureCount: count, width: oracle.width,
      encoder: Array(oracle.encoder.prefix(count * oracle.width)),
      decoder: Array(oracle.decoder.prefix(count * oracle.width)),
      encoderBias: Array(oracle.encoderBias.prefix(count)), decoderBias: oracle.decoderBias,
      activation: activation)
    small.subtractsDecoderBias = true
    return small
  }

  @Test(arguments: Kernels.available, [Sigma.relu, .jumpReLU, .batchTopK])
  func prefixEqualsTheSmallerDictionary(_ kernels: Kernels, _ sigma: Sigma) throws {
    let oracle = oracle(sigma)
    let dictionary = try oracle.dictionary(kernels: kernels)
    var generator = SplitMix64(seed: 2)
    let rows = generator.normals(6 * 9)
    let codes = try dictionary.codes(of: rows, count: 6)
    let reconstructor = try Reconstructor(dictionary)
    for prefix in oracle.prefixes {
      let own = try small(oracle, prefix).dictionary(kernels: kernels)
      let expected = try own.codes(of: rows, count: 6)
      let kept = codes.keepingFeatures(below: prefix)
      #expect(kept.indices == expected.indices)
      #expect(kept.values == expected.values)
      #expect(kept.rowOffsets == expected.rowOffsets)
      for row in 0..<6 {
        let x = Array(rows[(row * 9)..<(row * 9 + 9)])
        var decoded = [Float](repeating: 0, count: 9)
        try reconstructor.decode(codes, row: row, of: x, prefix: prefix, into: &decoded)
        #expect(decoded == (try own.reconstructions(expected, row: row, of: x).decoded))
      }
    }
  }

  @Test func statisticsOfEachPrefixAreThoseOfTheSmallerDictionary() throws {
    let oracle = oracle(.jumpReLU)
    let dictionary = try oracle.dictionary()
    var generator = SplitMix64(seed: 8)
    let rows = generator.normals(20 * 9)
    let codes = try dictionary.codes(of: rows, count: 20)
    let nested = try PrefixStatistics(dictionary)
    for row in 0..<20 {
      try nested.add(Array(rows[(row * 9)..<(row * 9 + 9)]), codes: codes, row: row)
    }
    #expect(nested.prefixes == [5, 16, 40])
    for (index, prefix) in oracle.prefixes.enumerated() {
      let own = try small(oracle, prefix).dictionary()
      let ownCodes = try own.codes(of: rows, count: 20)
      var expected = ReconstructionStatistics(featureCount: prefix, width: 9)
      for row in 0..<20 {
        let x = Array(rows[(row * 9)..<(row * 9 + 9)])
        let decoded = try own.reconstructions(ownCodes, row: row, of: x).decoded
        expected.add(x, codes: ownCodes, row: row, reconstruction: decoded)
      }
      let found = nested.statistics[index]
      #expect(found.fvu == expected.fvu)
      #expect(found.cosine == expected.cosine)
      #expect(found.l0 == expected.l0)
      #expect(Array(found.firingCounts.prefix(prefix)) == expected.firingCounts)
    }
    let errors = nested.statistics.map { $0.l0 ?? -1 }
    #expect(errors[0] < errors[1] && errors[1] < errors[2])
  }

  @Test func onlyDeclaredPrefixesDecode() throws {
    for (prefixes, expected) in [
      ([5, 16, 40], "one of 5, 16, 40"), ([], "none: nothing nests in this dictionary"),
    ] {
      var oracle = oracle(.relu)
      oracle.prefixes = prefixes
      let dictionary = try oracle.dictionary()
      let codes = try dictionary.codes(of: Array(repeating: 1, count: 9), count: 1)
      let reconstructor = try Reconstructor(dictionary)
      let reason = dictionaryFailure { () throws(DictionaryError) in
        var out = [Float](repeating: 0, count: 9)
        try reconstructor.decode(
          codes, row: 0, of: Array(repeating: 1, count: 9), prefix: 6, into: &out)
      }
      #expect(reason == .field(name: "prefix", found: "6", expected: expected))
    }
  }

  @Test(arguments: [OutputScale.undoesNormalisation, .none, .factor(0.5)])
  func outputScaleIsApplied(_ scale: OutputScale) throws {
    var oracle = Sigma.relu.oracle(featureCount: 20, width: 7, seed: 5)
    oracle.normalisation = .layerNorm(epsilon: 1e-5)
    oracle.outputScale = scale
    let dictionary = try oracle.dictionary()
    #expect(dictionary.outputScale == scale)
    var generator = SplitMix64(seed: 6)
    let x = generator.normals(7, scale: 3)
    let codes = try dictionary.codes(of: x, count: 1)
    let row = try #require(oracle.encode(x.map(Double.init)))
    let expected = oracle.decode(
      codes.dense(row: 0).map(Double.init), scale: row.scale, offset: row.offset)
    let (decoded, _) = try dictionary.reconstructions(codes, row: 0, of: x)
    for column in 0..<7 {
      #expect(abs(Double(decoded[column]) - expected.values[column]) <= expected.bounds[column])
    }
  }

  /// Norms decide who wins, and leave no mark on the activation.
  @Test func ranksOnlyGivesZBack() throws {
    var oracle = exactOracle([4, 3, -8], .topK(k: 1))
    oracle.decoder = [1, 2, 100]
    oracle.ranksByDecoderNorm = true
    let dictionary = try oracle.dictionary()
    let codes = try dictionary.codes(of: [1], count: 1)
    #expect(codes.indices == [1])
    #expect(codes.values == [3])
    #expect(try dictionary.reconstructions(codes, row: 0, of: [1]).decoded == [6])
    // A threshold is in units of z·‖D‖.
    oracle.activation = .jumpReLU(threshold: [5, 5, 5])
    #expect(try oracle.dictionary().codes(of: [1], count: 1).indices == [1])
    // A row of zeros never wins and divides by nothing.
    oracle.decoder = [1, 0, 100]
    oracle.activation = .absTopK(k: 3)
    #expect(try oracle.dictionary().codes(of: [1], count: 1).indices == [0, 2])
  }
}
