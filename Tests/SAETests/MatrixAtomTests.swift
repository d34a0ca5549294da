import SAE
import TestSupport
import Tensors
import Testing

/// Encoding and decoding of states by matrix atoms, against naive f64 loops.
@Suite struct MatrixAtomTests {
  static let shapes: [(n: Int, rank: Int, keyWidth: Int, valueWidth: Int)] = [
    (1, 1, 1, 1), (7, 1, 3, 5), (40, 2, 8, 6), (90, 1, 33, 34),
  ]

  private func close(_ actual: Float, _ expected: Double, _ magnitude: Double) -> Bool {
    abs(Double(actual) - expected) <= magnitude * 0x1p-18
  }

  @Test(arguments: Kernels.available)
  func codesAndReconstructionsMatch(_ kernels: Kernels) throws {
    var active = 0
    for (index, shape) in Self.shapes.enumerated() {
      for k in Set([1, max(1, shape.n / 3), shape.n]) {
        for variant in 0..<3 {
          var oracle = OracleMatrixAtoms(
            atomCount: shape.n, rank: shape.rank, keyWidth: shape.keyWidth,
            valueWidth: shape.valueWidth, k: k, seed: UInt64(index), hasMean: variant > 0)
          oracle.decodingAddsMean = variant == 2
          let dictionary = try oracle.dictionary(kernels)
          var generator = SplitMix64(seed: UInt64(index + 50))
          let state = generator.normals(dictionary.stateCount)
          let codes = try dictionary.codes(of: state, count: 1)
          let actual = codes.dense(row: 0)
          let expected = oracle.encode(state)
          let magnitudes = oracle.preActivations(state).magnitudes
          for atom in 0..<shape.n {
            #expect((actual[atom] != 0) == (expected[atom] != 0), "atom \(atom)")
            #expect(close(actual[atom], expected[atom], magnitudes[atom]), "atom \(atom)")
          }
          active += codes.indices.count
          var out = [Float](repeating: -777, count: dictionary.stateCount)
          try MatrixAtomEditor(dictionary).decode(codes, row: 0, into: &out)
          let whole = oracle.decode(actual.map(Double.init))
          let size = actual.reduce(10) { $0 + abs(Double($1)) * 30 }
          for position in out.indices { #expect(close(out[position], whole[position], size)) }
        }
      }
    }
    #expect(active > 100)
  }

  @Test(arguments: Kernels.available)
  func selectiveEqualsFull(_ kernels: Kernels) throws {
    var zero = 0
    for k in [1, 5, 40] {
      let oracle = OracleMatrixAtoms(
        atomCount: 40, rank: 2, keyWidth: 9, valueWidth: 7, k: k, seed: 3, hasMean: true)
      let dictionary = try oracle.dictionary(kernels)
      var generator = SplitMix64(seed: 4)
      for _ in 0..<5 {
        let state = generator.normals(63)
        let full = try dictionary.codes(of: state, count: 1).dense(row: 0).map(\.bitPattern)
        let order = (0..<40).shuffled(using: &generator) + [3, 3]
        #expect(
          try dictionary.reading(of: order, in: state).map(\.bitPattern) == order.map { full[$0] })
        for atom in 0..<40 {
          #expect(try dictionary.reading(of: [atom], in: state).map(\.bitPattern) == [full[atom]])
        }
        zero += full.count { $0 == 0 }
      }
    }
    #expect(zero > 100, "most atoms must have lost")
  }

