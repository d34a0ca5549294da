import Tensors

/// A cross-layer transcoder: each layer's features write to that layer and to every later one.
///
/// ```
/// a_s = σ(E_s x_s + encoderBias_s)
/// y_t = Σ_{s ≤ t} Σ_i a_s[i] · D_s[i, t] + decoderBias_t [+ skip_t · x_t]
/// ```
///
/// x_s `[modelWidth]` is the row that layer s reads, y_t `[outputWidth]` what layer t's MLP is predicted
/// to write. L layers; encoder rows `[F_s, modelWidth]`; decoder rows ``CrossLayerDecoder``. The sum
/// runs over sources ascending, then features ascending, then the bias, then the linear path, in f32.
///
/// Sources: Ameisen et al., Circuit Tracing, 2025 (the architecture); the inference form, the absence
/// of an input bias and the orientation of the linear path are those of circuit-tracer's released
/// sets. σ is relu or jumpReLU there; any other ``ActivationFunction`` works the same way.
///
/// Thread rule: immutable; share it between threads freely.
public final class CrossLayerTranscoder: Sendable {
  /// A short name for messages and reports.
  public let name: String
  /// Width of the rows that every layer reads (d_in).
  public let modelWidth: Int
  /// Width of the rows that every layer writes (d_out).
  public let outputWidth: Int
  /// One transcoder per layer, for encoding: ``FullEncoder`` and ``SelectiveEncoder`` take it.
  ///
  /// Its decoder is the layer's rows as they are stored, several targets side by side, so that it does
  /// not decode to a target's row; ``CrossLayerReconstructor`` does.
  package let encoders: [SparseDictionary]
  package let decoder: CrossLayerDecoder
  /// Per target layer, `[outputWidth]`.
  package let decoderBiases: [[Float]]
  /// Per layer, `[outputWidth, modelWidth]`, whichever way round it was stored.
  package let skips: [RowMatrix?]
  /// The decisions that were taken while opening it.
  public let ledger: [LedgerEntry]
  /// The files that it was read from, and whose weights it may still read.
  public let files: [String]
  package let kernels: Kernels

  /// Number of layers.
  public var layerCount: Int { encoders.count }
  /// Features of each layer.
  public var featureCounts: [Int] { decoder.featureCounts }

  /// Puts a transcoder together and checks that its parts fit.
  ///
  /// Reads biases, thresholds and linear paths whole; no encoder or decoder row is touched.
  ///
  /// - Throws: `DictionaryError` naming the part and its layer.
  package init(_ parts: Parts, kernels: Kernels = .best) throws(DictionaryError) {
    let count = parts.layers.count
    guard count > 0 else {
      throw DictionaryError(.field(name: "layer count", found: "0", expected: "at least 1"))
    }
    guard parts.decoder.layerCount == count else {
      throw DictionaryError(
        .shape(tensor: "decoder", found: [parts.decoder.layerCount], expected: [count]))
    }
    let width = parts.layers[0].encoder.modelWidth
    var encoders: [SparseDictionary] = []
    var skips: [RowMatrix?] = []
    for (index, layer) in parts.layers.enumerated() {
      do throws(DictionaryError) {
        let n = parts.decoder.featureCounts[index]
        let found = [layer.encoder.featureCount, layer.encoder.modelWidth]
        guard found == [n, width] else {
          throw DictionaryError(.shape(tensor: "encoder", found: found, expected: [n, width]))
        }
        try Self.check(layer.decoderBias, count: parts.decoder.outputWidth)
        skips.append(try Self.canonical(layer.skip, parts.decoder.outputWidth, width, kernels))
        encoders.append(try Self.encoder(layer, index, parts, kernels))
      } catch {
        throw error.ofLayer(index)
      }
    }
    name = parts.name
    modelWidth = width
    outputWidth = parts.decoder.outputWidth
    self.encoders = encoders
    self.skips = skips
    decoder = parts.decoder
    decoderBiases = parts.layers.map(\.decoderBias)
    ledger = parts.ledger
    files = parts.files
    self.kernels = kernels
  }

  /// Throws unless `layer` is one of the transcoder's.
  package func checkLayer(_ layer: Int, _ name: String = "layer") throws(DictionaryError) {
    guard layer >= 0 && layer < layerCount else {
      throw DictionaryError(
        .field(name: name, found: "\(layer)", expected: "0 to \(layerCount - 1)"))
    }
  }

  private static func encoder(
    _ layer: Layer, _ index: Int, _ parts: Parts, _ kernels: Kernels
  ) throws(DictionaryError) -> SparseDictionary {
    let blocks = parts.decoder.blocks(ofSource: index)
    var single = SparseDictionary.Parts(
      name: "\(parts.name), layer \(index)", encoder: layer.encoder, decoder: blocks,
      encoderBias: layer.encoderBias, decoderBias: Array(repeating: 0, count: blocks.width),
      activation: layer.activation)
    single.kind = .transcoder
    single.normalisation = layer.normalisation
    single.input = layer.input
    single.output = layer.output
    single.files = parts.files
    return try SparseDictionary(single, kernels: kernels)
  }

  private static func check(_ bias: [Float], count: Int) throws(DictionaryError) {
    guard bias.count == count else {
      throw DictionaryError(
        .shape(tensor: "decoder bias", found: [bias.count], expected: [count]))
    }
    if let column = bias.firstIndex(where: { !$0.isFinite }) {
      throw DictionaryError(.nonFiniteWeight(tensor: "decoder bias", row: 0, column: column))
    }
  }

  /// The linear path `[outputWidth, modelWidth]`, checked.
  private static func canonical(
    _ skip: Skip?, _ outputWidth: Int, _ width: Int, _ kernels: Kernels
  ) throws(DictionaryError) -> RowMatrix? {
    guard let skip else { return nil }
    let stored = skip.matrix
    let isTransposed = skip.orientation == .inputByOutput
    let expected = isTransposed ? [width, outputWidth] : [outputWidth, width]
    guard [stored.rowCount, stored.width] == expected else {
      throw DictionaryError(
        .shape(tensor: "skip", found: [stored.rowCount, stored.width], expected: expected))
    }
    if let bad = stored.firstNonFinite(in: 0..<stored.rowCount, kernels) {
      throw DictionaryError(.nonFiniteWeight(tensor: "skip", row: bad.row, column: bad.column))
    }
    return isTransposed ? stored.transposed(kernels) : stored
  }
}

extension DictionaryError {
  /// The same error with the layer added to the name of the part.
  func ofLayer(_ layer: Int) -> DictionaryError {
    let suffix = " of layer \(layer)"
    switch reason {
    case .shape(let tensor, let found, let expected):
      return DictionaryError(.shape(tensor: tensor + suffix, found: found, expected: expected))
    case .nonFiniteWeight(let tensor, let row, let column):
      return DictionaryError(.nonFiniteWeight(tensor: tensor + suffix, row: row, column: column))
    case .field(let name, let found, let expected):
      return DictionaryError(.field(name: name + suffix, found: found, expected: expected))
    default: return self
    }
  }
}
