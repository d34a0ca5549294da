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
  case signedTopK
  case groupMax
  case biJumpReLU
  case blockTopK
  case matchingPursuit

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
      case .signedTopK: .signedTopK(k: k)
      case .groupMax: .groupMax(groups: Self.divisor(of: n, upTo: k))
      case .biJumpReLU: .biJumpReLU(Self.sides(n, random.threshold, &generator))
      case .blockTopK:
        .blockTopK(
          blockSize: Self.divisor(of: n, upTo: 7),
          blocks: min(k, n / Self.divisor(of: n, upTo: 7)))
      case .matchingPursuit:
        .matchingPursuit(
          residualThreshold: 0.05, maximumIterations: min(k, 6), stopsOnRepeat: n % 2 == 0)
      }
    let isTied = self == .matchingPursuit
    var decoder = random.decoder
    if isTied {
      for feature in 0..<n {
        let row = (feature * width)..<((feature + 1) * width)
        let norm = decoder[row].reduce(0) { $0 + $1 * $1 }.squareRoot()
        for index in row { decoder[index] /= norm }
      }
    }
    let hasNoBias = self == .gated || isTied
    return OracleDictionary(
      featureCount: n, width: width, encoder: isTied ? decoder : random.encoder,
      decoder: decoder,
      encoderBias: hasNoBias ? [Float](repeating: 0, count: n) : random.encoderBias,
      decoderBias: random.decoderBias, activation: activation)
  }

  /// The largest divisor of `n` that is at most `limit`.
  static func divisor(of n: Int, upTo limit: Int) -> Int {
    (1...max(1, min(n, limit))).last { n % $0 == 0 } ?? 1
  }

  private static func sides(
    _ n: Int, _ thresholds: [Float], _ generator: inout SplitMix64
  ) -> BiJumpReLU {
    var lower = generator.normals(n, scale: 0.3).map { abs($0) }
    var upper = thresholds
    for feature in 0..<n {
      // Sides that are closed, and thresholds on the far side of zero.
      if feature % 7 == 3 { lower[feature] = .infinity }
      if feature % 7 == 5 { upper[feature] = .infinity }
      if feature % 7 == 6 { lower[feature] = -upper[feature] / 2 }
    }
    return BiJumpReLU(
      positiveThreshold: upper, negativeThreshold: lower, positiveGain: generator.normals(n),
      negativeGain: generator.normals(n), positiveOffset: generator.normals(n, scale: 0.2),
      negativeOffset: generator.normals(n, scale: 0.2))
  }

  /// Whether features compete one by one, so that decoder norms may rescale them.
  var competes: Bool { self == .topK || self == .absTopK || self == .signedTopK }
  /// Whether `k` matters.
  var counts: Bool {
    competes || self == .groupMax || self == .blockTopK || self == .matchingPursuit
  }
  /// Whether σ may see z·‖Dᵢ‖ and give it back.
  var canRankByNorm: Bool {
    switch self {
    case .gated, .biJumpReLU, .matchingPursuit: false
    default: true
    }
  }
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
