import SAE
import Steering
import Tensors
import TestSupport

/// A random dictionary of one kind, beside its weights for the oracle.
struct Sample: Sendable, CustomStringConvertible {
  var name: String
  var weights: RandomDictionary
  var activation: ActivationFunction
  var normalisation: Normalisation
  var subtractsDecoderBias = false
  var rescalesByDecoderNorm = false

  var description: String { name }

  init(
    _ name: String, _ activation: (RandomDictionary) -> ActivationFunction,
    _ normalisation: Normalisation = .none, seed: UInt64 = 7
  ) {
    self.name = name
    weights = RandomDictionary(featureCount: 48, width: 37, seed: seed)
    self.activation = activation(weights)
    self.normalisation = normalisation
  }

  func parts() -> SparseDictionary.Parts {
    var parts = weights.parts(activation)
    parts.normalisation = normalisation
    parts.subtractsDecoderBias = subtractsDecoderBias
    parts.decoderNormRole = rescalesByDecoderNorm ? .rescalesActivations : .none
    return parts
  }

  func dictionary() throws -> SparseDictionary { try SparseDictionary(parts()) }

  func rows(_ count: Int, seed: UInt64 = 99, scale: Float = 2) -> [[Float]] {
    var generator = SplitMix64(seed: seed)
    return (0..<count).map { _ in generator.normals(weights.width, scale: scale) }
  }

  static let all: [Sample] = {
    var biased = Sample("relu, decoder bias subtracted", { _ in .relu })
    biased.subtractsDecoderBias = true
    var rescaled = Sample("topK, rescaled by decoder norm", { _ in .topK(k: 9) })
    rescaled.rescalesByDecoderNorm = true
    var both = Sample(
      "absTopK, rescaled, constant factor", { _ in .absTopK(k: 12) }, .constantFactor(0.25))
    both.rescalesByDecoderNorm = true
    return [
      Sample("relu", { _ in .relu }),
      Sample("relu, constant factor", { _ in .relu }, .constantFactor(0.37)),
      Sample(
        "jumpReLU, layer norm", { .jumpReLU(threshold: $0.threshold) }, .layerNorm(epsilon: 1e-3)),
      Sample(
        "jumpReLU, root width over norm", { .jumpReLU(threshold: $0.threshold) },
        .rootWidthOverNorm),
      Sample("topK, layer norm", { _ in .topK(k: 9) }, .layerNorm(epsilon: 1e-5)),
      biased, rescaled, both,
    ]
  }()
}
