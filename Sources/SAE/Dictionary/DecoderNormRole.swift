/// What the norms ‖Dᵢ‖ of the decoder rows have to do with activations.
public enum DecoderNormRole: String, Sendable, CaseIterable {
  /// Nothing.
  case none
  /// σ sees z·‖Dᵢ‖, the activation keeps that factor, and decoding divides by it.
  ///
  /// SAELens' `rescale_acts_by_decoder_norm`. Under a constant factor the norms are those of the row's
  /// units.
  case rescalesActivations
  /// σ sees z·‖Dᵢ‖, the activation is divided by ‖Dᵢ‖ again, and decoding takes it as it is.
  ///
  /// The norms are those of the stored rows, whatever the normalisation.
  case ranksOnly
}
