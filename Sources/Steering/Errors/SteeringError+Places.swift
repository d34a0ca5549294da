import SAE

extension SteeringError {
  /// Puts a dictionary's error into words; a bad weight is said to be in its file.
  init(_ error: DictionaryError, in dictionary: SparseDictionary) {
    guard case .nonFiniteWeight = error.reason, let path = dictionary.weightsPath else {
      self.init(error)
      return
    }
    self = SteeringError(error).inFile(path)
  }

  /// Runs `body` and turns a dictionary error into the public one.
  static func rendering<R>(
    for dictionary: SparseDictionary, _ body: () throws(DictionaryError) -> R
  ) throws(SteeringError) -> R {
    do throws(DictionaryError) {
      return try body()
    } catch {
      throw SteeringError(error, in: dictionary)
    }
  }

  /// The same error with the file named.
  package func inFile(_ path: String) -> SteeringError {
    SteeringError(code, "\(path): \(message)")
  }
}

extension SparseDictionary {
  /// The first file of weights; nil for a dictionary that came from memory.
  var weightsPath: String? { files.first { $0.hasSuffix(".safetensors") } }
}

extension DictionaryError {
  /// The row that is to blame, nil where none is.
  package var row: Int? {
    switch reason {
    case .nonFiniteInput(let row, _), .nonFiniteResult(let row): row
    default: nil
    }
  }

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
