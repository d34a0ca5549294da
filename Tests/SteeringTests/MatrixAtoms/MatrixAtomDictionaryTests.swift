import SAE
import Steering
import TestSupport
import Tensors
import Testing

/// Matrix atoms through arrays and files, against f64 loops over the same arrays.
@Suite struct MatrixAtomDictionaryTests {
  private static let (n, rank, keyWidth, valueWidth) = (5, 2, 3, 4)

  /// Arrays of WriteSAE's names.
  private static let arrays: [String: [Float]] = {
    var generator = SplitMix64(seed: 5)
    let keys = n * rank * keyWidth
    let values = n * rank * valueWidth
    return [
      "V_enc": generator.normals(keys), "W_enc": generator.normals(values),
      "V_dec": generator.normals(keys), "W_dec": generator.normals(values),
      "b_enc": generator.normals(n), "bias": generator.normals(keyWidth * valueWidth),
      "mean": generator.normals(keyWidth * valueWidth),
    ]
  }()
  private static let shapes = [
    "V_enc": [n, rank, keyWidth], "W_enc": [n, rank, valueWidth], "V_dec": [n, rank, keyWidth],
    "W_dec": [n, rank, valueWidth], "b_enc": [n], "bias": [keyWidth, valueWidth],
    "mean": [keyWidth, valueWidth],
  ]

  private func array(_ name: String) -> [Float] { Self.arrays[name] ?? [] }

  private func dictionary(
    k: Int = 3, hasMean: Bool = false, keyEncoder: [Float]? = nil
  ) throws -> MatrixAtomDictionary {
    try MatrixAtomDictionary(
      name: "atoms", rank: Self.rank, keyWidth: Self.keyWidth, valueWidth: Self.valueWidth,
      keyEncoder: keyEncoder ?? array("V_enc"), valueEncoder: array("W_enc"),
      keyDecoder: array("V_dec"), valueDecoder: array("W_dec"), encoderBias: array("b_enc"),
      bias: array("bias"), mean: hasMean ? array("mean") : nil, decodingAddsMean: hasMean, k: k)
  }

  /// Σ_r v_r w_rᵀ of one atom, `[keyWidth, valueWidth]`, of the encoder's or the decoder's factors.
  private func atom(_ index: Int, _ part: String) -> [Double] {
    var out = [Double](repeating: 0, count: Self.keyWidth * Self.valueWidth)
    for place in (index * Self.rank)..<((index + 1) * Self.rank) {
      for position in out.indices {
        let row = position / Self.valueWidth
        let column = position % Self.valueWidth
        out[position] +=
          Double(array("V_" + part)[place * Self.keyWidth + row])
          * Double(array("W_" + part)[place * Self.valueWidth + column])
      }
    }
    return out
  }

  private func isClose(_ actual: [Float], _ expected: [Double]) -> Bool {
    actual.count == expected.count
      && zip(actual, expected).allSatisfy { abs(Double($0) - $1) <= 1e-5 * (1 + abs($1)) }
  }

  /// The `k` largest a_i = ⟨A_i, S − M⟩ + b_i, where positive.
  private func codes(_ state: [Float], k: Int, hasMean: Bool) -> [Double] {
    let z = (0..<Self.n).map { index in
      zip(atom(index, "enc"), state.indices).reduce(Double(array("b_enc")[index])) {
        let mean = hasMean ? Double(array("mean")[$1.1]) : 0
        return $0 + $1.0 * (Double(state[$1.1]) - mean)
      }
    }
    let kept = Set(z.indices.sorted { z[$0] > z[$1] }.prefix(k))
    return z.indices.map { kept.contains($0) ? max(z[$0], 0) : 0 }
  }

