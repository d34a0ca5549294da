import SAE
import TestSupport
import Tensors
import Testing

/// Parts that do not fit, and weights or rows that are not finite: refused by name and layer.
@Suite struct CrossLayerPartsTests {
  private let oracle = OracleCrossLayer(
    layers: 2, features: [3, 3], width: 4, outputWidth: 5, seed: 31, skip: true)

  private func failure(
    _ change: (inout CrossLayerTranscoder.Parts) -> Void
  ) throws -> DictionaryError.Reason? {
    var parts = try oracle.parts()
    change(&parts)
    let changed = parts
    return dictionaryFailure { () throws(DictionaryError) in _ = try CrossLayerTranscoder(changed) }
  }

  private func matrix(_ rows: Int, _ columns: Int, _ value: Float = 0) -> RowMatrix {
    RowMatrix(
      rowCount: rows, width: columns, values: Array(repeating: value, count: rows * columns))
  }

  @Test func partsAreNamed() throws {
    #expect(try failure { _ in } == nil)
    #expect(
      try failure { $0.layers = [] }
        == .field(name: "layer count", found: "0", expected: "at least 1"))
    #expect(
      try failure { $0.layers.removeLast() }
        == .shape(tensor: "decoder", found: [2], expected: [1]))
    #expect(
      try failure { $0.layers[1].encoder = EncoderMatrix(matrix(3, 5), layout: .featureMajor) }
        == .shape(tensor: "encoder of layer 1", found: [3, 5], expected: [3, 4]))
    #expect(
      try failure { $0.layers[1].encoderBias = [0] }
        == .shape(tensor: "encoder bias of layer 1", found: [1], expected: [3]))
    #expect(
      try failure { $0.layers[1].decoderBias = [0] }
        == .shape(tensor: "decoder bias of layer 1", found: [1], expected: [5]))
    #expect(
      try failure { $0.layers[0].decoderBias[3] = .infinity }
        == .nonFiniteWeight(tensor: "decoder bias of layer 0", row: 0, column: 3))
    #expect(
      try failure { $0.layers[1].activation = .jumpReLU(threshold: [1]) }
        == .shape(tensor: "threshold of layer 1", found: [1], expected: [3]))
    #expect(
      try failure { $0.layers[1].activation = .topK(k: 4) }
        == .field(name: "k of layer 1", found: "4", expected: "1 to 3, the feature count"))
    #expect(
      try failure { $0.layers[0].skip = .init(matrix(4, 5), .outputByInput) }
        == .shape(tensor: "skip of layer 0", found: [4, 5], expected: [5, 4]))
    #expect(
      try failure { $0.layers[0].skip = .init(matrix(5, 4), .inputByOutput) }
        == .shape(tensor: "skip of layer 0", found: [5, 4], expected: [4, 5]))
    #expect(
      try failure { $0.layers[1].skip = .init(matrix(5, 4, .nan), .outputByInput) }
        == .nonFiniteWeight(tensor: "skip of layer 1", row: 0, column: 0))
  }

  static let shapes: [(CrossLayerDecoder.Layout, [[Int]], Int, [Int])] = [
    (.bySource, [[3, 2, 5], [3, 2, 5]], 1, [3, 1, 5]),
    (.bySource, [[3, 1, 5], [3, 1, 5]], 0, [3, 2, 5]),
    (.bySource, [[3, 2, 5], [3, 1, 4]], 1, [3, 1, 5]),
    (.bySource, [[0, 2, 5], [3, 1, 5]], 0, [1, 2, 5]),
    (.bySource, [[3, 2, 5], [3, 5]], 1, [1, 1, 5]),
    (.bySource, [[3, 2]], 0, [1, 1, 1]),
    (.bySource, [[3, 1, 0]], 0, [1, 1, 1]),
    (.byTarget, [[1, 3, 5], [1, 3, 5]], 1, [2, 3, 5]),
    (.byTarget, [[1, 3, 5], [2, 4, 5]], 1, [2, 3, 5]),
    (.full, [[3, 2, 5], [3, 1, 5]], 1, [3, 2, 5]),
  ]

  @Test(arguments: shapes)
  func decoderShapesAreNamed(
    _ layout: CrossLayerDecoder.Layout, _ shapes: [[Int]], _ layer: Int, _ expected: [Int]
  ) {
    let tensors = shapes.map { shape in
      Tensor(
        .f32, shape: shape,
        storage: Storage(copying: [Float](repeating: 0, count: shape.reduce(1, *))))
    }
    let reason = dictionaryFailure { () throws(DictionaryError) in
      _ = try CrossLayerDecoder(tensors, layout: layout)
    }
    #expect(
      reason
        == .shape(
          tensor: "decoder of layer \(layer)", found: shapes[layer], expected: expected))
  }

  @Test func decoderTypesAndStacksAreNamed() {
    let memory = Storage(copying: [Float](repeating: 0, count: 64))
    #expect(
      dictionaryFailure { () throws(DictionaryError) in
        _ = try CrossLayerDecoder(
          [Tensor(.f16, shape: [3, 1, 5], storage: memory)], layout: .bySource)
      }
        == .field(
          name: "element type of the decoder of layer 0", found: "F16", expected: "F32 or BF16"))
    #expect(
      dictionaryFailure { () throws(DictionaryError) in
        _ = try CrossLayerDecoder([], layout: .full)
      } == .shape(tensor: "decoder", found: [0], expected: [1]))
    for shape in [[], [0, 1, 0, 1], [2, 3, 1, 5], [2, 3, 5]] {
      let reason = dictionaryFailure { () throws(DictionaryError) in
        _ = try CrossLayerDecoder(stacked: Tensor(.f32, shape: shape, storage: memory))
      }
      guard case .shape("decoder", shape, let expected)? = reason else {
        Issue.record("\(shape) gave \(String(describing: reason))")
        continue
      }
      #expect(expected.count == 4 && expected[0] == expected[2])
    }
  }

  private func codes(
    _ transcoder: CrossLayerTranscoder, _ rows: [[Float]]
  ) throws -> [SparseCodes] {
    try rows.enumerated().map { layer, row in
      try transcoder.encode(layer: layer, row, count: 1, stride: 4)
    }
  }

  /// Weights that no active feature reads do not matter; one that is read is named.
  @Test(arguments: [Float.nan, .infinity])
  func weightsAreNamedWhereTheyAreRead(_ bad: Float) throws {
    var oracle = OracleCrossLayer(
      layers: 2, features: [3, 3], width: 4, outputWidth: 5, seed: 31, skip: false)
    oracle.encoderBias = [[1, -1e6, 1], [1, 1, 1]]
    oracle.encoder = oracle.encoder.map { $0.map { $0 * 0.01 } }
    oracle.threshold = [[0, 0, 0], [0, 0, 0]]
    oracle.decoder[0][1][1][2] = bad
    var out = [Float](repeating: 0, count: 5)
    let quiet = try CrossLayerTranscoder(oracle.parts(.bySource))
    let rows: [[Float]] = [[1, 1, 1, 1], [1, 1, 1, 1]]
    try CrossLayerReconstructor(quiet)
      .decode(target: 1, codes: codes(quiet, rows), row: 0, of: nil, into: &out)
    #expect(out.allSatisfy { $0.isFinite })

    oracle.decoder[0][1][2][4] = bad
    let loud = try CrossLayerTranscoder(oracle.parts(.byTarget))
    let active = try codes(loud, rows)
    let named = DictionaryError.Reason.nonFiniteWeight(
      tensor: "decoder of layer 0 for layer 1", row: 2, column: 4)
    let reason = dictionaryFailure { () throws(DictionaryError) in
      try CrossLayerReconstructor(loud)
        .decode(target: 1, codes: active, row: 0, of: nil, into: &out)
    }
    #expect(reason == named)
    #expect(
      dictionaryFailure { () throws(DictionaryError) in
        _ = try loud.deltas(for: [.init(layer: 0, feature: 2, delta: 1)])
      } == named)

    oracle.encoder[1][6] = bad
    let broken = try CrossLayerTranscoder(oracle.parts(.full))
    #expect(
      dictionaryFailure { () throws(DictionaryError) in _ = try broken.encoder(ofLayer: 1) }
        == .nonFiniteWeight(tensor: "encoder of layer 1", row: 1, column: 2))
  }

  @Test func rowsAndResultsThatAreNotFinite() throws {
    var oracle = oracle
    oracle.encoderBias = [[1, 1, 1], [1, 1, 1]]
    oracle.encoder = oracle.encoder.map { $0.map { $0 * 0.01 } }
    oracle.threshold = [[0, 0, 0], [0, 0, 0]]
    for feature in 0..<3 { oracle.decoder[1][0][feature][1] = 3e38 }
    let transcoder = try CrossLayerTranscoder(oracle.parts())
    let active = try codes(transcoder, [[1, 1, 1, 1], [1, 1, 1, 1]])
    let reconstructor = CrossLayerReconstructor(transcoder)
    var out = [Float](repeating: 0, count: 5)
    #expect(
      dictionaryFailure { () throws(DictionaryError) in
        try reconstructor.decode(target: 1, codes: active, row: 0, of: nil, into: &out)
      } == .nonFiniteResult(row: 0))
    #expect(
      dictionaryFailure { () throws(DictionaryError) in
        try reconstructor.decode(
          target: 0, codes: active, row: 0, of: [1, 1, .nan, 1], into: &out)
      } == .nonFiniteInput(row: 0, column: 2))
    #expect(
      dictionaryFailure { () throws(DictionaryError) in
        _ = try transcoder.encode(layer: 0, [1, 1, 1, .infinity], count: 1, stride: 4)
      } == .nonFiniteInput(row: 0, column: 3))
  }

  @Test func codesThatDoNotFitAreNamed() throws {
    let transcoder = try CrossLayerTranscoder(oracle.parts())
    let active = try codes(transcoder, [[1, 1, 1, 1], [1, 1, 1, 1]])
    let reconstructor = CrossLayerReconstructor(transcoder)
    func failure(_ target: Int, _ codes: [SparseCodes], _ row: Int) -> DictionaryError.Reason? {
      var out = [Float](repeating: 0, count: 5)
      return dictionaryFailure { () throws(DictionaryError) in
        try reconstructor.decode(target: target, codes: codes, row: row, of: nil, into: &out)
      }
    }
    #expect(
      failure(2, active, 0) == .field(name: "target layer", found: "2", expected: "0 to 1"))
    #expect(failure(1, [active[0]], 0) == .shape(tensor: "codes", found: [1], expected: [2]))
    #expect(
      failure(1, [active[0], SparseCodes(featureCount: 4)], 0)
        == .shape(tensor: "codes of layer 1", found: [4], expected: [3]))
    for row in [-1, 1] {
      #expect(
        failure(1, active, row)
          == .field(
            name: "row of the codes of layer 0", found: "\(row)",
            expected: "below 1, the row count"))
    }
    #expect(
      dictionaryFailure { () throws(DictionaryError) in
        _ = try transcoder.encode(layer: 0, [1, 1, 1, 1], count: 1, stride: 3)
      } == .width(found: 3, expected: 4))
  }
}
