import Steering

extension WatermarkBank {
  /// The entries, with their signs, that `key` chooses for a document.
  ///
  /// Of ``draws`` unbiased choices from the key's stream of the document, the one of the least predicted cost
  /// Σ signᵢ · slopeᵢ, the earliest of equal ones. So every choice is possible and dear ones are rare: the
  /// text keeps more of its likelihood, and whoever guesses without the key gains log₂(draws) bits at most.
  /// A retired key chooses as before: what it marked stays readable.
  ///
  /// - Complexity: O(draws · entries).
  /// - Throws: `invalidArgument` for a key of another bank, or an identifier of another scheme than the
  ///   key's, or an empty name.
  public func selection(
    key: WatermarkKey, document: DocumentIdentifier
  ) throws(SteeringError) -> MarkSelection {
    try check(key)
    guard document != .given("") else {
      throw SteeringError(
        .invalidArgument,
        "document identifier is an empty name, expected the name of one document: all without a name"
          + " would share a choice")
    }
    return try key.selection(of: document, among: entries.count, draws: draws, cost: cost)
  }

  /// Σ signᵢ · slopeᵢ in the order of the draw: nats per token, at strength 1 and to first order.
  func cost(of selection: MarkSelection) -> Double {
    zip(selection.entries, selection.signs).reduce(0) { sum, choice in
      sum + Double(choice.1) * entries[choice.0].slope
    }
  }
}
