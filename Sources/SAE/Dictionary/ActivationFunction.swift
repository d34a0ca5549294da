/// The function σ that turns pre-activations z into feature activations f.
///
/// A zero activation means "not active"; only non-zero activations are ever listed. Sources: ReLU and
/// JumpReLU (Rajamanoharan et al. 2024, arXiv:2407.14435), TopK (Gao et al. 2024, arXiv:2406.04093),
/// BatchTopK (Bussmann et al. 2024, arXiv:2412.06410), Gated (Rajamanoharan et al. 2024,
/// arXiv:2404.16014), signed TopK (Expander SAE, arXiv:2607.01799), two-sided gates (SA-GSAE,
/// arXiv:2605.28149), blocks (SASA, arXiv:2606.06333).
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

  /// The `k` largest z, sign kept, with no ReLU: a negative z may be among them.
  ///
  /// Ties: the lower feature index wins.
  case signedTopK(k: Int)

  /// f = max(z, 0) for the largest z of each of `groups` runs of featureCount / groups neighbours, else 0.
  ///
  /// `groups` divides featureCount. Ties: the lower feature index wins.
  case groupMax(groups: Int)

  /// Two thresholds per feature: one gain and offset above the upper, another pair below the lower.
  case biJumpReLU(BiJumpReLU)

  /// The `blocks` runs of `blockSize` neighbours of largest ‖z_block‖₂ are kept whole, sign included.
  ///
  /// `blockSize` divides featureCount. The norm is rounded once to f32. Ties: the lower block wins.
  case blockTopK(blockSize: Int, blocks: Int)

  /// Greedy selection against a residual r, at first x̃: the largest max(r·Dᵢ, 0) joins fᵢ and leaves r.
  ///
  /// Stops after `maximumIterations` steps, when ‖r‖ falls below `residualThreshold` (0 never stops),
  /// when no product is positive, or, where `stopsOnRepeat`, after a step that chose a feature again;
  /// otherwise `maximumIterations` is at most max(4096, 16 · modelWidth), so that a row ends.
  /// Encoder and decoder are one matrix, and there is no encoder bias. Ties: the lower index wins.
  case matchingPursuit(
    residualThreshold: Float, maximumIterations: Int, stopsOnRepeat: Bool = true)

  /// The name used in messages, JSON and documentation.
  public var name: String {
    switch self {
    case .relu: "relu"
    case .jumpReLU: "jumpReLU"
    case .topK: "topK"
    case .batchTopK: "batchTopK"
    case .absTopK: "absTopK"
    case .gated: "gated"
    case .signedTopK: "signedTopK"
    case .groupMax: "groupMax"
    case .biJumpReLU: "biJumpReLU"
    case .blockTopK: "blockTopK"
    case .matchingPursuit: "matchingPursuit"
    }
  }

  /// The number of features that win where all compete one by one, or nil for any other rule.
  public var k: Int? {
    switch self {
    case .topK(let k), .absTopK(let k), .signedTopK(let k): k
    case .relu, .jumpReLU, .batchTopK, .gated, .groupMax, .biJumpReLU, .blockTopK,
      .matchingPursuit:
      nil
    }
  }

  /// Whether the activation of one feature depends on every encoder row.
  package var readsWholeEncoder: Bool {
    switch self {
    case .topK, .absTopK, .signedTopK, .blockTopK, .matchingPursuit: true
    case .relu, .jumpReLU, .batchTopK, .gated, .groupMax, .biJumpReLU: false
    }
  }

  /// Whether an active feature's activation is its z as it is.
  package var keepsPreActivations: Bool {
    switch self {
    case .relu, .jumpReLU, .topK, .batchTopK, .absTopK, .signedTopK, .groupMax, .blockTopK: true
    case .gated, .biJumpReLU, .matchingPursuit: false
    }
  }
}
