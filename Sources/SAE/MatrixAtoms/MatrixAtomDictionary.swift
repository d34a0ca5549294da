import Tensors

/// A sparse autoencoder whose atoms are low-rank matrices, for the states of linear attention.
///
/// ```
/// a_i = Σ_r v_ir (S − M) w_ir + b_i        f = max(TopK_k(a), 0)
/// Ŝ = Σ_i f_i Σ_r v'_ir w'_irᵀ + bias [+ M]
/// ```
///
/// S is one head's state `[keyWidth, valueWidth]`; v, v' are `[keyWidth]` and w, w' `[valueWidth]`, kept
/// as `[atomCount, rank, width]`; b is `[atomCount]`, bias and the mean M `[keyWidth, valueWidth]`.
///
/// Source: WriteSAE (Young 2026, arXiv:2605.12770), whose released code subtracts the mean first and
/// takes the ReLU after TopK. Whether Ŝ stands for S or for S − M is ``decodingAddsMean``, since the
/// reconstruction loss does not need to say; how equation 1 pairs its factors is ``LogitPairing``.
///
/// All weights are widened to f32 and checked when the dictionary is built: they are small.
///
/// Thread rule: immutable; share it between threads freely.
public final class MatrixAtomDictionary: Sendable {
  /// How the logit shift of an atom pairs its two factors with query and unembedding.
  public enum LogitPairing: Sendable, Equatable {
    /// The key-side factor meets the query, the value-side factor the unembedding: what the shapes
    /// allow for S = k vᵀ read by Sᵀq.
    case byShape
    /// The other way round, as equation 1 is printed; needs keyWidth = valueWidth.
    case asPrinted
  }

  /// What an importer hands over; any computable element type.
  package struct Parts {
    package var name: String
    /// V_enc, `[atomCount, rank, keyWidth]`.
    package var keyEncoder: Tensor
    /// W_enc, `[atomCount, rank, valueWidth]`.
    package var valueEncoder: Tensor
    /// V_dec, `[atomCount, rank, keyWidth]`.
    package var keyDecoder: Tensor
    /// W_dec, `[atomCount, rank, valueWidth]`.
    package var valueDecoder: Tensor
    /// b_enc, `[atomCount]`.
    package var encoderBias: Tensor
    /// `[keyWidth, valueWidth]`.
    package var bias: Tensor
    /// M, `[keyWidth, valueWidth]`, subtracted before encoding; nil for none.
    package var mean: Tensor?
    /// Whether decoding adds M back.
    package var decodingAddsMean: Bool
    /// Atoms that compete for activation together, 1 to atomCount.
    package var k: Int
    package var logitPairing: LogitPairing = .byShape
    package var ledger: [LedgerEntry] = []
    /// Paths of the files that were read.
    package var files: [String] = []

    package init(
      name: String, keyEncoder: Tensor, valueEncoder: Tensor, keyDecoder: Tensor,
      valueDecoder: Tensor, encoderBias: Tensor, bias: Tensor, mean: Tensor?,
      decodingAddsMean: Bool, k: Int
    ) {
      self.name = name
      self.keyEncoder = keyEncoder
      self.valueEncoder = valueEncoder
      self.keyDecoder = keyDecoder
      self.valueDecoder = valueDecoder
      self.encoderBias = encoderBias
      self.bias = bias
      self.mean = mean
      self.decodingAddsMean = decodingAddsMean
      self.k = k
    }
  }

  /// A short name for messages.
  public let name: String
  /// Number of atoms (n).
  public let atomCount: Int
  /// Pairs of factors of an atom.
  public let rank: Int
  /// Rows of a state (d_k).
  public let keyWidth: Int
  /// Columns of a state (d_v).
  public let valueWidth: Int
  /// Atoms that compete for activation together.
  public let k: Int
  /// Whether decoding adds the mean back.
  public let decodingAddsMean: Bool
  /// How a logit shift pairs its factors.
  public let logitPairing: LogitPairing
  /// The decisions that were taken while opening it.
  public let ledger: [LedgerEntry]
  /// The files that it was read from.
  public let files: [String]
  package let kernels: Kernels

  let keyEncoder: StoredArray<Float>
  let valueEncoder: StoredArray<Float>
  let keyDecoder: StoredArray<Float>
  let valueDecoder: StoredArray<Float>
  let encoderBias: [Float]
  let bias: StoredArray<Float>
  /// Nil without a mean.
  let mean: StoredArray<Float>?