  @Test func batchEqualsSingleStates() throws {
    let oracle = OracleMatrixAtoms(
      atomCount: 30, keyWidth: 5, valueWidth: 4, k: 6, seed: 8, hasMean: true)
    let dictionary = try oracle.dictionary()
    var generator = SplitMix64(seed: 9)
    var states = generator.normals(7 * 23)
    for row in 0..<7 { states[row * 23 + 20] = .nan }
    let codes = try dictionary.codes(of: states, count: 7, stride: 23)
    for row in 0..<7 {
      let alone = try dictionary.codes(of: Array(states[(row * 23)..<(row * 23 + 20)]), count: 1)
      #expect(Array(codes.indices[codes.range(ofRow: row)]) == alone.indices)
      #expect(
        codes.values[codes.range(ofRow: row)].map(\.bitPattern) == alone.values.map(\.bitPattern))
    }
  }

  @Test func permutingAtomsPermutesCodes() throws {
    let oracle = OracleMatrixAtoms(
      atomCount: 25, rank: 2, keyWidth: 4, valueWidth: 6, k: 5, seed: 10)
    var generator = SplitMix64(seed: 11)
    let order = (0..<25).shuffled(using: &generator)
    func permuted(_ values: [Float], _ width: Int) -> [Float] {
      order.flatMap { values[($0 * width)..<(($0 + 1) * width)] }
    }
    var other = oracle
    other.keyEncoder = permuted(oracle.keyEncoder, 8)
    other.valueEncoder = permuted(oracle.valueEncoder, 12)
    other.encoderBias = permuted(oracle.encoderBias, 1)
    let state = generator.normals(24)
    let before = try oracle.dictionary().codes(of: state, count: 1).dense(row: 0)
    let after = try other.dictionary().codes(of: state, count: 1).dense(row: 0)
    #expect(after.map(\.bitPattern) == order.map { before[$0].bitPattern })
    #expect(before.count { $0 > 0 } == 5)
  }

  /// Pre-activations that are exact: z of the state [1].
  private func exact(_ z: [Float], k: Int) throws -> MatrixAtomDictionary {
    var oracle = OracleMatrixAtoms(atomCount: z.count, keyWidth: 1, valueWidth: 1, k: k, seed: 1)
    oracle.keyEncoder = z
    oracle.valueEncoder = z.map { _ in 1 }
    oracle.encoderBias = z.map { _ in 0 }
    return try oracle.dictionary()
  }

  @Test func lowerIndexWinsTiesAndReLUFollows() throws {
    for (z, k, expected) in [
      ([2, 2, 2] as [Float], 1, [0] as [Int32]), ([1, 2, 2, 3, 2], 3, [1, 2, 3]),
      ([-1, 2, 0, -3], 4, [1]), ([-1, -0.0, 0], 2, []), ([0.5, 2, 1], 2, [1, 2]),
    ] {
      let dictionary = try exact(z, k: k)
      let codes = try dictionary.codes(of: [1], count: 1)
      #expect(codes.indices == expected)
      #expect(
        try dictionary.reading(of: Array(z.indices), in: [1]) == codes.dense(row: 0))
    }
  }

  /// S ← S − β k vᵀ + a A, and the other edits, against f64.
  @Test(arguments: [1, 2])
  func editsMatch(_ rank: Int) throws {
    let oracle = OracleMatrixAtoms(
      atomCount: 6, rank: rank, keyWidth: 3, valueWidth: 5, k: 2, seed: 12)
    let dictionary = try oracle.dictionary()
    let editor = MatrixAtomEditor(dictionary)
    var generator = SplitMix64(seed: 13)
    let state = generator.normals(15)
    let key = generator.normals(3)
    let value = generator.normals(5)
    let atom = oracle.atom(4)

    var replaced = state
    try editor.replaceWrite(
      in: &replaced, key: key, value: value, writeStrength: 0.75, byAtom: 4, coefficient: -1.5)
    var erased = state
    try editor.erase(atom: 4, coefficient: 2, from: &erased)
    var written = state
    try editor.write(atom: 4, norm: 3, to: &written)
    let norm = atom.reduce(0) { $0 + $1 * $1 }.squareRoot()
    #expect(abs(dictionary.norm(ofAtom: 4) - norm) <= 1e-12 * norm)
    for position in 0..<15 {
      let s = Double(state[position])
      let write = 0.75 * Double(key[position / 5]) * Double(value[position % 5])
      #expect(close(replaced[position], s - write - 1.5 * atom[position], 20))
      #expect(close(erased[position], s - 2 * atom[position], 20))
      #expect(close(written[position], s + 3 * atom[position] / norm, 20))
    }
  }

  /// Eq. 1 predicts what reading the state before and after a write gives.
  @Test(arguments: [1, 2])
  func logitShiftIsWhatReadingTheStateShows(_ rank: Int) throws {
    var oracle = OracleMatrixAtoms(
      atomCount: 4, rank: rank, keyWidth: 5, valueWidth: 5, k: 2, seed: 14)
    var generator = SplitMix64(seed: 15)
    let query = generator.normals(5)
    let unembedding = generator.normals(5)
    let atom = oracle.atom(2)
    func expected(_ q: [Float], _ u: [Float]) -> Double {
      var sum = 0.0
      for row in 0..<5 {
        for column in 0..<5 {
          sum += Double(q[row]) * atom[row * 5 + column] * Double(u[column])
        }
      }
      return 0.4 * sum * -2.5
    }
    let shift = try oracle.dictionary().predictedLogitShift(
      ofAtom: 2, query: query, unembedding: unembedding, decay: 0.4, change: -2.5)
    #expect(abs(shift - expected(query, unembedding)) <= 1e-12 * 100)
    oracle.logitPairing = .asPrinted
    let printed = try oracle.dictionary().predictedLogitShift(
      ofAtom: 2, query: query, unembedding: unembedding, decay: 0.4, change: -2.5)
    #expect(abs(printed - expected(unembedding, query)) <= 1e-12 * 100)
    #expect(abs(printed - shift) > 0.01)
  }
}
