import SAE

extension LedgerEntry {
  static func skip(_ statement: String) -> LedgerEntry {
    LedgerEntry("skip path", "forward adds " + statement, source: .formatRule)
  }

  /// Thresholds that were divided by the norms of decoder rows.
  static func decoderNormGate(source: Source) -> LedgerEntry {
    LedgerEntry(
      "decoder norms",
      "features open where pre-activation · ‖D‖ > threshold: folded into thresholds",
      source: source)
  }
}
