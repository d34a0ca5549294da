import SAE
import Steering
import TestSupport
import Tensors
import Testing

/// Dictionaries from arrays, through what a client of the library sees.
@Suite struct BuiltDictionaryTests {
  private let encoder: [Float] = [1, 0, 0, 2, 1, -1]
  private let decoder: [Float] = [1, 0, 0, 1, 0.5, 0.5]

  @Test func denseArraysCompute() throws {
    let dictionary = try SparseDictionary(
      name: "built", encoder: .dense(encoder), decoder: .dense(decoder),
      encoderBias: [0, -1, 0.25], decoderBias: [0.5, 0], activation: .relu,
      subtractsDecoderBias: true)
    #expect((dictionary.featureCount, dictionary.modelWidth) == (3, 2))
    // x − b_dec = (1, 2): z = (1, 3, −0.75).
    let codes = try dictionary.encode([1.5, 2])
    #expect(codes.dense(row: 0) == [1, 3, 0])
    #expect(try dictionary.decode(codes, of: [1.5, 2]) == [1.5, 3])
    #expect(dictionary.ledger.map(\.statement) == ["subtracted before encoding"])
    let raw = try SparseDictionary(
      name: "built", encoder: .dense(encoder), decoder: .dense(decoder),
      encoderBias: [0, -1, 0.25], decoderBias: [0.5, 0], activation: .relu,
      subtractsDecoderBias: false, normalisation: .constantFactor(2))
    // 2x = (3, 4): z = (3, 7, −0.75).
    #expect(try raw.encode([1.5, 2]).dense(row: 0) == [3, 7, 0])
  }

  /// An expander: the numbers of a dense matrix whose other places are zero, encoder and decoder in one.
  @Test func sparseTiedArraysCompute() throws {
    let dictionary = try SparseDictionary(
      name: "expander", encoder: nil,
      decoder: .sparse(values: [1, 2, -1, 3], columns: [0, 3, 1, 2]), encoderBias: [0, 0.5],
      decoderBias: [0, 0, 1, 0], activation: .signedTopK(k: 1), subtractsDecoderBias: true)
    #expect(dictionary.isTied)
    // x − b_dec = (1, 2, −1, 1): z = (3, −4.5).
    let codes = try dictionary.encode([1, 2, 0, 1])
    #expect(codes.dense(row: 0) == [3, 0])
    #expect(try dictionary.decode(codes, of: [1, 2, 0, 1]) == [3, 0, 1, 6])
  }

  @Test func skipTranscodersCompute() throws {
    let dictionary = try SparseDictionary(
      name: "skip", encoder: .dense([1, 0, 1, 1, 1, 1]), decoder: .dense([2, 3]),
      encoderBias: [0, 0], decoderBias: [10], activation: .relu, subtractsDecoderBias: false,
      kind: .transcoder, modelWidth: 3, skip: [1, 0, -1], output: Tap(hook: "mlp_out"))
    #expect((dictionary.modelWidth, dictionary.outputWidth) == (3, 1))
    #expect(dictionary.output.hook == "mlp_out")
    let row: [Float] = [1, 2, 4]
    let codes = try dictionary.encode(row)
    #expect(codes.dense(row: 0) == [5, 7])
    #expect(try dictionary.decode(codes, of: row) == [41])
    #expect(try dictionary.decode(codes, of: row, includingSkip: true) == [38])
  }

  /// A block's subspace from coordinates to directions, against f64 sums over the same arrays.
  @Test func blocksSpanSubspaces() throws {
    let half = Float(0.5).squareRoot()
    let rows: [Float] = [half, half, 0, 0, 0, 1, half, -half, 0]
    let dictionary = try SparseDictionary(
      name: "blocks", encoder: .dense(rows + [0, 0, 2]), decoder: .dense(rows + [0, 0, 1]),
      encoderBias: [0, 0, 0, 0], decoderBias: [1, 0, 0],
      activation: .blockTopK(blockSize: 2, blocks: 1), subtractsDecoderBias: true)
    let space = try dictionary.subspace(ofBlock: 0)
    #expect(space.dimension == 2)
    let row: [Float] = [3, 4, 5]
    let inner = (2 + 4) * 0.5.squareRoot()
    let coordinates = space.coordinates(of: row)
    #expect(abs(Double(coordinates[0]) - inner) < 1e-6 && coordinates[1] == 5)
    let direction = space.direction(coordinates)
    for (value, expected) in zip(direction, [3.0, 3, 5]) {
      #expect(abs(Double(value) - expected) < 1e-6)
    }
    for (value, expected) in zip(space.ablating(row), [0.0, 1, 0]) {
      #expect(abs(Double(value) - expected) < 1e-6)
    }
    let energy = try #require(space.energy(of: row))
    #expect(abs(energy - (18.0 + 25) / (4 + 16 + 25)) < 1e-6)
  }

