import SAE

// Whole states in, whole states out: a state S is `[keyWidth, valueWidth]`, row-major.
extension MatrixAtomDictionary {
  /// Encodes `states`, `[count, keyWidth, valueWidth]` row-major.
  ///
  /// - Throws: `shapeMismatch`; `nonFinite` naming the state as row and its flat index as column.
  /// - Complexity: O(count · atomCount · rank · keyWidth · valueWidth).
  public func encode(_ states: [Float]) throws(SteeringError) -> SparseCodes {
    guard states.count % stateCount == 0 else {
      throw SteeringError(
        .shapeMismatch,
        "\(states.count) values, expected a multiple of the state's \(keyWidth) × \(valueWidth)")
    }
    return try rendering { () throws(DictionaryError) in
      var codes = SparseCodes(featureCount: atomCount)
      try MatrixAtomEncoder(self).encode(
        states, count: states.count / stateCount, stride: stateCount, into: &codes)
      return codes
    }
  }

  /// The activations of `atoms` in one state, `[atoms.count]`, each with the bits of ``encode(_:)``.
  ///
  /// - Throws: `invalidArgument` for an atom that is not there; `shapeMismatch`; `nonFinite`.
  public func activations(
    of atoms: [Int], in state: [Float]
  ) throws(SteeringError) -> [Float] {
    try check(state)
    return try rendering { () throws(DictionaryError) in
      var out = [Float](repeating: 0, count: atoms.count)
      try MatrixAtomEncoder(self).read(atoms, of: state, into: &out)
      return out
    }
  }

  /// The states that `codes` stand for, `[codes.rowCount, keyWidth, valueWidth]` row-major.
  ///
  /// - Throws: `shapeMismatch` for codes of another dictionary; `nonFinite`.
  public func decode(_ codes: SparseCodes) throws(SteeringError) -> [Float] {
    guard codes.featureCount == atomCount else {
      throw SteeringError(
        .shapeMismatch, "codes of \(codes.featureCount) features, expected \(atomCount), the atoms")
    }
    return try rendering { () throws(DictionaryError) in
      let editor = MatrixAtomEditor(self)
      var all: [Float] = []
      all.reserveCapacity(codes.rowCount * stateCount)
      var state = [Float](repeating: 0, count: stateCount)
      for row in 0..<codes.rowCount {
        try editor.decode(codes, row: row, into: &state)
        all += state
      }
      return all
    }
  }

  /// The state with an atom in place of a write: S − writeStrength · key valueᵀ + coefficient · A.
  ///
  /// A is Σ_r v'_r w'_rᵀ of `atom`; `key` is `[keyWidth]`, `value` `[valueWidth]`, `writeStrength` the β of
  /// the write that is taken back, `coefficient` the atom's activation there.
  ///
  /// - Throws: `invalidArgument` for an atom that is not there; `shapeMismatch`; `nonFinite`;
  ///   `unsupportedDictionary` for a number that is not finite.
  public func replacingWrite(
    in state: [Float], key: [Float], value: [Float], writeStrength: Float, byAtom atom: Int,
    coefficient: Float
  ) throws(SteeringError) -> [Float] {
    try editing(state) { editor, state throws(DictionaryError) in
      try editor.replaceWrite(
        in: &state, key: key, value: value, writeStrength: writeStrength, byAtom: atom,
        coefficient: coefficient)
    }
  }

  /// The state with one atom taken out: S − coefficient · A.
  ///
  /// - Throws: as ``replacingWrite(in:key:value:writeStrength:byAtom:coefficient:)``.
  public func erasing(
    atom: Int, coefficient: Float, from state: [Float]
  ) throws(SteeringError) -> [Float] {
    try editing(state) { editor, state throws(DictionaryError) in
      try editor.erase(atom: atom, coefficient: coefficient, from: &state)
    }
  }

  /// The state with an atom written to it: S + norm · A/‖A‖, the Frobenius norm; a negative `norm` subtracts.
  ///
  /// - Throws: as ``replacingWrite(in:key:value:writeStrength:byAtom:coefficient:)``, and
  ///   `unsupportedDictionary` for an atom that is zero.
  public func writing(
    atom: Int, norm: Float, to state: [Float]
  ) throws(SteeringError) -> [Float] {
    try editing(state) { editor, state throws(DictionaryError) in
      try editor.write(atom: atom, norm: norm, to: &state)
    }
  }

  /// How much a token's logit is predicted to move when `change` times an atom is written to the state.
  ///
  /// ```
  /// Δℓ ≈ decay · Σ_r (v'_r · query)(w'_r · unembedding) · change        (paper, equation 1)
  /// ```
  ///
  /// `query` is `[keyWidth]`; `unembedding` `[valueWidth]` is the token's unembedding row taken back
  /// through the head's output projection; `decay` is the product of the gates α from the step after the
  /// write to the step that reads. What later writes take away is left out: it holds where the atom is
  /// nearly orthogonal to later keys. Sums are f64.
  ///
  /// - Throws: `invalidArgument` for an atom that is not there; `shapeMismatch`; `unsupportedDictionary`
  ///   for a number that is not finite.
  public func logitShift(
    ofAtom atom: Int, query: [Float], unembedding: [Float], decay: Double, change: Double
  ) throws(SteeringError) -> Double {
    try rendering { () throws(DictionaryError) in
      try predictedLogitShift(
        ofAtom: atom, query: query, unembedding: unembedding, decay: decay, change: change)
    }
  }

  private func editing(
    _ state: [Float],
    _ edit: (MatrixAtomEditor, inout [Float]) throws(DictionaryError) -> Void
  ) throws(SteeringError) -> [Float] {
    try check(state)
    return try rendering { () throws(DictionaryError) in
      var edited = state
      try edit(MatrixAtomEditor(self), &edited)
      return edited
    }
  }

  private func check(_ state: [Float]) throws(SteeringError) {
    guard state.count == stateCount else {
      throw SteeringError(
        .shapeMismatch,
        "a state of \(state.count) values, expected \(keyWidth) × \(valueWidth)")
    }
  }

  private func rendering<R>(
    _ body: () throws(DictionaryError) -> R
  ) throws(SteeringError) -> R {
    do throws(DictionaryError) {
      return try body()
    } catch {
      throw SteeringError(error)
    }
  }
}
