import Formats
import SAE

extension SAELensConfig {
  /// Writes down what was decided from the configuration alone.
  mutating func explain(_ reader: ConfigReader) {
    normalisationSource = decided("normalize_activations", reader)
    ledger.append(
      LedgerEntry(
        "architecture", architecture.rawValue,
        source: decided(architectureKey, reader)))
    if architecture.isTranscoder {
      ledger.append(
        LedgerEntry(
          "decoder bias", "not subtracted: it lives at the transcoder's output",
          source: .formatRule))
    } else {
      ledger.append(
        LedgerEntry(
          "decoder bias",
          subtractsDecoderBias ? "subtracted before encoding" : "not subtracted before encoding",
          source: decided("apply_b_dec_to_input", reader)))
    }
    if let pursuit {
      ledger.append(
        LedgerEntry(
          "selection",
          "greedy, feature by feature, at most \(pursuit.maximumIterations) times, until the residual's"
            + " norm falls below \(pursuit.residualThreshold)"
            + (pursuit.stopsOnRepeat ? " or a feature is chosen again" : ""),
          source: decided("residual_threshold", reader)))
      ledger.append(
        LedgerEntry("encoder", "the decoder itself (tied), without bias", source: .formatRule))
      if !subtractsDecoderBias {
        ledger.append(
          LedgerEntry(
            "output bias", "none: the bias is added only where it is subtracted first",
            source: .formatRule))
      }
    }
    if architecture.hasThreshold {
      ledger.append(
        LedgerEntry(
          "threshold", "strict: active when pre-activation > threshold", source: .formatRule))
    }
    if k != nil {
      ledger.append(
        LedgerEntry(
          "selection",
          (architecture == .abstopk ? "largest |pre-activation|, sign kept" : "top k, then ReLU")
            + "; ties go to the lower index",
          source: .formatRule))
      ledger.append(
        LedgerEntry(
          "decoder-norm rescaling",
          rescalesByDecoderNorm
            ? "pre-activations times ‖W_dec‖ before selection, divided out before decoding" : "off",
          source: decided("rescale_acts_by_decoder_norm", reader)))
    }
    if flattensHeads {
      ledger.append(
        LedgerEntry(
          "rows", "attention heads side by side, [heads · d_head] (hook_z)",
          source: decided("reshape_activations", reader)))
    }
    if let excludesSpecialTokens {
      ledger.append(
        LedgerEntry(
          "special tokens",
          excludesSpecialTokens
            ? "left out of training: activations on BOS and its kind mean nothing"
            : "not left out of training",
          source: .config(key: "exclude_special_tokens")))
    }
  }
}
