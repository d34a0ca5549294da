import SAE
import TestSupport
import Tensors
import Testing

/// NaN, infinity and overflow: refused by name, in input, weights and results.
@Suite struct FiniteTests {
  @Test(arguments: Kernels.available, [Float.nan, .infinity, -.infinity])
  func inputIsRefusedWithRowAndColumn(_ kernels: Kernels, _ bad: Float) throws {
    let dictionary = try Sigma.topK.oracle(featureCount: 21, width: 19, k: 3, seed: 1)
      .dictionary(kernels: kernels)
    for (row, column) in [(0, 0), (3, 18), (15, 1), (16, 0), (18, 7), (19, 17)] {
      var generator = SplitMix64(seed: 2)
      var input = generator.normals(20 * 19)
      input[row * 19 + column] = bad
      let reason = dictionaryFailure { () throws(DictionaryError) in
        _ = try dictionary.codes(of: input, count: 20)
      }
      #expect(reason == .nonFiniteInput(row: row, column: column))
    }
    var single = [Float](repeating: 1, count: 19)
    single[13] = bad
    let reason = dictionaryFailure { () throws(DictionaryError) in
      _ = try dictionary.reading(of: [4], in: single)
    }
    #expect(reason == .nonFiniteInput(row: 0, column: 13))
  }

  /// A reader that multiplies the row as given looks for the cause only when a product shows one.
  @Test(arguments: Kernels.available, [Sigma.relu, .jumpReLU, .gated, .biJumpReLU])
  func selectiveInputIsRefusedWhateverItMeets(_ kernels: Kernels, _ sigma: Sigma) throws {
    for subtracts in [false, true] {
      var oracle = sigma.oracle(featureCount: 6, width: 19, k: 2, seed: 5)
      oracle.subtractsDecoderBias = subtracts
      // A weight of zero must not hide what it meets.
      for column in 0..<19 { oracle.encoder[4 * 19 + column] = 0 }
      let dictionary = try oracle.dictionary(kernels: kernels)
      for features in [[4], [4, 1], [0, 1, 2, 4, 5]] {
        for column in [0, 7, 18] {
          for bad in [Float.nan, .infinity, -.infinity] {
            var row = [Float](repeating: 1, count: 19)
            row[column] = bad
            let reason = dictionaryFailure { () throws(DictionaryError) in
              _ = try dictionary.reading(of: features, in: row)
            }
            #expect(reason == .nonFiniteInput(row: 0, column: column))
          }
        }
      }
    }
  }

  @Test(arguments: Kernels.available, Sigma.allCases)
  func overflowIsRefused(_ kernels: Kernels, _ sigma: Sigma) throws {
    var oracle = sigma.oracle(featureCount: 6, width: 3, k: 2, seed: 3)
    oracle.encoder[4 * 3 + 1] = 1e38
    // Matching pursuit has one matrix for both.
    if sigma == .matchingPursuit { oracle.decoder[4 * 3 + 1] = 1e38 }
    let dictionary = try oracle.dictionary(kernels: kernels)
    var input = [Float](repeating: 0.5, count: 18 * 3)
    for sign in [Float(1), -1] {
      input[17 * 3 + 1] = sign * 1e38
      let full = dictionaryFailure { () throws(DictionaryError) in
        _ = try dictionary.codes(of: input, count: 18)
      }
      // There the large weight makes a large remainder of every row.
      #expect(full == .nonFiniteResult(row: sigma == .matchingPursuit ? 0 : 17))
      let selective = dictionaryFailure { () throws(DictionaryError) in
        _ = try dictionary.reading(of: [4], in: Array(input.suffix(3)))
      }
      #expect(selective == .nonFiniteResult(row: 0))
    }
  }

