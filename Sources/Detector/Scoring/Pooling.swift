/// How the activations of a feature over a document's kept tokens become one number.
public enum Pooling: String, Sendable, CaseIterable {
  /// The largest reading; 0 for no tokens.
  case maximum = "max"
  /// The mean reading over kept tokens.
  case mean
  /// The share of kept tokens with a reading above zero.
  case rate
  /// The reading at the last kept token.
  case last
}

/// What is read from an activation, which signed dictionaries make negative too.
public enum Reading: String, Sendable, CaseIterable {
  /// max(f, 0): pooled by maximum, the largest activation.
  case positive
  /// max(−f, 0): pooled by maximum, minus the smallest activation.
  case negative
  /// |f|.
  case magnitude

  /// The reading of one activation, never negative.
  @inlinable
  public func callAsFunction(_ activation: Float) -> Float {
    switch self {
    case .positive: activation > 0 ? activation : 0
    case .negative: activation < 0 ? -activation : 0
    case .magnitude: abs(activation)
    }
  }
}
