import SAE
import TestSupport
import Tensors
import Testing

/// Projections against exact ones: the block's rows are signed axes, or a rotation of two.
@Suite struct BlockSubspaceTests {
  private func oracle(_ decoder: [Float], bias: [Float] = [0, 0, 0, 0]) -> OracleDictionary {
    OracleDictionary(
      featureCount: 4, width: 4, encoder: decoder, decoder: decoder,
      encoderBias: [0, 0, 0, 0], decoderBias: bias,
      activation: .blockTopK(blockSize: 2, blocks: 1))
  }

  private let decoder: [Float] = [1, 0, 0, 0, 0, -1, 0, 0, 0, 0, 0.6, 0.8, 0, 0, -0.8, 0.6]

  @Test func projectsOntoTheBlock() throws {
    let dictionary = try oracle(decoder, bias: [1, 1, 1, 1]).dictionary()
    let first = try BlockSubspace(dictionary, block: 0)
    #expect(first.dimension == 2 && first.width == 4)
    #expect(first.orthonormalityDefect == 0)
    let row: [Float] = [3, 5, 7, 9]
    #expect(first.coordinates(of: row) == [2, -4])
    #expect(first.ablating(row) == [1, 1, 7, 9])
    #expect(first.energy(of: row) == (4.0 + 16) / (4 + 16 + 36 + 64))
    #expect(first.energy(of: [1, 1, 1, 1]) == nil)
    #expect(first.direction([2, 3]) == [2, -3, 0, 0])

    let second = try BlockSubspace(dictionary, block: 1)
    #expect(second.orthonormalityDefect > 0 && second.orthonormalityDefect < 1e-6)
    let ablated = second.ablating(row)
    #expect(ablated[0] == 3 && ablated[1] == 5)
    #expect(abs(ablated[2] - 1) < 1e-5 && abs(ablated[3] - 1) < 1e-5)
    // An edit as long as its coordinates.
    let edit = second.direction([3, 4])
    let length = edit.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
    #expect(abs(length - 5) < 1e-5)
  }

  @Test func originIsInTheUnitsOfTheRow() throws {
    var scaled = oracle(decoder, bias: [2, 2, 2, 2])
    scaled.normalisation = .constantFactor(4)
    let subspace = try BlockSubspace(try scaled.dictionary(), block: 0)
    #expect(subspace.ablating([3, 3, 3, 3]) == [0.5, 0.5, 3, 3])
  }

  /// b / c where the output undoes the factor, b where it does nothing, f · b where it has a factor.
  @Test(
    arguments: [
      (.undoesNormalisation, 0.5), (.none, 2), (.factor(0.25), 0.5), (.factor(1.5), 3),
    ] as [(OutputScale, Double)])
  func originFollowsTheOutputScale(_ scale: OutputScale, _ origin: Double) throws {
    var scaled = oracle(decoder, bias: [2, 2, 2, 2])
    scaled.normalisation = .constantFactor(4)
    scaled.outputScale = scale
    let subspace = try BlockSubspace(try scaled.dictionary(), block: 0)
    #expect(subspace.ablating([3, 3, 3, 3]) == [Float(origin), Float(origin), 3, 3])
    #expect(subspace.energy(of: [Float](repeating: Float(origin), count: 4)) == nil)
  }

  @Test func whatIsNotAnOrthonormalBlockIsRefused() throws {
    var skewed = decoder
    skewed[1] = 0.25
    let dictionary = try oracle(skewed).dictionary()
    let reason = dictionaryFailure { () throws(DictionaryError) in
      _ = try BlockSubspace(dictionary, block: 0)
    }
    #expect(
      reason
        == .field(
          name: "decoder rows of block 0", found: "max |D·Dᵀ − I| = 0.25",
          expected: "orthonormal rows, at most 0.001"))
    #expect(try BlockSubspace(dictionary, block: 0, tolerance: 0.3).orthonormalityDefect == 0.25)
    for block in [-1, 2] {
      let reason = dictionaryFailure { () throws(DictionaryError) in
        _ = try BlockSubspace(dictionary, block: block)
      }
      #expect(reason == .field(name: "block", found: "\(block)", expected: "0 to 1"))
    }
    var other = oracle(decoder)
    other.activation = .relu
    let plain = try other.dictionary()
    let kind = dictionaryFailure { () throws(DictionaryError) in
      _ = try BlockSubspace(plain, block: 0)
    }
    #expect(kind == .field(name: "activation", found: "relu", expected: "blockTopK"))
    var normalised = oracle(decoder)
    normalised.normalisation = .layerNorm(epsilon: 1e-5)
    let layered = try normalised.dictionary()
    let layer = dictionaryFailure { () throws(DictionaryError) in
      _ = try BlockSubspace(layered, block: 0)
    }
    #expect(
      layer
        == .field(name: "normalisation", found: "layer norm", expected: "none or constant factor"))
  }
}
