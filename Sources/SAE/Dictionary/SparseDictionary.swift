import Synchronization
import Tensors

/// A sparse autoencoder or transcoder in canonical form: the same few fields for every publisher.
///
/// ```
/// x̃ = normalise(x) [− decoderBias if subtractsDecoderBias]      z = E x̃ + encoderBias     f = σ(z)
/// x̂ = scale(Σ fᵢ Dᵢ + decoderBias) [+ skip · x]                  error = x − x̂
/// ```
///
/// Shapes: encoder rows `[featureCount, modelWidth]`, decoder rows `[featureCount, outputWidth]`,
/// `encoderBias` `[featureCount]`, `decoderBias` `[outputWidth]`, skip `[outputWidth, modelWidth]`.
/// Weights stay in their stored type (f32 or bf16) and, where they come from a file, in the file's
/// mapping; arithmetic is f32 or better.
///
/// Everything in which publishers differ is a field here, decided once by an importer and written to
/// the ``ledger``.
///
/// Thread rule: immutable; share it between threads freely.
public final class SparseDictionary: Sendable {
  /// Whether input and output are the same place in the model.
  public enum Kind: String, Sendable {
    /// Reconstructs the row that it reads.
    case autoencoder
    /// Predicts a row at another place from the row that it reads.
    case transcoder
  }

  /// How many nested dictionaries there may be: each costs a decoding per row, and counts per feature.
  package static let prefixLimit = 64

  /// A short name for messages and reports, usually the folder's.
  public let name: String
  /// Whether it reconstructs its input or predicts another place.
  public let kind: Kind
  /// Number of features (d_sae).
  public let featureCount: Int
  /// Width of the rows it reads (d_in).
  public let modelWidth: Int
  /// Width of the rows it writes (d_out); equal to `modelWidth` for an autoencoder.
  public let outputWidth: Int
  /// The function σ from pre-activations to activations.
  public let activation: ActivationFunction
  /// What is done to a row before encoding and undone after decoding.
  public let normalisation: Normalisation
  /// Whether the decoder bias is subtracted from the normalised row before encoding.
  public let subtractsDecoderBias: Bool
  /// How a decoded row goes from the decoder's units to those of the output.
  public let outputScale: OutputScale
  /// What the norms ‖Dᵢ‖ of the decoder rows have to do with activations.
  public let decoderNormRole: DecoderNormRole
  /// Feature counts of the nested dictionaries, ascending, the last the whole; empty where nothing nests.
  ///
  /// At most 64. The features below each count reconstruct a row on their own (Matryoshka SAE, arXiv:2503.17547).
  public let prefixes: [Int]
  /// Where rows are read.
  public let input: Tap
  /// Where rows are written; equal to `input` for an autoencoder.
  public let output: Tap
  /// Whether a row is the vectors of attention heads side by side, `[heads · d_head]`.
  public let flattensHeads: Bool
  /// Whether the publisher trained it without special tokens (BOS and the like); nil if undeclared.
  public let excludesSpecialTokens: Bool?
  /// The decisions that were taken while opening it.
  public let ledger: [LedgerEntry]
  /// The files that it was read from, and whose weights it may still read.
  public let files: [String]

  package let kernels: Kernels
  package let encoder: EncoderMatrix
  package let decoder: FeatureRows
  package let encoderBias: [Float]
  package let decoderBias: [Float]
  package let skip: RowMatrix?
  /// The factor of z before σ, by ``decoderNormRole``; empty where it has none.
  package let decoderNorms: [Float]
  private let outputIsFinite = Mutex(false)

  /// The stored type of the decoder rows.
  public var weightType: ElementType { decoder.elementType }
  /// Whether it adds a linear path from input to output (a skip transcoder).
  public var hasSkip: Bool { skip != nil }
  /// Whether encoder and decoder are one matrix in memory.
  public var isTied: Bool { encoder.isTied(to: decoder) }
  /// Whether the reconstruction is taken back to the row's own units.
  public var denormalisesOutput: Bool { outputScale == .undoesNormalisation }
  /// Whether activations are multiplied by ‖Dᵢ‖ before selection and divided by it before decoding.
  public var rescalesByDecoderNorm: Bool { decoderNormRole == .rescalesActivations }
  /// Bytes of encoder, decoder and skip weights as stored; a matrix that is both counts once.
  public var weightByteCount: Int {
    (isTied ? 0 : encoder.byteCount) + decoder.byteCount + (skip?.byteCount ?? 0)
  }

