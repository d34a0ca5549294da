import SAE
import TestSupport
import Tensors
import Testing

extension Kernels: CustomTestStringConvertible {
  /// The instruction set, in the names of test cases.
  public var testDescription: String { isa.rawValue }
}

/// The activation functions that tests run through.
enum Sigma: String, CaseIterable, Sendable {
  case relu
  case jumpReLU
  case topK
  case batchTopK
  case absTopK
  case gated

  /// A random dictionary with this function; `k` counts where the function competes.
  func oracle(featureCount n: Int, width: Int, k: Int = 1, seed: UInt64) -> OracleDictionary {
    let random = RandomDictionary(featureCount: n, width: width, seed: seed)
    var generator = SplitMix64(seed: seed &+ 1000)
    let activation: ActivationFunction =
      switch self {
      case .relu: .relu
      case .jumpReLU: .jumpReLU(threshold: random.threshold)
      case .topK: .topK(k: k)
      case .batchTopK: .batchTopK(threshold: 0.2)
      case .absTopK: .absTopK(k: k)
      case .gated:
        .gated(
          gateBias: generator.normals(n, scale: 0.3),
          magnitudeBias: generator.normals(n, scale: 0.3),
          scale: generator.normals(n).map { abs($0) + 0.1 })
      }
    return OracleDictionary(
      featureCount: n, width: width, encoder: random.encoder, decoder: random.decoder,
      encoderBias: self == .gated ? [Float](repeating: 0, count: n) : random.encoderBias,
      decoderBias: random.decoderBias, activation: activation)
  }

  var competes: Bool { self == .topK || self == .absTopK }
}

/// A dictionary whose pre-activations are exactly `z`, for the row `[1]`.
func exactOracle(_ z: [Float], _ activation: ActivationFunction) -> OracleDictionary {
  OracleDictionary(
    featureCount: z.count, width: 1, encoder: z, decoder: z.map { _ in 1 },
    encoderBias: z.map { _ in 0 }, decoderBias: [0], activation: activation)
}

/// Runs `body` and returns the dictionary error that it throws.
func dictionaryFailure(_ body: () throws(DictionaryError) -> Void) -> DictionaryError.Reason? {
  do throws(DictionaryError) {
    try body()
    return nil
  } catch {
    return error.reason
  }
}
