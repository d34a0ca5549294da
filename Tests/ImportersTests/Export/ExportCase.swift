import Importers
import SAE
import TestSupport
import Tensors

/// A random dictionary of one kind, and what becomes of it in SAELens' layout.
///
/// `subject` is its row in the table of `docs/convert.md`.
struct ExportCase: Sendable, CustomStringConvertible {
  /// What a target makes of a dictionary.
  enum Outcome: String, Sendable {
    /// The same numbers.
    case exact
    /// Only where rounding is allowed.
    case rounding = "with --allow-rounding"
    case refused
  }

  static let featureCount = 24
  static let width = 12
  /// Wider than the input, so that mixing them up shows.
  static let outputWidth = 16

  let subject: String
  let saelens: Outcome
  private let change: @Sendable (inout SparseDictionary.Parts) -> Void
  private let activation: @Sendable (RandomDictionary) -> ActivationFunction
  private let isTranscoder: Bool
  var description: String { subject }

  private init(
    _ subject: String, _ saelens: Outcome, transcoder: Bool = false,
    _ activation: @escaping @Sendable (RandomDictionary) -> ActivationFunction = { _ in .relu },
    _ change: @escaping @Sendable (inout SparseDictionary.Parts) -> Void = { _ in }
  ) {
    self.subject = subject
    self.saelens = saelens
    self.isTranscoder = transcoder
    self.activation = activation
    self.change = change
  }

  func dictionary(seed: UInt64 = 5) throws -> SparseDictionary {
    let random = RandomDictionary(featureCount: Self.featureCount, width: Self.width, seed: seed)
    var parts = random.parts(activation(random))
    parts.name = "copy"
    parts.input = Tap(model: "toy", hook: "blocks.1.hook_mlp_in", moduleHook: "layers.1.mlp.in")
    parts.output = parts.input
    parts.subtractsDecoderBias = !isTranscoder
    parts.excludesSpecialTokens = false
    parts.ledger = [
      LedgerEntry("decoder bias", "as declared", source: .config(key: "apply_b_dec")),
      LedgerEntry("k", "as usual", source: .publisherDefault(key: "k")),
      LedgerEntry("layer", "1", source: .fileName("layer_1.pt")),
      LedgerEntry("scale", "2", source: .option("scale 2")),
      LedgerEntry("rows", "unit", source: .measured),
      LedgerEntry("ties", "low", source: .formatRule),
    ]
    if isTranscoder { makeTranscoder(&parts, seed: seed) }
    change(&parts)
    return try SparseDictionary(parts)
  }

  private func makeTranscoder(_ parts: inout SparseDictionary.Parts, seed: UInt64) {
    var generator = SplitMix64(seed: seed + 1)
    parts.kind = .transcoder
    parts.decoder = .dense(
      RowMatrix(
        rowCount: Self.featureCount, width: Self.outputWidth,
        values: generator.normals(Self.featureCount * Self.outputWidth)))
    parts.decoderBias = generator.normals(Self.outputWidth)
    parts.output = Tap(
      model: "toy", hook: "blocks.1.hook_mlp_out", moduleHook: "layers.1.mlp")
  }

  /// Rows to encode, the last of zeros.
  static func rows(_ count: Int) -> [Float] {
    var generator = SplitMix64(seed: 99)
    return generator.normals((count - 1) * width, scale: 2) + Array(repeating: 0, count: width)
  }

  private static func skip(_ parts: inout SparseDictionary.Parts) {
    var generator = SplitMix64(seed: 17)
    parts.skip = RowMatrix(
      rowCount: outputWidth, width: width, values: generator.normals(outputWidth * width))
  }

  private static func expand(_ parts: inout SparseDictionary.Parts, degree: Int = 3) {
    do {
      let matrix = try randomExpander(
        rowCount: featureCount, width: width, degree: degree, seed: 31)
      parts.decoder = .expander(matrix)
      parts.encoder = EncoderMatrix(matrix)
    } catch {
      fatalError("a random expander is one")
    }
  }

  private static func tie(_ parts: inout SparseDictionary.Parts) {
    guard case .dense(let matrix) = parts.decoder else { return }
    parts.encoder = EncoderMatrix(matrix, layout: .featureMajor)
    parts.encoderBias = Array(repeating: 0, count: featureCount)
  }

  private static func sides(_ random: RandomDictionary) -> ActivationFunction {
    var negative = random.threshold
    negative[0] = .infinity
    return .biJumpReLU(
      BiJumpReLU(
        positiveThreshold: random.threshold, negativeThreshold: negative,
        positiveGain: random.encoderBias.map { 1 + $0 }, negativeGain: random.encoderBias,
        positiveOffset: random.encoderBias, negativeOffset: random.threshold))
  }

  private static func gated(_ random: RandomDictionary) -> ActivationFunction {
    .gated(
      gateBias: random.encoderBias, magnitudeBias: random.threshold,
      scale: random.encoderBias.map { 1 + $0 })
  }

  private static func withoutBias(_ parts: inout SparseDictionary.Parts) {
    parts.encoderBias = Array(repeating: 0, count: featureCount)
  }

