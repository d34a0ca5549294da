import Tensors

extension EncoderMatrix {
  /// What about the encoder, or the activation that follows, leaves no use for its int8 form; nil
  /// where it has one.
  package func pruningObstacle(_ activation: ActivationFunction) -> String? {
    guard case .dense = stored else { return "an encoder with few numbers per feature" }
    if !activation.isPrunable { return activation.name }
    guard modelWidth <= QuantisedRows.largestWidth else { return "rows of \(modelWidth)" }
    return nil
  }
}
