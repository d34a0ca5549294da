import SAE
import TestSupport
import Tensors
import Testing

/// Parts, states and edits that do not fit: refused by name, and the state stays as it was.
@Suite struct MatrixAtomMisuseTests {
  private let oracle = OracleMatrixAtoms(
    atomCount: 6, rank: 2, keyWidth: 3, valueWidth: 4, k: 2, seed: 1, hasMean: true)

  private func failure(
    _ change: (inout MatrixAtomDictionary.Parts) -> Void
  ) -> DictionaryError.Reason? {
    var parts = oracle.parts()
    change(&parts)
    let changed = parts
    return dictionaryFailure { () throws(DictionaryError) in _ = try MatrixAtomDictionary(changed) }
  }

  private func tensor(_ shape: [Int], _ value: Float = 0, _ type: ElementType = .f32) -> Tensor {
    Tensor(
      type, shape: shape,
      storage: Storage(copying: [Float](repeating: value, count: max(shape.reduce(1, *), 1))))
  }

  @Test func partsAreNamed() {
    #expect(failure { _ in } == nil)
    #expect(
      failure { $0.keyEncoder = tensor([6, 3]) }
        == .shape(tensor: "V_enc", found: [6, 3], expected: [1, 1, 1]))
    #expect(
      failure { $0.keyEncoder = tensor([0, 2, 3]) }
        == .shape(tensor: "V_enc", found: [0, 2, 3], expected: [1, 1, 1]))
    #expect(
      failure { $0.valueEncoder = tensor([6, 1, 4]) }
        == .shape(tensor: "W_enc", found: [6, 1, 4], expected: [6, 2, 4]))
    #expect(
      failure { $0.valueEncoder = tensor([]) }
        == .shape(tensor: "W_enc", found: [], expected: [6, 2, 1]))
    #expect(
      failure { $0.keyDecoder = tensor([6, 2, 4]) }
        == .shape(tensor: "V_dec", found: [6, 2, 4], expected: [6, 2, 3]))
    #expect(
      failure { $0.valueDecoder = tensor([6, 2, 3]) }
        == .shape(tensor: "W_dec", found: [6, 2, 3], expected: [6, 2, 4]))
    #expect(
      failure { $0.encoderBias = tensor([5]) }
        == .shape(tensor: "b_enc", found: [5], expected: [6]))
    #expect(
      failure { $0.bias = tensor([4, 3]) }
        == .shape(tensor: "bias", found: [4, 3], expected: [3, 4]))
    #expect(
      failure { $0.mean = tensor([12]) } == .shape(tensor: "mean", found: [12], expected: [3, 4]))
    #expect(
      failure { $0.bias = tensor([3, 4], 0, .i32) }
        == .field(
          name: "element type of bias", found: "I32", expected: "F16, BF16, F32 or F64"))
    #expect(
      failure { $0.valueDecoder = tensor([6, 2, 4], .nan) }
        == .nonFiniteWeight(tensor: "W_dec", row: 0, column: 0))
    for k in [0, 7, -1] {
      #expect(
        failure { $0.k = k }
          == .field(name: "k", found: "\(k)", expected: "1 to 6, the atom count"))
    }
    #expect(
      failure {
        $0.mean = nil
        $0.decodingAddsMean = true
      }
        == .field(
          name: "decodingAddsMean", found: "true", expected: "false where there is no mean"))
    #expect(
      failure { $0.logitPairing = .asPrinted }
        == .field(
          name: "logitPairing", found: "as printed",
          expected: "by shape: a state of [3, 4] allows no other"))
  }

  @Test func nonFiniteWeightsHaveTheirPlace() {
    var oracle = oracle
    oracle.keyEncoder[4 * 6 + 5] = .infinity
    let parts = oracle.parts()
    #expect(
      dictionaryFailure { () throws(DictionaryError) in _ = try MatrixAtomDictionary(parts) }
        == .nonFiniteWeight(tensor: "V_enc", row: 4, column: 5))
  }

  @Test func statesAreNamed() throws {
    let dictionary = try oracle.dictionary()
    var states = [Float](repeating: 0.5, count: 24)
    states[12 + 7] = .nan
    let reason = dictionaryFailure { () throws(DictionaryError) in
      _ = try dictionary.codes(of: states, count: 2)
    }
    #expect(reason == .nonFiniteInput(row: 1, column: 7))
    let huge = [Float](repeating: 3e38, count: 12)
    #expect(
      dictionaryFailure { () throws(DictionaryError) in
        _ = try dictionary.codes(of: huge, count: 1)
      } == .nonFiniteResult(row: 0))
    #expect(
      dictionaryFailure { () throws(DictionaryError) in
        _ = try dictionary.codes(of: states, count: 1, stride: 11)
      } == .width(found: 11, expected: 12))
    for atom in [-1, 6, Int.max] {
      let wrong = DictionaryError.Reason.featureOutOfRange(found: atom, count: 6)
      #expect(
        dictionaryFailure { () throws(DictionaryError) in
          _ = try dictionary.reading(of: [0, atom], in: states)
        } == wrong)
    }
    var other = SparseCodes(featureCount: 7)
    #expect(
      dictionaryFailure { () throws(DictionaryError) in
        try MatrixAtomEncoder(dictionary).encode(states, count: 1, stride: 12, into: &other)
      } == .shape(tensor: "codes", found: [7], expected: [6]))
  }

  @Test func failedEditsLeaveTheState() throws {
    var oracle = oracle
    for index in 0..<6 { oracle.keyDecoder[index] = 0 }
    let editor = MatrixAtomEditor(try oracle.dictionary())
    let before = [Float](repeating: 0.25, count: 12)
    var state = before
    func failure(_ body: () throws(DictionaryError) -> Void) -> DictionaryError.Reason? {
      let reason = dictionaryFailure(body)
      #expect(state == before)
      return reason
    }
    #expect(
      failure { () throws(DictionaryError) in
        try editor.write(atom: 0, norm: 1, to: &state)
      }
        == .field(
          name: "norm of atom 0", found: "0.0",
          expected: "large enough to give it a direction"))
    #expect(
      failure { () throws(DictionaryError) in
        try editor.erase(atom: 3, coefficient: .greatestFiniteMagnitude, from: &state)
      } == .nonFiniteResult(row: 0))
    #expect(
      failure { () throws(DictionaryError) in
        try editor.erase(atom: 3, coefficient: .nan, from: &state)
      } == .field(name: "coefficient", found: "nan", expected: "a finite number"))
    #expect(
      failure { () throws(DictionaryError) in
        try editor.erase(atom: 6, coefficient: 1, from: &state)
      } == .featureOutOfRange(found: 6, count: 6))
    for (key, value, reason) in [
      ([1, 1], [1, 1, 1, 1], .shape(tensor: "key", found: [2], expected: [3])),
      ([1, 1, 1], [1], .shape(tensor: "value", found: [1], expected: [4])),
      (
        [1, .infinity, 1], [1, 1, 1, 1],
        .field(name: "key", found: "inf", expected: "a finite number")
      ),
    ] as [([Float], [Float], DictionaryError.Reason)] {
      #expect(
        failure { () throws(DictionaryError) in
          try editor.replaceWrite(
            in: &state, key: key, value: value, writeStrength: 1, byAtom: 1, coefficient: 1)
        } == reason)
    }
    state[5] = .nan
    let reason = dictionaryFailure { () throws(DictionaryError) in
      try editor.erase(atom: 3, coefficient: 1, from: &state)
    }
    #expect(reason == .nonFiniteInput(row: 0, column: 5))
  }

  @Test func decodingNeedsFittingCodes() throws {
    let editor = MatrixAtomEditor(try oracle.dictionary())
    var out = [Float](repeating: 0, count: 12)
    #expect(
      dictionaryFailure { () throws(DictionaryError) in
        try editor.decode(SparseCodes(featureCount: 5), row: 0, into: &out)
      } == .shape(tensor: "codes", found: [5], expected: [6]))
    #expect(
      dictionaryFailure { () throws(DictionaryError) in
        try editor.decode(SparseCodes(featureCount: 6), row: 0, into: &out)
      } == .field(name: "row of the codes", found: "0", expected: "below 0, the row count"))
  }

  @Test func logitArgumentsAreNamed() throws {
    let dictionary = try oracle.dictionary()
    func failure(
      _ query: [Float], _ unembedding: [Float], _ decay: Double
    ) -> DictionaryError.Reason? {
      dictionaryFailure { () throws(DictionaryError) in
        _ = try dictionary.predictedLogitShift(
          ofAtom: 0, query: query, unembedding: unembedding, decay: decay, change: 1)
      }
    }
    #expect(
      failure([1], [1, 1, 1, 1], 1) == .shape(tensor: "query", found: [1], expected: [3]))
    #expect(
      failure([1, 1, 1], [1], 1) == .shape(tensor: "unembedding", found: [1], expected: [4]))
    #expect(
      failure([1, 1, 1], [1, 1, 1, 1], .nan)
        == .field(name: "decay", found: "nan", expected: "a finite number"))
    #expect(
      failure([1, 1, 1], [1, .infinity, 1, 1], 1)
        == .field(name: "unembedding", found: "inf", expected: "a finite number"))
  }

  /// A selective read stops when its atoms are decided; what lies behind is not computed.
  @Test func rivalsBehindTheDecisionAreNotRead() throws {
    var oracle = OracleMatrixAtoms(atomCount: 4, keyWidth: 1, valueWidth: 1, k: 1, seed: 1)
    oracle.keyEncoder = [1, 2, 1e38, 3]
    oracle.valueEncoder = [1, 1, 1e38, 1]
    oracle.encoderBias = [0, 0, 0, 0]
    let dictionary = try oracle.dictionary()
    #expect(try dictionary.reading(of: [0], in: [1]) == [0])
    #expect(
      dictionaryFailure { () throws(DictionaryError) in
        _ = try dictionary.reading(of: [3], in: [1])
      } == .nonFiniteResult(row: 0))
  }

  /// After an error the list holds the states before it, and can be used on.
  @Test func failedEncodingKeepsTheStatesBefore() throws {
    let dictionary = try oracle.dictionary()
    var states = [Float](repeating: 0.5, count: 36)
    states[24] = .infinity
    let encoder = MatrixAtomEncoder(dictionary)
    var codes = SparseCodes(featureCount: 6)
    #expect(
      dictionaryFailure { () throws(DictionaryError) in
        try encoder.encode(states, count: 3, stride: 12, into: &codes)
      } == .nonFiniteInput(row: 2, column: 0))
    #expect(codes.rowCount == 2)
    #expect(codes == (try dictionary.codes(of: states, count: 2)))
  }
}