  /// Puts a dictionary together and checks that its parts fit.
  ///
  /// Reads the biases and thresholds whole, and the decoder only when `decoderNormRole` needs its
  /// norms; no other weight is touched.
  ///
  /// - Throws: `DictionaryError` naming the part that does not fit, or the feature whose decoder norm is
  ///   of no use.
  package init(_ parts: Parts, kernels: Kernels = .best) throws(DictionaryError) {
    try parts.check(kernels)
    name = parts.name
    kind = parts.kind
    featureCount = parts.encoder.featureCount
    modelWidth = parts.encoder.modelWidth
    outputWidth = parts.decoder.width
    activation = parts.activation
    normalisation = parts.normalisation
    subtractsDecoderBias = parts.subtractsDecoderBias
    outputScale =
      parts.outputScale ?? (parts.kind == .autoencoder ? .undoesNormalisation : .none)
    decoderNormRole = parts.decoderNormRole
    prefixes = parts.prefixes
    input = parts.input
    output = parts.output
    flattensHeads = parts.flattensHeads
    excludesSpecialTokens = parts.excludesSpecialTokens
    ledger = parts.ledger
    files = parts.files
    self.kernels = kernels
    encoder = parts.encoder
    decoder = parts.decoder
    encoderBias = parts.encoderBias
    decoderBias = parts.decoderBias
    skip = parts.skip
    decoderNorms = try Self.decoderNorms(parts, kernels)
  }

  private static func decoderNorms(
    _ parts: Parts, _ kernels: Kernels
  ) throws(DictionaryError) -> [Float] {
    guard parts.decoderNormRole != .none else { return [] }
    let decoder = parts.decoder
    try checkFinite(decoder, "decoder", kernels)
    // A constant factor scales rows up before encoding, so in the row's units decoder rows are that
    // much shorter; SAELens folds the factor into W_dec before it takes norms.
    var factor = 1.0
    if parts.decoderNormRole == .rescalesActivations,
      case .constantFactor(let scale) = parts.normalisation
    {
      factor = Double(scale)
    }
    var norms: [Float] = []
    norms.reserveCapacity(decoder.rowCount)
    for (feature, length) in decoder.norms(kernels).enumerated() {
      let norm = length / factor
      // Activations are divided by it again.
      guard norm == 0 || (Float(norm).isFinite && (1 / Float(norm)).isFinite) else {
        throw DictionaryError(
          .field(
            name: "decoder norm of feature \(feature)", found: "\(norm)",
            expected: "a finite f32 whose inverse is finite, or 0"))
      }
      norms.append(Float(norm))
    }
    return norms
  }

  /// The factor that turns an activation into a coefficient of the stored decoder row: 1, or 1/‖Dᵢ‖.
  ///
  /// A feature whose decoder row is zero never fires under rescaling; its factor is 0.
  package func decodeScale(of feature: Int) -> Float {
    guard rescalesByDecoderNorm else { return 1 }
    let norm = decoderNorms[feature]
    return norm > 0 ? 1 / norm : 0
  }

  /// ``decodeScale(of:)`` times the factor of every decoded row: what one unit of activation adds of
  /// the stored decoder row to an output, before a row's own normalisation is undone.
  package func editScale(of feature: Int) -> Float {
    decodeScale(of: feature) * outputScale.factor
  }

  /// Reads every weight once and refuses NaN and infinity, naming tensor, row and column.
  ///
  /// - Complexity: O(weightByteCount); pages in the whole file.
  package func checkFiniteWeights() throws(DictionaryError) {
    try encoder.checkFinite(kernels)
    try checkOutputWeights()
  }

  /// Refuses NaN and infinity in the weights that decoding reads; looks at them once.
  ///
  /// Locks while it looks: for set-up, not for a per-row loop.
  package func checkOutputWeights() throws(DictionaryError) {
    try outputIsFinite.withLock { isFinite throws(DictionaryError) in
      guard !isFinite else { return }
      try Self.checkFinite(decoder, "decoder", kernels)
      if let skip { try Self.checkFinite(.dense(skip), "skip", kernels) }
      isFinite = true
    }
  }

  private static func checkFinite(
    _ matrix: FeatureRows, _ name: String, _ kernels: Kernels
  ) throws(DictionaryError) {
    guard let bad = matrix.firstNonFinite(in: 0..<matrix.rowCount, kernels) else { return }
    throw DictionaryError(.nonFiniteWeight(tensor: name, row: bad.row, column: bad.column))
  }

  package func checkFeature(_ feature: Int) throws(DictionaryError) {
    guard feature >= 0 && feature < featureCount else {
      throw DictionaryError(.featureOutOfRange(found: feature, count: featureCount))
    }
  }

  package func checkPrefix(_ prefix: Int) throws(DictionaryError) {
    guard prefixes.contains(prefix) else {
      throw DictionaryError(
        .field(
          name: "prefix", found: "\(prefix)",
          expected: prefixes.isEmpty
            ? "none: nothing nests in this dictionary"
            : "one of \(prefixes.map { "\($0)" }.joined(separator: ", "))"))
    }
  }
}