  @Test func overflowOfRivalsIsRefused() throws {
    var oracle = Sigma.topK.oracle(featureCount: 70, width: 2, k: 69, seed: 4)
    oracle.encoder[66 * 2] = 1e38
    oracle.encoder[0] = 1
    let dictionary = try oracle.dictionary()
    let reason = dictionaryFailure { () throws(DictionaryError) in
      _ = try dictionary.reading(of: [0], in: [1e38, 0])
    }
    #expect(reason == .nonFiniteResult(row: 0))
  }

  @Test func overflowInTheGatedMagnitudeIsRefused() throws {
    let oracle = exactOracle(
      [1, 1e30, 1],
      .gated(gateBias: [1, 1, 1], magnitudeBias: [0, 0, 0], scale: [1, 1e30, 1]))
    let dictionary = try oracle.dictionary()
    let full = dictionaryFailure { () throws(DictionaryError) in
      _ = try dictionary.codes(of: [1], count: 1)
    }
    #expect(full == .nonFiniteResult(row: 0))
    let selective = dictionaryFailure { () throws(DictionaryError) in
      _ = try dictionary.reading(of: [1], in: [1])
    }
    #expect(selective == .nonFiniteResult(row: 0))
    // A closed gate hides the magnitude.
    let negative = try dictionary.reading(of: [1], in: [-1])
    #expect(negative.values == [0])
  }

  /// After an error the list holds whole tiles and can be used on.
  @Test(arguments: [Sigma.relu, .gated])
  func failedEncodingKeepsTheTilesBefore(_ sigma: Sigma) throws {
    let dictionary: SparseDictionary
    let good: Float = 1
    let bad: Float
    switch sigma {
    case .gated:
      dictionary = try exactOracle(
        [1, 1, 1e30],
        .gated(gateBias: [0, 0, 0], magnitudeBias: [0, 0, 0], scale: [1, 1, 1e7])
      ).dictionary()
      bad = 1e6
    default:
      dictionary = try exactOracle([1, 1, 1e38], .relu).dictionary()
      bad = 1e38
    }
    let encoder = try FullEncoder(dictionary)
    let tile = encoder.tileLimit
    var codes = SparseCodes(featureCount: 3)
    try encoder.encode([good], count: 1, stride: 1, into: &codes)
    let one = codes
    var input = [Float](repeating: good, count: 2 * tile)
    for row in [0, 3, tile, tile + 5] {
      input[row] = bad
      codes = one
      let reason = dictionaryFailure { () throws(DictionaryError) in
        try encoder.encode(input, count: input.count, stride: 1, into: &codes)
      }
      #expect(reason == .nonFiniteResult(row: row))
      #expect(codes.rowCount == 1 + row / tile * tile)
      #expect(codes.indices.count == codes.rowOffsets.last)
      #expect(codes.values.count == codes.rowOffsets.last)
      try encoder.encode([good], count: 1, stride: 1, into: &codes)
      #expect(codes.dense(row: codes.rowCount - 1) == one.dense(row: 0))
      input[row] = good
    }
    #expect(codes.undefinedRows.isEmpty)
  }

