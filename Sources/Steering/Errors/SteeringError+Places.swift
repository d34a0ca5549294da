import SAE

extension SteeringError {
  /// The same error with the file named.
  func inFile(_ path: String) -> SteeringError {
    SteeringError(code, "\(path): \(message)")
  }
}

extension DictionaryError {
  /// The same error with its row counted from `distance` rows further up.
  func movedDown(by distance: Int) -> DictionaryError {
    switch reason {
    case .nonFiniteInput(let row, let column):
      DictionaryError(.nonFiniteInput(row: row + distance, column: column))
    case .nonFiniteResult(let row): DictionaryError(.nonFiniteResult(row: row + distance))
    default: self
    }
  }
}
