/// What is done to a row before it is encoded, and undone after it is decoded.
public enum Normalisation: Sendable, Equatable {
  /// x̃ = x.
  case none

  /// x̃ = factor · x; undone by division.
  ///
  /// Activations come out in the scaled units, `factor` times larger than raw ones.
  case constantFactor(Float)

  /// x̃ = x · √d / ‖x‖, so that every row has norm √d; undone per row. Undefined for a zero row.
  case rootWidthOverNorm

  /// x̃ = (x − mean) / (deviation + epsilon), the deviation with divisor d − 1 and epsilon outside the
  /// root; undone as x̂·deviation + mean, without epsilon.
  case layerNorm(epsilon: Float)

  /// The name used in messages, JSON and documentation.
  public var name: String {
    switch self {
    case .none: "none"
    case .constantFactor: "constant factor"
    case .rootWidthOverNorm: "root width over norm"
    case .layerNorm: "layer norm"
    }
  }
}

extension Normalisation {
  /// Whether what is undone after decoding differs from row to row.
  package var dependsOnRow: Bool {
    switch self {
    case .none, .constantFactor: false
    case .rootWidthOverNorm, .layerNorm: true
    }
  }
}

/// The affine map that takes one normalised reconstruction back to the units of its row.
///
/// row units = normalised units · `scale` + `offset`. An edit, being a difference, is only scaled.
package struct RowTransform: Equatable, Sendable {
  package var scale: Float
  package var offset: Float

  package static let identity = RowTransform(scale: 1, offset: 0)
}
