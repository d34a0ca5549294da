import Tensors

/// Decodes codes to states, and changes states by atoms.
///
/// An edit is computed beside the state and copied over it when every number of it is finite: on an
/// error the state is as it was.
///
/// Not Sendable: one thread at a time. Scratch is allocated at creation; nothing else is.
package final class MatrixAtomEditor {
  package let dictionary: MatrixAtomDictionary
  private let edited: FloatBuffer

  package init(_ dictionary: MatrixAtomDictionary) {
    self.dictionary = dictionary
    edited = FloatBuffer(count: dictionary.stateCount)
  }

  /// Writes Ŝ of row `row` of `codes` to `out`, `[keyWidth, valueWidth]`.
  ///
  /// Atoms ascending, ranks ascending, then the bias, then the mean where ``MatrixAtomDictionary``'s
  /// `decodingAddsMean` says so; f32.
  ///
  /// - Throws: `shape` for codes of another dictionary, `field` for a row that they do not have;
  ///   `nonFiniteResult`, and `out` is then unchanged.
  package func decode(
    _ codes: SparseCodes, row: Int, into out: UnsafeMutablePointer<Float>
  ) throws(DictionaryError) {
    guard codes.featureCount == dictionary.atomCount else {
      throw DictionaryError(
        .shape(
          tensor: "codes", found: [codes.featureCount], expected: [dictionary.atomCount]))
    }
    guard row >= 0 && row < codes.rowCount else {
      throw DictionaryError(
        .field(
          name: "row of the codes", found: "\(row)",
          expected: "below \(codes.rowCount), the row count"))
    }
    edited.base.update(repeating: 0, count: dictionary.stateCount)
    for position in codes.range(ofRow: row) {
      addAtom(Int(codes.indices[position]), scale: codes.values[position])
    }
    add(dictionary.bias)
    if dictionary.decodingAddsMean, let mean = dictionary.mean { add(mean) }
    try finish(out, row: row)
  }

  /// S ← S − writeStrength · key valueᵀ + coefficient · Σ_r v'_r w'_rᵀ: the atom in place of a write.
  ///
  /// `key` is `[keyWidth]`, `value` `[valueWidth]`, `writeStrength` the β of the write that is taken
  /// back, `coefficient` normally the atom's activation there.
  ///
  /// - Throws: `featureOutOfRange`; `shape` and `field` for the write; `nonFiniteInput` where the state
  ///   is not finite, its flat index as column; `nonFiniteResult`.
  package func replaceWrite(
    in state: UnsafeMutablePointer<Float>, key: [Float], value: [Float], writeStrength: Float,
    byAtom atom: Int, coefficient: Float
  ) throws(DictionaryError) {
    try dictionary.checkAtom(atom)
    try check(key, "key", count: dictionary.keyWidth)
    try check(value, "value", count: dictionary.valueWidth)
    try check(writeStrength, "write strength")
    try check(coefficient, "coefficient")
    edited.base.update(from: state, count: dictionary.stateCount)
    value.withUnsafeBufferPointer { value in
      guard let base = value.baseAddress else { return }
      for row in 0..<dictionary.keyWidth {
        dictionary.kernels.axpy(
          -(writeStrength * key[row]), base, into: edited.base + row * dictionary.valueWidth,
          count: dictionary.valueWidth)
      }
    }
    addAtom(atom, scale: coefficient)
    try finish(state, row: 0)
  }

  /// S ← S − coefficient · Σ_r v'_r w'_rᵀ: takes one atom out.
  ///
  /// - Throws: as ``replaceWrite(in:key:value:writeStrength:byAtom:coefficient:)``.
  package func erase(
    atom: Int, coefficient: Float, from state: UnsafeMutablePointer<Float>
  ) throws(DictionaryError) {
    try dictionary.checkAtom(atom)
    try check(coefficient, "coefficient")
    edited.base.update(from: state, count: dictionary.stateCount)
    addAtom(atom, scale: -coefficient)
    try finish(state, row: 0)
  }

  /// S ← S + norm · A/‖A‖ with A = Σ_r v'_r w'_rᵀ and the Frobenius norm; a negative `norm` subtracts.
  ///
  /// - Throws: as above, and `field` for an atom that is zero.
  package func write(
    atom: Int, norm: Float, to state: UnsafeMutablePointer<Float>
  ) throws(DictionaryError) {
    try dictionary.checkAtom(atom)
    try check(norm, "norm")
    let size = dictionary.norm(ofAtom: atom)
    let scale = Float(Double(norm) / size)
    guard size > 0, scale.isFinite else {
      throw DictionaryError(
        .field(
          name: "norm of atom \(atom)", found: "\(size)",
          expected: "large enough to give it a direction"))
    }
    edited.base.update(from: state, count: dictionary.stateCount)
    addAtom(atom, scale: scale)
    try finish(state, row: 0)
  }

  private func addAtom(_ atom: Int, scale: Float) {
    guard let keys = dictionary.keyDecoder.base, let values = dictionary.valueDecoder.base
    else { fatalError("a dictionary has at least one atom") }
    let width = dictionary.valueWidth
    for place in (atom * dictionary.rank)..<((atom + 1) * dictionary.rank) {
      let key = keys + place * dictionary.keyWidth
      for row in 0..<dictionary.keyWidth {
        dictionary.kernels.axpy(
          scale * key[row], values + place * width, into: edited.base + row * width, count: width)
      }
    }
  }

  private func add(_ values: StoredArray<Float>) {
    guard let base = values.base else { return }
    for index in 0..<dictionary.stateCount { edited.base[index] += base[index] }
  }

  private func finish(_ out: UnsafeMutablePointer<Float>, row: Int) throws(DictionaryError) {
    let count = dictionary.stateCount
    guard dictionary.kernels.firstNonfinite(edited.base, count: count) == count else {
      let bad = dictionary.kernels.firstNonfinite(out, count: count)
      throw DictionaryError(
        bad == count ? .nonFiniteResult(row: row) : .nonFiniteInput(row: row, column: bad))
    }
    out.update(from: edited.base, count: count)
  }

  private func check(_ value: Float, _ name: String) throws(DictionaryError) {
    guard value.isFinite else {
      throw DictionaryError(.field(name: name, found: "\(value)", expected: "a finite number"))
    }
  }

  private func check(_ values: [Float], _ name: String, count: Int) throws(DictionaryError) {
    guard values.count == count else {
      throw DictionaryError(.shape(tensor: name, found: [values.count], expected: [count]))
    }
    for value in values { try check(value, name) }
  }
}
