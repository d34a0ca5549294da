import SAE
import TestSupport
import Tensors
import Testing

/// The mean path of variational dictionaries, against naive f64 loops.
@Suite struct VariationalTests {
  private let oracle = Sigma.relu.oracle(featureCount: 40, width: 9, seed: 3)

  private func parts(
    _ activation: VariationalActivation, subtracts: Bool = true,
    variance: VariationalVariance? = nil
  ) throws(DictionaryError) -> SparseDictionary.Parts {
    try .variational(
      name: "vsae",
      meanEncoder: EncoderMatrix(
        RowMatrix(rowCount: 40, width: 9, values: oracle.encoder), layout: .featureMajor),
      meanBias: oracle.encoderBias,
      decoder: RowMatrix(rowCount: 40, width: 9, values: oracle.decoder),
      decoderBias: oracle.decoderBias, activation: activation, subtractsDecoderBias: subtracts,
      variance: variance)
  }

  /// μ of one row, by f64 loops.
  private func mean(_ x: [Float], subtracts: Bool) -> [Double] {
    (0..<40).map { feature in
      var sum = Double(oracle.encoderBias[feature])
      for column in 0..<9 {
        let shift = subtracts ? Double(oracle.decoderBias[column]) : 0
        sum += Double(oracle.encoder[feature * 9 + column]) * (Double(x[column]) - shift)
      }
      return sum
    }
  }

  @Test(arguments: [VariationalActivation.relu, .topKAfterReLU(k: 5), .topKAfterReLU(k: 40)])
  func latentsAreOfTheMean(_ activation: VariationalActivation) throws {
    var generator = SplitMix64(seed: 5)
    for subtracts in [false, true] {
      let dictionary = try SparseDictionary(parts(activation, subtracts: subtracts))
      for _ in 0..<5 {
        let x = generator.normals(9)
        let rectified = mean(x, subtracts: subtracts).map { max($0, 0) }
        var k = 40
        if case .topKAfterReLU(let count) = activation { k = count }
        let order = rectified.indices.sorted {
          rectified[$0] > rectified[$1] || (rectified[$0] == rectified[$1] && $0 < $1)
        }
        let kept = Set(order.prefix(k))
        let codes = try dictionary.codes(of: x, count: 1)
        let dense = codes.dense(row: 0)
        for feature in 0..<40 {
          let expected = kept.contains(feature) ? rectified[feature] : 0
          #expect((dense[feature] != 0) == (expected != 0))
          #expect(abs(Double(dense[feature]) - expected) <= 1e-5)
        }
        let decoded = try dictionary.reconstructions(codes, row: 0, of: x).decoded
        for column in 0..<9 {
          var expected = Double(oracle.decoderBias[column])
          for feature in kept {
            expected += rectified[feature] * Double(oracle.decoder[feature * 9 + column])
          }
          #expect(abs(Double(decoded[column]) - expected) <= 1e-4)
        }
      }
    }
  }

  /// Unused at inference: any learned variance gives the same bits, and is written down.
  @Test func varianceIsRecordedAndNotUsed() throws {
    var generator = SplitMix64(seed: 6)
    let variance = VariationalVariance(
      encoder: EncoderMatrix(
        RowMatrix(rowCount: 9, width: 40, values: generator.normals(360)), layout: .modelMajor),
      bias: generator.normals(40))
    let plain = try SparseDictionary(parts(.topKAfterReLU(k: 4)))
    let learned = try SparseDictionary(parts(.topKAfterReLU(k: 4), variance: variance))
    let rows = generator.normals(27)
    #expect(try plain.codes(of: rows, count: 3) == (try learned.codes(of: rows, count: 3)))
    #expect(!plain.ledger.contains { $0.subject == "variance" })
    let entry = try #require(learned.ledger.first { $0.subject == "variance" })
    #expect(entry.statement.contains("not used"))
    #expect(
      learned.ledger.contains {
        $0.subject == "latents" && $0.statement.hasPrefix("topK(max(μ, 0)) with k = 4")
      })
  }

  @Test func misuseIsNamed() throws {
    func failure(_ rows: Int, _ width: Int, _ bias: Int) -> DictionaryError.Reason? {
      dictionaryFailure { () throws(DictionaryError) in
        let values = [Float](repeating: 0, count: rows * width)
        _ = try parts(
          .relu,
          variance: VariationalVariance(
            encoder: EncoderMatrix(
              RowMatrix(rowCount: rows, width: width, values: values), layout: .featureMajor),
            bias: Array(repeating: 0, count: bias)))
      }
    }
    #expect(failure(40, 9, 40) == nil)
    #expect(failure(9, 40, 40) == .shape(tensor: "W_var", found: [9, 40], expected: [40, 9]))
    #expect(failure(40, 9, 9) == .shape(tensor: "b_var", found: [9], expected: [40]))
    #expect(
      dictionaryFailure { () throws(DictionaryError) in
        _ = try SparseDictionary(parts(.topKAfterReLU(k: 41)))
      } == .field(name: "k", found: "41", expected: "1 to 40, the feature count"))
    var broken = try parts(.relu)
    broken.encoderBias[3] = .nan
    #expect(
      dictionaryFailure { () throws(DictionaryError) in _ = try SparseDictionary(broken) }
        == .nonFiniteWeight(tensor: "encoder bias", row: 0, column: 3))
  }
}
