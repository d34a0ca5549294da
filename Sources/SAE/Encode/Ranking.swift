/// By what features compete one by one, and which winners are active.
package enum Ranking: String, Sendable {
  /// By z; active where z > 0 (TopK).
  case positive
  /// By z; active where z is not 0 (signed TopK).
  case signed
  /// By |z|; active where z is not 0 (AbsTopK).
  case absolute

  /// What is compared.
  @inline(__always)
  func key(_ z: Float) -> Float { self == .absolute ? abs(z) : z }

  /// Whether a winner is active.
  @inline(__always)
  func survives(_ z: Float) -> Bool { self == .positive ? z > 0 : z != 0 }

  /// The ranking of a function that has one.
  init?(_ activation: ActivationFunction) {
    switch activation {
    case .topK: self = .positive
    case .signedTopK: self = .signed
    case .absTopK: self = .absolute
    case .relu, .jumpReLU, .batchTopK, .gated, .groupMax, .biJumpReLU, .blockTopK,
      .matchingPursuit:
      return nil
    }
  }
}