  @Test(arguments: [false, true])
  func statesMatch(_ hasMean: Bool) throws {
    let dictionary = try dictionary(hasMean: hasMean)
    var generator = SplitMix64(seed: 6)
    let states = generator.normals(4 * 12)
    let actual = try dictionary.encode(states)
    let decoded = try dictionary.decode(actual)
    #expect(actual.rowCount == 4)
    for row in 0..<4 {
      let state = Array(states[(row * 12)..<(row * 12 + 12)])
      let expected = codes(state, k: 3, hasMean: hasMean)
      #expect(isClose(actual.dense(row: row), expected))
      #expect(
        try dictionary.activations(of: [4, 0, 2], in: state)
          == [4, 0, 2].map { actual.activation(of: $0, row: row) })
      var whole = (0..<12).map {
        Double(array("bias")[$0]) + (hasMean ? Double(array("mean")[$0]) : 0)
      }
      for (index, value) in expected.enumerated() {
        for (position, weight) in atom(index, "dec").enumerated() {
          whole[position] += value * weight
        }
      }
      #expect(isClose(Array(decoded[(row * 12)..<(row * 12 + 12)]), whole))
    }
    #expect(!actual.indices.isEmpty)
  }

  @Test func editsMatch() throws {
    let dictionary = try dictionary()
    var generator = SplitMix64(seed: 7)
    let state = generator.normals(12)
    let (key, value) = (generator.normals(3), generator.normals(4))
    let atom = atom(2, "dec")
    let norm = atom.reduce(0) { $0 + $1 * $1 }.squareRoot()
    let replaced = try dictionary.replacingWrite(
      in: state, key: key, value: value, writeStrength: 0.5, byAtom: 2, coefficient: 1.5)
    let erased = try dictionary.erasing(atom: 2, coefficient: 2, from: state)
    let written = try dictionary.writing(atom: 2, norm: -3, to: state)
    let s = state.map(Double.init)
    for position in 0..<12 {
      let write = 0.5 * Double(key[position / 4]) * Double(value[position % 4])
      let edits: [(Float, Double)] = [
        (replaced[position], s[position] - write + 1.5 * atom[position]),
        (erased[position], s[position] - 2 * atom[position]),
        (written[position], s[position] - 3 * atom[position] / norm),
      ]
      for (actual, expected) in edits { #expect(isClose([actual], [expected])) }
    }
    var expected = 0.0
    for position in 0..<12 {
      expected += Double(key[position / 4]) * atom[position] * Double(value[position % 4])
    }
    let shift = try dictionary.logitShift(
      ofAtom: 2, query: key, unembedding: value, decay: 0.5, change: 4)
    #expect(abs(shift - 2 * expected) <= 1e-9)
  }

  private func write(
    _ path: String, _ names: [String], _ shapes: [String: [Int]] = [:]
  ) throws {
    try writeSafetensors(
      path,
      names.map {
        let shape = shapes[$0] ?? Self.shapes[$0] ?? [1]
        let count = shape.reduce(1, *)
        return TestTensor(
          $0, shape, Array((array($0) + [Float](repeating: 0, count: count)).prefix(count)))
      })
  }

  private static let needed = ["V_enc", "W_enc", "V_dec", "W_dec", "b_enc", "bias"]

  @Test func filesOpen() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("atoms.safetensors")
    try write(path, Self.needed)
    var generator = SplitMix64(seed: 8)
    let states = generator.normals(24)
    let expected = try dictionary(k: 2).encode(states)
    for place in [path, folder.path] {
      let opened = try MatrixAtomDictionary.open(place, k: 2)
      #expect(try opened.encode(states) == expected)
      #expect(opened.files == [path])
      #expect(opened.ledger.contains { $0.source == .option("k") })
    }
    try write(path, Self.needed + ["mean"])
    let opened = try MatrixAtomDictionary.open(path, k: 3, decodingAddsMean: true)
    let codes = try opened.encode(states)
    #expect(codes == (try dictionary(hasMean: true).encode(states)))
    #expect(try opened.decode(codes) == dictionary(hasMean: true).decode(codes))
  }

  @Test func filesThatDoNotFitAreNamed() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("atoms.safetensors")
    func message(
      _ names: [String], _ shapes: [String: [Int]] = [:], k: Int? = 2, addsMean: Bool? = nil
    ) throws -> String {
      try write(path, names, shapes)
      return steeringError {
        _ = try MatrixAtomDictionary.open(path, k: k, decodingAddsMean: addsMean)
      }?.message ?? "no error"
    }
    #expect(try message(Self.needed) == "no error")
    #expect(try message(Self.needed, k: nil).hasPrefix("\(path): key 'k' is missing"))
    #expect(try message(Self.needed.dropLast()).hasPrefix("\(path): tensor 'bias' is missing"))
    #expect(
      try message(Self.needed + ["extra"]).hasPrefix("\(path): tensor 'extra' has no meaning"))
    #expect(
      try message(Self.needed, ["V_enc": [10, 3]])
        == "\(path): 'V_enc' is shape [10, 3], expected [atoms, rank, width], none of them 0")
    #expect(
      try message(Self.needed, ["W_dec": [5, 2, 3]])
        == "\(path): tensor 'W_dec' has shape [5, 2, 3], expected [5, 2, 4] from the shape of W_enc"
    )
    #expect(
      try message(Self.needed + ["mean"]).hasPrefix("\(path): 'decodingAddsMean' is not given"))
    #expect(
      try message(Self.needed, addsMean: false)
        == "\(path): 'decodingAddsMean' is false, expected nothing: the file has no mean")
    #expect(try message(Self.needed, k: 6).contains("k is 6, expected 1 to 5, the atom count"))
  }

  @Test func misuseIsNamed() throws {
    let dictionary = try dictionary()
    func message(_ body: () throws -> Void) -> String? { steeringError(body)?.message }
    #expect(
      message { _ = try self.dictionary(keyEncoder: [1]) }
        == "V_enc has shape [1], expected [5, 2, 3]")
    #expect(
      message { _ = try dictionary.encode([1]) }
        == "1 values, expected a multiple of the state's 3 × 4")
    let state = [Float](repeating: 1, count: 12)
    #expect(
      message { _ = try dictionary.erasing(atom: 0, coefficient: 1, from: [1]) }
        == "a state of 1 values, expected 3 × 4")
    #expect(
      message { _ = try dictionary.erasing(atom: 5, coefficient: 1, from: state) }
        == "feature 5 does not exist, expected 0 to 4")
    #expect(
      message { _ = try dictionary.writing(atom: 0, norm: .nan, to: state) }
        == "norm is nan, expected a finite number")
    #expect(
      message { _ = try dictionary.decode(SparseCodes(featureCount: 4)) }
        == "codes of 4 features, expected 5, the atoms")
  }
}