  static let all: [ExportCase] = [
    ExportCase("relu", .exact),
    ExportCase("jumpReLU", .exact, { .jumpReLU(threshold: $0.threshold) }),
    ExportCase("topK", .exact, { _ in .topK(k: 5) }),
    ExportCase("batchTopK", .exact, { _ in .batchTopK(threshold: 0.3) }),
    ExportCase("absTopK", .exact, { _ in .absTopK(k: 5) }),
    ExportCase("gated", .exact, gated, withoutBias),
    ExportCase("gated, with an encoder bias", .refused, gated),
    ExportCase("signedTopK", .refused, { _ in .signedTopK(k: 5) }),
    ExportCase("groupMax", .refused, { _ in .groupMax(groups: 6) }),
    ExportCase("biJumpReLU", .refused, sides),
    ExportCase("blockTopK", .refused, { _ in .blockTopK(blockSize: 4, blocks: 2) }),
    ExportCase(
      "matchingPursuit", .exact,
      { _ in .matchingPursuit(residualThreshold: 0.1, maximumIterations: 4) }, tie),
    ExportCase(
      "matchingPursuit, decoder bias only added", .refused,
      { _ in .matchingPursuit(residualThreshold: 0.1, maximumIterations: 4) },
      {
        tie(&$0)
        $0.subtractsDecoderBias = false
      }),
    ExportCase(
      "matchingPursuit, activation scale", .refused,
      { _ in .matchingPursuit(residualThreshold: 0.1, maximumIterations: 4) },
      {
        tie(&$0)
        $0.normalisation = .constantFactor(0.25)
      }),
    ExportCase("transcoder, relu", .exact, transcoder: true),
    ExportCase("transcoder, relu and skip", .exact, transcoder: true, { _ in .relu }, skip),
    ExportCase(
      "transcoder, jumpReLU", .exact, transcoder: true, { .jumpReLU(threshold: $0.threshold) }),
    ExportCase(
      "transcoder, jumpReLU and skip", .exact, transcoder: true,
      { .jumpReLU(threshold: $0.threshold) }, skip),
    ExportCase("transcoder, topK", .refused, transcoder: true, { _ in .topK(k: 5) }),
    ExportCase(
      "decoder norms that rescale activations", .exact, { _ in .topK(k: 5) },
      { $0.decoderNormRole = .rescalesActivations }),
    ExportCase(
      "decoder norms that only rank", .refused, { _ in .topK(k: 5) },
      { $0.decoderNormRole = .ranksOnly }),
    ExportCase("root width over norm", .exact, { _ in .relu }) {
      $0.normalisation = .rootWidthOverNorm
    },
    ExportCase("layer norm, epsilon 1e-5", .exact, { _ in .relu }) {
      $0.normalisation = .layerNorm(epsilon: 1e-5)
    },
    ExportCase("layer norm, another epsilon", .refused, { _ in .relu }) {
      $0.normalisation = .layerNorm(epsilon: 1e-6)
    },
    ExportCase("layer norm that decoding does not undo", .refused, { _ in .relu }) {
      $0.normalisation = .layerNorm(epsilon: 1e-5)
      $0.outputScale = OutputScale.none
    },
    ExportCase("activation scale, a power of two", .exact, { _ in .topK(k: 5) }) {
      $0.normalisation = .constantFactor(0.25)
      $0.decoderNormRole = .rescalesActivations
    },
    ExportCase("activation scale, any other", .rounding, { _ in .relu }) {
      $0.normalisation = .constantFactor(0.3)
    },
    ExportCase("output scale, a factor", .refused, { _ in .relu }) {
      $0.outputScale = .factor(2)
    },
    ExportCase("nested sizes (Matryoshka)", .refused, { _ in .relu }) {
      $0.prefixes = [6, 12, featureCount]
    },
    ExportCase("attention heads side by side", .exact, { _ in .relu }) {
      $0.flattensHeads = true
    },
    ExportCase("one matrix for encoder and decoder", .exact, { _ in .relu }, tie),
    ExportCase(
      "expander, relu", .exact, { _ in .relu }, { expand(&$0) }),
    ExportCase("expander, signedTopK", .refused, { _ in .signedTopK(k: 5) }, { expand(&$0) }),
  ]
}

/// A random matrix with `degree` numbers in each row, at places of their own.
func randomExpander(
  rowCount: Int, width: Int, degree: Int, seed: UInt64
) throws -> ExpanderMatrix {
  var generator = SplitMix64(seed: seed)
  var columns: [UInt32] = []
  for _ in 0..<rowCount {
    var chosen: Set<Int> = []
    while chosen.count < degree { chosen.insert(Int.random(in: 0..<width, using: &generator)) }
    columns += chosen.sorted().map { UInt32($0) }
  }
  return try ExpanderMatrix(
    rowCount: rowCount, width: width, degree: degree,
    values: RowMatrix(
      rowCount: rowCount, width: degree, values: generator.normals(rowCount * degree)),
    indices: Tensor(.u32, shape: [rowCount, degree], storage: Storage(copying: columns)))
}
