import SAE

/// Decisions that many publishers share, in the same words.
extension LedgerEntry {
  static func architecture(_ name: String, source: Source = .formatRule) -> LedgerEntry {
    LedgerEntry("architecture", name, source: source)
  }

  static func decoderBias(isSubtracted: Bool, source: Source = .formatRule) -> LedgerEntry {
    LedgerEntry(
      "decoder bias",
      isSubtracted ? "subtracted before encoding" : "not subtracted before encoding",
      source: source)
  }

  /// Nothing is rescaled before encoding.
  static let unscaledUnits = LedgerEntry(
    "activation units", "those of the rows as given", source: .formatRule)

  static let strictThreshold = LedgerEntry(
    "threshold", "strict: active when pre-activation > threshold", source: .formatRule)

  static func layer(_ layer: Int, fileName: String) -> LedgerEntry {
    LedgerEntry("layer", "\(layer)", source: .fileName(fileName))
  }
}
