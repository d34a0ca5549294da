/// How a decoded row goes from the decoder's units to those of the output.
public enum OutputScale: Sendable, Equatable {
  /// The normalisation of the row that was encoded is undone.
  ///
  /// Not for a transcoder whose normalisation depends on the row: the row that is read, and not the one
  /// that is written, has the statistics.
  case undoesNormalisation
  /// Nothing is done.
  case none
  /// x̂ is multiplied by a positive number, the decoder bias included.
  case factor(Float)

  /// The number that every decoded row is multiplied by, whatever the row; 1 for the other cases.
  package var factor: Float {
    if case .factor(let factor) = self { return factor }
    return 1
  }
}
