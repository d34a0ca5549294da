/// The function σ that turns pre-activations z into feature activations f.
///
/// A zero activation means "not active"; only non-zero activations are ever listed. Sources: ReLU and
/// JumpReLU (Rajamanoharan et al. 2024, arXiv:2407.14435), TopK (Gao et al. 2024, arXiv:2406.04093),
/// BatchTopK (Bussmann et al. 2024, arXiv:2412.06410), Gated (Rajamanoharan et al. 2024,
/// arXiv:2404.16014).
public enum ActivationFunction: Sendable, Equatable {
  /// f = max(z, 0).
  case relu

  /// f = z where z > θ and z > 0, else 0; the comparison is strict. `threshold` is `[featureCount]`.
  case jumpReLU(threshold: [Float])

  /// The `k` largest z, then max(z, 0): fewer than `k` are active when fewer are positive.
  ///
  /// Ties: the lower feature index wins.
  case topK(k: Int)

  /// JumpReLU with one threshold for all features: what BatchTopK becomes at inference.
  case batchTopK(threshold: Float)

  /// The `k` largest |z|, sign kept. Ties: the lower feature index wins.
  case absTopK(k: Int)

  /// f = max(z·scale + magnitudeBias, 0) where z + gateBias > 0, else 0, with z free of any bias.
  ///
  /// All three arrays are `[featureCount]`; `scale` is exp(r_mag).
  case gated(gateBias: [Float], magnitudeBias: [Float], scale: [Float])

  /// The name used in messages, JSON and documentation.
  public var name: String {
    switch self {
    case .relu: "relu"
    case .jumpReLU: "jumpReLU"
    case .topK: "topK"
    case .batchTopK: "batchTopK"
    case .absTopK: "absTopK"
    case .gated: "gated"
    }
  }

  /// The number of features that compete for activation together, or nil when each stands alone.
  public var k: Int? {
    switch self {
    case .topK(let k), .absTopK(let k): k
    case .relu, .jumpReLU, .batchTopK, .gated: nil
    }
  }
}
