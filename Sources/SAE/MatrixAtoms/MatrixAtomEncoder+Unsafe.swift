import Tensors

/// Encodes states: the activation of every atom, or of a few.
///
/// One atom costs `rank` products S w and as many v·(S w), so n atoms cost O(n · rank · keyWidth ·
/// valueWidth). Products are the same kernels whatever is asked for, so that an atom's activation has
/// the same bits alone, among others and in any batch.
///
/// Not Sendable: one thread at a time. Scratch is allocated at creation.
package final class MatrixAtomEncoder {
  package let dictionary: MatrixAtomDictionary
  private let state: FloatBuffer
  private let product: FloatBuffer
  private let z: FloatBuffer
  private let threshold: TopKThreshold
  /// Per asked atom, the rivals that beat it; keeps its memory between calls.
  private var beatenBy: [Int] = []

  package init(_ dictionary: MatrixAtomDictionary) {
    self.dictionary = dictionary
    state = FloatBuffer(count: dictionary.stateCount)
    product = FloatBuffer(count: dictionary.keyWidth)
    z = FloatBuffer(count: dictionary.atomCount)
    threshold = TopKThreshold(k: dictionary.k, dictionary.kernels)
  }

  /// Appends the codes of `count` states, each `[keyWidth, valueWidth]`, `stride` floats apart.
  ///
  /// - Throws: `width` for a stride shorter than a state; `nonFiniteInput`, with the state as row and
  ///   its flat index as column; `nonFiniteResult`. `codes` then holds the states before it.
  package func encode(
    _ states: UnsafePointer<Float>, count: Int, stride: Int, into codes: inout SparseCodes
  ) throws(DictionaryError) {
    guard stride >= dictionary.stateCount else {
      throw DictionaryError(.width(found: stride, expected: dictionary.stateCount))
    }
    guard codes.featureCount == dictionary.atomCount else {
      throw DictionaryError(
        .shape(
          tensor: "codes", found: [codes.featureCount], expected: [dictionary.atomCount]))
    }
    let n = dictionary.atomCount
    for row in 0..<max(count, 0) {
      try prepare(states + row * stride, row: row)
      for atom in 0..<n { z.base[atom] = try preActivation(atom, row: row) }
      _ = threshold.find(z.base, n, absolute: false)
      for place in 0..<threshold.k {
        let atom = Int(threshold.winners[place])
        if z.base[atom] > 0 { codes.append(atom, z.base[atom]) }
      }
      codes.endRow()
    }
  }

  /// Writes the activations of `atoms` in one state to `out`, `[atoms.count]`.
  ///
  /// Rivals are compared one by one until each atom is decided: k of them beat it (ties: the lower index
  /// wins), or none is left. Equal to ``encode(_:count:stride:into:)`` bit for bit. Allocates only when
  /// more atoms are asked for than in any call before.
  ///
  /// - Throws: `featureOutOfRange`; `nonFiniteInput` and `nonFiniteResult` with row 0, the latter only
  ///   for an atom that was computed.
  package func read(
    _ atoms: [Int], of state: UnsafePointer<Float>, into out: UnsafeMutablePointer<Float>
  ) throws(DictionaryError) {
    for atom in atoms { try dictionary.checkAtom(atom) }
    try prepare(state, row: 0)
    beatenBy.removeAll(keepingCapacity: true)
    var undecided = 0
    for (index, atom) in atoms.enumerated() {
      out[index] = try preActivation(atom, row: 0)
      beatenBy.append(out[index] > 0 ? 0 : dictionary.k)
      undecided += out[index] > 0 ? 1 : 0
    }
    var rival = 0
    while rival < dictionary.atomCount, undecided > 0 {
      let value = try preActivation(rival, row: 0)
      for index in atoms.indices where beatenBy[index] < dictionary.k {
        guard value > out[index] || (value == out[index] && rival < atoms[index]) else { continue }
        beatenBy[index] += 1
        if beatenBy[index] == dictionary.k { undecided -= 1 }
      }
      rival += 1
    }
    for index in atoms.indices where beatenBy[index] >= dictionary.k { out[index] = 0 }
  }

  /// Copies S − M into the scratch.
  private func prepare(_ source: UnsafePointer<Float>, row: Int) throws(DictionaryError) {
    let count = dictionary.stateCount
    let bad = dictionary.kernels.firstNonfinite(source, count: count)
    guard bad == count else {
      throw DictionaryError(.nonFiniteInput(row: row, column: bad))
    }
    state.base.update(from: source, count: count)
    guard let mean = dictionary.mean?.base else { return }
    for index in 0..<count { state.base[index] -= mean[index] }
  }

  /// Ranks ascending, then the bias, in f32.
  private func preActivation(_ atom: Int, row: Int) throws(DictionaryError) -> Float {
    let (keyWidth, valueWidth) = (dictionary.keyWidth, dictionary.valueWidth)
    guard let keys = dictionary.keyEncoder.base, let values = dictionary.valueEncoder.base
    else { fatalError("a dictionary has at least one atom") }
    var sum: Float = 0
    for place in (atom * dictionary.rank)..<((atom + 1) * dictionary.rank) {
      dictionary.kernels.matvec(
        rows: state.base, rowStride: valueWidth, values + place * valueWidth,
        into: product.base, rowCount: keyWidth, columnCount: valueWidth)
      sum += dictionary.kernels.dot(keys + place * keyWidth, product.base, count: keyWidth)
    }
    sum += dictionary.encoderBias[atom]
    guard sum.isFinite else { throw DictionaryError(.nonFiniteResult(row: row)) }
    return sum
  }
}
