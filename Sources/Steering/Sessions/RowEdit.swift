/// What happened to one row.
public struct RowEdit: Sendable, Equatable {
  /// How the row fared.
  public enum Outcome: Sendable, Equatable {
    /// The row was changed.
    case edited
    /// No edit was in scope, or every edit came to zero: the row has the same bits as before.
    case untouched
    /// The dictionary's normalisation is undefined for this row: it has the same bits as before.
    case undefined
  }

  /// How the row fared.
  public var outcome: Outcome
  /// Whether some intervention covers the row.
  public var isInScope: Bool
  /// ‖Δ‖, the length of the edit in the units of the row; 0 unless edited.
  public var deltaNorm: Float
  /// ‖x‖ before the edit; 0 when no edit was in scope.
  public var rowNorm: Float

  /// ‖Δ‖/‖x‖, infinite for an edited zero row; 0 unless edited.
  public var dose: Float {
    guard outcome == .edited else { return 0 }
    return rowNorm > 0 ? deltaNorm / rowNorm : .infinity
  }

  static let outOfScope = RowEdit(
    outcome: .untouched, isInScope: false, deltaNorm: 0, rowNorm: 0)
}