  @Test(arguments: Kernels.available, [EncoderMatrix.Layout.featureMajor, .modelMajor])
  func encoderWeightIsNamed(_ kernels: Kernels, _ layout: EncoderMatrix.Layout) throws {
    for isBFloat16 in [false, true] {
      var oracle = Sigma.relu.oracle(featureCount: 11, width: 6, seed: 5)
      oracle.encoder[5 * 6 + 2] = .nan
      if isBFloat16 { oracle.cutToBFloat16() }
      let dictionary = try oracle.dictionary(layout: layout, kernels: kernels)
      let expected = DictionaryError.Reason.nonFiniteWeight(tensor: "encoder", row: 5, column: 2)
      #expect(
        dictionaryFailure { () throws(DictionaryError) in _ = try FullEncoder(dictionary) }
          == expected)
      #expect(
        dictionaryFailure { () throws(DictionaryError) in try dictionary.checkFiniteWeights() }
          == expected)
      #expect(
        dictionaryFailure { () throws(DictionaryError) in
          _ = try SelectiveEncoder(dictionary, features: [3, 5])
        } == expected)
      // Rows that are not read do not matter.
      let row = [Float](repeating: 0.25, count: 6)
      #expect(try dictionary.reading(of: [3, 4], in: row).isDefined)
    }
  }

  @Test func competitionReadsEveryRow() throws {
    var oracle = Sigma.topK.oracle(featureCount: 11, width: 6, k: 2, seed: 6)
    oracle.encoder[10 * 6 + 5] = .infinity
    let dictionary = try oracle.dictionary(layout: .modelMajor)
    let reason = dictionaryFailure { () throws(DictionaryError) in
      _ = try SelectiveEncoder(dictionary, features: [0])
    }
    #expect(reason == .nonFiniteWeight(tensor: "encoder", row: 10, column: 5))
  }

  @Test(arguments: Kernels.available)
  func decoderAndSkipWeightsAreNamed(_ kernels: Kernels) throws {
    var oracle = Sigma.topK.oracle(featureCount: 9, width: 4, k: 2, seed: 7)
    oracle.decoder[8 * 4 + 1] = -.infinity
    let decoder = DictionaryError.Reason.nonFiniteWeight(tensor: "decoder", row: 8, column: 1)
    let dictionary = try oracle.dictionary(kernels: kernels)
    #expect(
      dictionaryFailure { () throws(DictionaryError) in try dictionary.checkFiniteWeights() }
        == decoder)
    oracle.rescalesByDecoderNorm = true
    #expect(
      dictionaryFailure { () throws(DictionaryError) in _ = try oracle.dictionary() } == decoder)

    var transcoder = Sigma.relu.oracle(featureCount: 9, width: 4, seed: 8)
    transcoder.isTranscoder = true
    var skip = [Float](repeating: 0, count: 16)
    skip[3 * 4 + 2] = .nan
    transcoder.skip = skip
    let other = try transcoder.dictionary(kernels: kernels)
    #expect(
      dictionaryFailure { () throws(DictionaryError) in try other.checkFiniteWeights() }
        == .nonFiniteWeight(tensor: "skip", row: 3, column: 2))
  }

  /// Decoding checks what it reads, whatever was checked before; an overflow is named too.
  @Test func decodingRefusesNonFiniteWeightsAndResults() throws {
    var oracle = Sigma.relu.oracle(featureCount: 9, width: 4, seed: 7)
    oracle.decoder[8 * 4 + 1] = .nan
    let broken = try oracle.dictionary()
    #expect(
      dictionaryFailure { () throws(DictionaryError) in _ = try Reconstructor(broken) }
        == .nonFiniteWeight(tensor: "decoder", row: 8, column: 1))

    let huge = OracleDictionary(
      featureCount: 2, width: 1, encoder: [1, 1], decoder: [3e38, 3e38], encoderBias: [0, 0],
      decoderBias: [0], activation: .relu)
    let dictionary = try huge.dictionary()
    let codes = try dictionary.codes(of: [0.1, 1], count: 2)
    #expect(
      dictionaryFailure { () throws(DictionaryError) in
        _ = try dictionary.reconstructions(codes, row: 1, of: [1])
      } == .nonFiniteResult(row: 1))
    #expect(try dictionary.reconstructions(codes, row: 0, of: [0.1]).decoded[0].isFinite)
  }

  @Test func featuresOutsideAreRefused() throws {
    let dictionary = try Sigma.relu.oracle(featureCount: 9, width: 4, seed: 9).dictionary()
    for feature in [-1, 9, Int.max, Int.min] {
      let reason = dictionaryFailure { () throws(DictionaryError) in
        _ = try SelectiveEncoder(dictionary, features: [0, feature])
      }
      #expect(reason == .featureOutOfRange(found: feature, count: 9))
    }
  }
}
