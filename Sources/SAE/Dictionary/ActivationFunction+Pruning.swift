extension ActivationFunction {
  /// Whether an upper bound of z can show that a feature is not active, so that its row need not be read.
  ///
  /// With the others every z takes part in what is kept, or each has conditions of its own.
  package var isPrunable: Bool {
    switch self {
    case .relu, .jumpReLU, .batchTopK, .topK, .signedTopK, .absTopK: true
    case .gated, .groupMax, .biJumpReLU, .blockTopK, .matchingPursuit: false
    }
  }
}
