import Glibc
import SAE
import TestSupport
import Tensors
import Testing

/// Decoder rows explained by a meta dictionary, against naive f64 loops.
@Suite struct CompositionTests {
  private static let width = 12

  private func base(_ sigma: Sigma = .relu, seed: UInt64 = 1) -> OracleDictionary {
    sigma.oracle(featureCount: 30, width: Self.width, k: 9, seed: seed)
  }

  /// As the published meta dictionaries are: layer norm, bias subtracted, thresholds.
  private func meta(_ normalisation: Normalisation = .layerNorm(epsilon: 1e-5)) -> OracleDictionary
  {
    var oracle = Sigma.jumpReLU.oracle(featureCount: 8, width: Self.width, seed: 2)
    oracle.normalisation = normalisation
    oracle.subtractsDecoderBias = true
    return oracle
  }

  private func row(_ oracle: OracleDictionary, _ feature: Int) -> [Double] {
    oracle.decoder[(feature * Self.width)..<((feature + 1) * Self.width)].map(Double.init)
  }

  private func norm(_ values: [Double]) -> Double {
    values.reduce(0) { $0 + $1 * $1 }.squareRoot()
  }

  @Test(
    arguments: [ComposedDictionary.RowScaling.asStored, .unitNorm],
    [Normalisation.none, .layerNorm(epsilon: 1e-5)])
  func compositionsMatch(
    _ scaling: ComposedDictionary.RowScaling, _ normalisation: Normalisation
  ) throws {
    let (base, meta) = (base(), meta(normalisation))
    let dictionary = try ComposedDictionary(
      base: base.dictionary(), meta: meta.dictionary(), rowScaling: scaling, weighting: .codes)
    let reader = try CompositionReader(dictionary)
    var active = 0
    for feature in 0..<30 {
      let stored = row(base, feature)
      let given = scaling == .unitNorm ? stored.map { $0 / norm(stored) } : stored
      let expected = try #require(meta.encode(given))
      let actual = try #require(try reader.composition(of: feature))
      let dense = actual.codes.dense(row: 0)
      for k in 0..<8 where !expected.isUnsure[k] {
        #expect((dense[k] != 0) == (expected.values[k] != 0))
        #expect(abs(Double(dense[k]) - expected.values[k]) <= 1e-5)
        active += dense[k] != 0 ? 1 : 0
      }
      let wanted = meta.decode(
        dense.map(Double.init), scale: expected.scale, offset: expected.offset)
      var error = 0.0
      for column in 0..<Self.width {
        #expect(abs(Double(actual.reconstruction[column]) - wanted.values[column]) <= 1e-5)
        #expect(abs(Double(actual.row[column]) - given[column]) <= 1e-6)
        error += (given[column] - wanted.values[column]) * (given[column] - wanted.values[column])
      }
      let square = norm(given) * norm(given)
      #expect(abs(actual.squaredError - error) <= 1e-5 * (1 + error))
      #expect(
        abs(actual.decomposability(variance: 0.5) - exp(-error / 0.5)) <= 1e-4)
      #expect(abs(try #require(actual.explainedFraction) - (1 - error / square)) <= 1e-4)
    }
    #expect(active > 30)
  }

  /// A row that the meta dictionary can write exactly is wholly decomposable; a far one is not.
  @Test func decomposabilityOfKnownRows() throws {
    func oracle(_ rows: [Float], _ count: Int) -> OracleDictionary {
      OracleDictionary(
        featureCount: count, width: 2, encoder: rows, decoder: rows,
        encoderBias: [Float](repeating: 0, count: count), decoderBias: [0, 0], activation: .relu)
    }
    let dictionary = try ComposedDictionary(
      base: oracle([1, 0, 0, 3, 0, 0], 3).dictionary(), meta: oracle([1, 0], 1).dictionary(),
      rowScaling: .asStored, weighting: .codes)
    let reader = try CompositionReader(dictionary)
    let exact = try #require(try reader.composition(of: 0))
    #expect(exact.decomposability() == 1)
    #expect(exact.explainedFraction == 1)
    let apart = try #require(try reader.composition(of: 1))
    #expect(apart.squaredError == 9)
    #expect(abs(apart.decomposability(variance: 4) - exp(-9.0 / 4)) <= 1e-15)
    #expect(apart.explainedFraction == 0)
    let zero = try #require(try reader.composition(of: 2))
    #expect(zero.explainedFraction == nil)
  }

  @Test(arguments: [ComposedDictionary.Weighting.codes, .contributions])
  func activationsAreExpressed(_ weighting: ComposedDictionary.Weighting) throws {
    var base = base(.topK)
    base.rescalesByDecoderNorm = true
    let meta = meta()
    let dictionary = try ComposedDictionary(
      base: base.dictionary(), meta: meta.dictionary(), rowScaling: .unitNorm,
      weighting: weighting)
    let reader = try CompositionReader(dictionary)
    var generator = SplitMix64(seed: 9)
    let codes = try dictionary.base.codes(of: generator.normals(4 * Self.width), count: 4)
    var out = SparseCodes(featureCount: 8)
    for row in 0..<4 { try reader.express(codes, row: row, into: &out) }
    #expect(out.rowCount == 4)
    for row in 0..<4 {
      var expected = [Double](repeating: 0, count: 8)
      for (feature, value) in codes.dense(row: row).enumerated() where value != 0 {
        let stored = self.row(base, feature)
        let size = norm(stored)
        let encoded = try #require(meta.encode(stored.map { $0 / size }))
        // Activations are rescaled by the norm, which cancels the norm of the unit row.
        let factor = weighting == .codes ? 1 : encoded.scale * size / base.decoderNorm(feature)
        for k in 0..<8 { expected[k] += Double(value) * factor * encoded.values[k] }
      }
      let actual = out.dense(row: row)
      for k in 0..<8 {
        #expect(abs(Double(actual[k]) - expected[k]) <= 1e-4 * (1 + abs(expected[k])))
      }
      #expect(actual.contains { $0 != 0 })
    }
  }

  /// With contributions, meta rows add up to the part of the row that they explain.
  @Test(
    arguments: [Normalisation.none, .constantFactor(2)],
    [OutputScale.undoesNormalisation, .none, .factor(0.375)])
  func contributionsAddUp(_ normalisation: Normalisation, _ scale: OutputScale) throws {
    let base = base()
    var meta = meta(normalisation)
    meta.outputScale = scale
    meta.decoderBias = [Float](repeating: 0, count: Self.width)
    let dictionary = try ComposedDictionary(
      base: base.dictionary(), meta: meta.dictionary(), rowScaling: .unitNorm,
      weighting: .contributions)
    let reader = try CompositionReader(dictionary)
    var generator = SplitMix64(seed: 10)
    let codes = try dictionary.base.codes(of: generator.normals(Self.width), count: 1)
    var out = SparseCodes(featureCount: 8)
    try reader.express(codes, row: 0, into: &out)
    var left = [Double](repeating: 0, count: Self.width)
    for (feature, value) in out.dense(row: 0).enumerated() {
      let direction = try dictionary.steeringDirection(ofMeta: feature)
      for column in 0..<Self.width { left[column] += Double(value) * Double(direction[column]) }
    }
    var right = [Double](repeating: 0, count: Self.width)
    for (feature, value) in codes.dense(row: 0).enumerated() where value != 0 {
      let composition = try #require(try reader.composition(of: feature))
      let size = norm(row(base, feature))
      for column in 0..<Self.width {
        right[column] += Double(value) * size * Double(composition.reconstruction[column])
      }
    }
    for column in 0..<Self.width {
      #expect(abs(left[column] - right[column]) <= 1e-4 * (1 + abs(right[column])))
    }
    #expect(norm(right) > 0.1)
  }

  @Test func rowsWithoutADirectionAreUndefined() throws {
    var base = base()
    for column in 0..<Self.width { base.decoder[3 * Self.width + column] = 0 }
    let dictionary = try ComposedDictionary(
      base: base.dictionary(), meta: meta().dictionary(), rowScaling: .unitNorm, weighting: .codes)
    let reader = try CompositionReader(dictionary)
    #expect(try reader.composition(of: 3) == nil)
    #expect(try reader.composition(of: 4) != nil)
    for column in 0..<Self.width { base.decoder[3 * Self.width + column] = 3e38 }
    let huge = try ComposedDictionary(
      base: base.dictionary(), meta: meta().dictionary(), rowScaling: .unitNorm, weighting: .codes)
    #expect(
      dictionaryFailure { () throws(DictionaryError) in _ = try huge.row(of: 3) }
        == .nonFiniteResult(row: 3))

    var undefined = base
    undefined.normalisation = .rootWidthOverNorm
    let codes = try undefined.dictionary()
      .codes(of: [Float](repeating: 0, count: Self.width), count: 1)
    var out = SparseCodes(featureCount: 8)
    try reader.express(codes, row: 0, into: &out)
    #expect(out.undefinedRows == [0])
    #expect(out.rowCount == 1)
  }

  @Test func misuseIsNamed() throws {
    let base = try base().dictionary()
    var transcoder = meta()
    transcoder.isTranscoder = true
    transcoder.subtractsDecoderBias = false
    let wrongKind = try transcoder.dictionary()
    let wrongWidth = try Sigma.relu.oracle(featureCount: 4, width: 5, seed: 1).dictionary()
    func failure(_ meta: SparseDictionary) -> DictionaryError.Reason? {
      dictionaryFailure { () throws(DictionaryError) in
        _ = try ComposedDictionary(
          base: base, meta: meta, rowScaling: .asStored, weighting: .codes)
      }
    }
    #expect(
      failure(wrongKind)
        == .field(name: "meta dictionary", found: "a transcoder", expected: "an autoencoder"))
    #expect(
      failure(wrongWidth) == .shape(tensor: "meta encoder", found: [4, 5], expected: [4, 12]))

    let dictionary = try ComposedDictionary(
      base: base, meta: meta().dictionary(), rowScaling: .asStored, weighting: .codes)
    let reader = try CompositionReader(dictionary)
    for feature in [-1, 30] {
      #expect(
        dictionaryFailure { () throws(DictionaryError) in
          _ = try reader.composition(of: feature)
        } == .featureOutOfRange(found: feature, count: 30))
    }
    #expect(
      dictionaryFailure { () throws(DictionaryError) in
        _ = try dictionary.steeringDirection(ofMeta: 8)
      } == .featureOutOfRange(found: 8, count: 8))
    var out = SparseCodes(featureCount: 8)
    func expressing(_ codes: SparseCodes, _ row: Int) -> DictionaryError.Reason? {
      dictionaryFailure { () throws(DictionaryError) in
        try reader.express(codes, row: row, into: &out)
      }
    }
    #expect(
      expressing(SparseCodes(featureCount: 9), 0)
        == .shape(tensor: "codes", found: [9], expected: [30]))
    #expect(
      expressing(SparseCodes(featureCount: 30), 0)
        == .field(name: "row of the codes", found: "0", expected: "below 0, the row count"))
    #expect(out == SparseCodes(featureCount: 8))
  }

  @Test func weightsThatAreNotFiniteAreNamed() throws {
    var base = base()
    base.decoder[7 * Self.width + 2] = .nan
    var bad = meta()
    bad.decoder[5 * Self.width + 1] = .infinity
    let dictionary = try ComposedDictionary(
      base: base.dictionary(), meta: meta().dictionary(), rowScaling: .asStored,
      weighting: .codes)
    let reader = try CompositionReader(dictionary)
    #expect(
      dictionaryFailure { () throws(DictionaryError) in _ = try reader.composition(of: 7) }
        == .nonFiniteWeight(tensor: "decoder", row: 7, column: 2))
    #expect(try reader.composition(of: 6) != nil)
    let other = try ComposedDictionary(
      base: base.dictionary(), meta: bad.dictionary(), rowScaling: .asStored, weighting: .codes)
    let named = DictionaryError.Reason.nonFiniteWeight(
      tensor: "meta decoder", row: 5, column: 1)
    #expect(
      dictionaryFailure { () throws(DictionaryError) in _ = try CompositionReader(other) } == named)
    #expect(
      dictionaryFailure { () throws(DictionaryError) in
        _ = try other.steeringDirection(ofMeta: 5)
      } == named)
    base.decoder[7 * Self.width + 2] = 3e38
    base.decoder[7 * Self.width + 3] = -3e38
    var steep = meta(.none)
    steep.encoder[2] = 1e10
    let huge = try CompositionReader(
      ComposedDictionary(
        base: base.dictionary(), meta: steep.dictionary(), rowScaling: .asStored,
        weighting: .codes))
    #expect(
      dictionaryFailure { () throws(DictionaryError) in _ = try huge.composition(of: 7) }
        == .nonFiniteResult(row: 7))
  }
}