  /// Whether a mean is subtracted from a state before it is encoded.
  public var hasMean: Bool { mean != nil }
  /// Numbers in a state, keyWidth · valueWidth.
  public var stateCount: Int { keyWidth * valueWidth }

  /// - Throws: `shape`, `field` or `nonFiniteWeight`, naming the part.
  package init(_ parts: Parts, kernels: Kernels = .best) throws(DictionaryError) {
    let keys = parts.keyEncoder.shape
    guard keys.count == 3, keys.allSatisfy({ $0 > 0 }) else {
      throw DictionaryError(
        .shape(tensor: "V_enc", found: keys, expected: [1, 1, 1]))
    }
    let (n, r, keyWidth) = (keys[0], keys[1], keys[2])
    guard n <= Int(Int32.max) else {
      throw DictionaryError(
        .field(name: "atom count", found: "\(n)", expected: "at most \(Int32.max)"))
    }
    let values = parts.valueEncoder.shape
    guard values.count == 3, values[0] == n, values[1] == r, values[2] > 0 else {
      throw DictionaryError(
        .shape(
          tensor: "W_enc", found: values, expected: [n, r, values.last.map { max($0, 1) } ?? 1]))
    }
    let valueWidth = values[2]
    func read(
      _ tensor: Tensor, _ name: String, _ expected: [Int]
    ) throws(DictionaryError) -> [Float] {
      try Self.floats(tensor, name, expected, kernels)
    }
    keyEncoder = StoredArray(try read(parts.keyEncoder, "V_enc", keys))
    valueEncoder = StoredArray(try read(parts.valueEncoder, "W_enc", values))
    keyDecoder = StoredArray(try read(parts.keyDecoder, "V_dec", keys))
    valueDecoder = StoredArray(try read(parts.valueDecoder, "W_dec", values))
    encoderBias = try read(parts.encoderBias, "b_enc", [n])
    bias = StoredArray(try read(parts.bias, "bias", [keyWidth, valueWidth]))
    if let tensor = parts.mean {
      mean = StoredArray(try read(tensor, "mean", [keyWidth, valueWidth]))
    } else {
      mean = nil
    }
    guard parts.mean != nil || !parts.decodingAddsMean else {
      throw DictionaryError(
        .field(
          name: "decodingAddsMean", found: "true", expected: "false where there is no mean"))
    }
    guard parts.k >= 1 && parts.k <= n else {
      throw DictionaryError(
        .field(name: "k", found: "\(parts.k)", expected: "1 to \(n), the atom count"))
    }
    guard parts.logitPairing == .byShape || keyWidth == valueWidth else {
      throw DictionaryError(
        .field(
          name: "logitPairing", found: "as printed",
          expected: "by shape: a state of [\(keyWidth), \(valueWidth)] allows no other"))
    }
    name = parts.name
    atomCount = n
    rank = r
    self.keyWidth = keyWidth
    self.valueWidth = valueWidth
    k = parts.k
    decodingAddsMean = parts.decodingAddsMean
    logitPairing = parts.logitPairing
    ledger = parts.ledger
    files = parts.files
    self.kernels = kernels
  }

  package func checkAtom(_ atom: Int) throws(DictionaryError) {
    guard atom >= 0 && atom < atomCount else {
      throw DictionaryError(.featureOutOfRange(found: atom, count: atomCount))
    }
  }

  private static func floats(
    _ tensor: Tensor, _ name: String, _ expected: [Int], _ kernels: Kernels
  ) throws(DictionaryError) -> [Float] {
    guard tensor.shape == expected else {
      throw DictionaryError(.shape(tensor: name, found: tensor.shape, expected: expected))
    }
    guard let values = tensor.floats(kernels) else {
      throw DictionaryError(
        .field(
          name: "element type of \(name)", found: tensor.elementType.rawValue,
          expected: "F16, BF16, F32 or F64"))
    }
    // Rows are those of the first axis, columns run through the rest.
    let columns = expected.count > 1 ? expected[1...].reduce(1, *) : expected[0]
    if let bad = values.firstIndex(where: { !$0.isFinite }) {
      throw DictionaryError(
        .nonFiniteWeight(tensor: name, row: bad / columns, column: bad % columns))
    }
    return values
  }
}
