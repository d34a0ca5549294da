extension ActivationFunction {
  /// How f follows from z, in one line; `docs/architectures/README.md` says the same, held by a test.
  public var formula: String {
    switch self {
    case .relu: "f = max(z, 0)"
    case .jumpReLU: "f = z where z > θ and z > 0, else 0"
    case .topK: "f = max(z, 0) for the k largest z, else 0"
    case .batchTopK: "f = z where z > max(θ, 0), else 0; one θ for all"
    case .absTopK: "f = z for the k largest |z|, else 0"
    case .gated: "f = max(z·scale + b_mag, 0) where z + b_gate > 0, else 0"
    case .signedTopK: "f = z for the k largest z, else 0"
    case .groupMax: "f = max(z, 0) for the largest z of each group, else 0"
    case .biJumpReLU: "f = gain⁺·z + offset⁺ where z > θ⁺, gain⁻·z + offset⁻ where z < −θ⁻, else 0"
    case .blockTopK: "f = z in the blocks of largest ‖z_block‖, else 0"
    case .matchingPursuit: "repeat: i = argmax r·Dᵢ; fᵢ += r·Dᵢ; r −= (r·Dᵢ)·Dᵢ"
    }
  }
}