  @Test func signAwareGatesFold() throws {
    let sides = try BiJumpReLU(
      gatePositive: [-1, -1], gateNegative: [-2, 0.5], scalePositive: [2, 1],
      scaleNegative: [3, 1], offsetPositive: [0.25, 0], offsetNegative: [-0.5, 0])
    let dictionary = try SparseDictionary(
      name: "gated", encoder: nil, decoder: .dense([1, 0, 0, 1]), encoderBias: [0, 0],
      decoderBias: [0, 0], activation: .biJumpReLU(sides), subtractsDecoderBias: false)
    // π + gate⁺ > 0 opens upwards, π − gate⁻ < 0 downwards.
    #expect(try dictionary.encode([1.5, 0.25]).dense(row: 0) == [3.25, 0.25])
    #expect(try dictionary.encode([-2.5, 0.75]).dense(row: 0) == [-8, 0])
    #expect(try dictionary.encode([1, 2]).dense(row: 0) == [0, 2])
    let error = try #require(
      steeringError {
        _ = try BiJumpReLU(
          gatePositive: [1], gateNegative: [0], scalePositive: [1], scaleNegative: [1],
          offsetPositive: [0], offsetNegative: [0])
      })
    #expect(error.message.contains("one gate open at a time"))
  }

  @Test func rotationsCompute() throws {
    let quarter: [Float] = [0, -1, 1, 0]
    func rotated(_ rule: RotationSparsification) throws -> SparseDictionary {
      try .rotated(name: "q", rotation: quarter, sparsification: rule, center: [1, 1])
    }
    // (x − 1) Q for x = (3, 0): (2, −1) · [[0, −1], [1, 0]] = (−1, −2).
    #expect(try rotated(.absTopK(k: 1)).encode([3, 0]).dense(row: 0) == [0, -2])
    let dictionary = try rotated(.magnitudeThreshold(1))
    let codes = try dictionary.encode([3, 0, 3.5, 1])
    #expect(codes.dense(row: 0) == [0, -2])
    #expect(try dictionary.decode(codes, of: [3, 0, 3.5, 1]) == [3, 1, 3.5, 1])
    func message(_ rotation: [Float], _ accepts: Bool = false) -> String? {
      steeringError {
        _ = try SparseDictionary.rotated(
          name: "q", rotation: rotation, sparsification: .absTopK(k: 1),
          acceptsAnyDeviation: accepts)
      }?.message
    }
    #expect(message([1, 0, 0]) == "rotation has shape [3], expected [2, 2]")
    #expect(message([2, 0, 0, 1]) == "rotation is max |QᵀQ − I| = 3.0, expected at most 0.004")
    #expect(message([2, 0, 0, 1], true) == nil)
    #expect(message([]) != nil)
  }

  @Test func variationalMeansCompute() throws {
    let dictionary = try SparseDictionary.variational(
      name: "v", meanEncoder: encoder, meanBias: [0, -1, 0.25], decoder: decoder,
      decoderBias: [0.5, 0], activation: .topKAfterReLU(k: 1), subtractsDecoderBias: true)
    #expect(try dictionary.encode([1.5, 2]).dense(row: 0) == [0, 3, 0])
    #expect(dictionary.ledger.contains { $0.subject == "latents" })
  }

  private func message(
    encoder: FeatureWeights? = .dense([1, 0, 0, 1]),
    decoder: FeatureWeights = .dense([1, 0, 0, 1]),
    encoderBias: [Float] = [0, 0], decoderBias: [Float] = [0, 0],
    activation: ActivationFunction = .relu, modelWidth: Int? = nil, skip: [Float]? = nil
  ) -> String? {
    steeringError {
      _ = try SparseDictionary(
        name: "x", encoder: encoder, decoder: decoder, encoderBias: encoderBias,
        decoderBias: decoderBias, activation: activation, subtractsDecoderBias: false,
        modelWidth: modelWidth, skip: skip)
    }?.message
  }

  @Test func misuseIsNamed() {
    #expect(message() == nil)
    #expect(message(encoder: .dense([1, 0])) == "encoder has shape [2], expected [2, 2]")
    #expect(message(decoder: .dense([])) == "decoder has shape [0], expected [2, 2]")
    #expect(message(encoderBias: []) == "feature count is 0, expected at least 1")
    #expect(message(modelWidth: -1) == "encoder has shape [4], expected [2, -1]")
    #expect(message(modelWidth: .max) != nil)
    #expect(message(skip: [1]) == "skip has shape [1], expected [2, 2]")
    #expect(message(skip: [1, 0, 0, 1]) == "skip is an autoencoder, expected a transcoder")
    #expect(message(activation: .topK(k: 3)) == "k is 3, expected 1 to 2, the feature count")
    #expect(
      message(encoder: .dense([1, 0, 0, .nan]))
        == "encoder weight of feature 1, component 1, is NaN or infinite, expected a finite number")
    #expect(
      message(encoder: nil, decoder: .sparse(values: [1, 2, 3], columns: [0, 1, 0]))
        == "decoder values has shape [3], expected [2, 1]")
    #expect(
      message(encoder: nil, decoder: .sparse(values: [1, 2], columns: [0]))
        == "decoder columns has shape [1], expected [2, 1]")
    #expect(
      message(encoder: nil, decoder: .sparse(values: [1, 2], columns: [0, 2]))
        == "expander indices[1][0] is 2, expected 0 to 1: ascending, each once")
    #expect(message(encoder: nil, decoder: .sparse(values: [], columns: [])) != nil)
  }
}
