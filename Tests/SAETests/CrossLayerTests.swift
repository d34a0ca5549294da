import SAE
import TestSupport
import Tensors
import Testing

/// Cross-layer transcoders against naive f64 loops, in every way of storing the decoder.
@Suite struct CrossLayerTests {
  static let shapes: [(layers: Int, features: [Int], width: Int, outputWidth: Int)] = [
    (1, [1], 1, 1), (2, [5, 5], 3, 2), (3, [9, 9, 9], 4, 7), (4, [30, 30, 30, 30], 33, 35),
  ]

  private func input(_ oracle: OracleCrossLayer, rows: Int, seed: UInt64) -> [[Float]] {
    var generator = SplitMix64(seed: seed)
    return (0..<oracle.layerCount).map { _ in generator.normals(rows * oracle.width) }
  }

  private func codes(
    _ transcoder: CrossLayerTranscoder, _ input: [[Float]], rows: Int
  ) throws -> [SparseCodes] {
    try (0..<transcoder.layerCount).map {
      try transcoder.encode(
        layer: $0, input[$0], count: rows, stride: transcoder.modelWidth)
    }
  }

  @Test(arguments: Kernels.available, OracleCrossLayer.Form.allCases)
  func codesAndOutputsMatch(_ kernels: Kernels, _ form: OracleCrossLayer.Form) throws {
    var compared = 0
    var crossing = 0
    for (index, shape) in Self.shapes.enumerated() {
      for variant in 0..<4 {
        var oracle = OracleCrossLayer(
          layers: shape.layers, features: shape.features, width: shape.width,
          outputWidth: shape.outputWidth, seed: UInt64(index), skip: variant & 1 != 0)
        if variant & 2 != 0 { oracle.cutToBFloat16() }
        let transcoder = try CrossLayerTranscoder(
          oracle.parts(form, transposesSkip: index % 2 == 0, isBFloat16: variant & 2 != 0),
          kernels: kernels)
        let factor = kernels.dotErrorFactor(count: shape.width)
        let rows = 3
        let input = input(oracle, rows: rows, seed: 7)
        let codes = try codes(transcoder, input, rows: rows)
        let reconstructor = CrossLayerReconstructor(transcoder)
        for row in 0..<rows {
          let given = codes.map { $0.dense(row: row).map(Double.init) }
          for target in 0..<shape.layers {
            let x = Array(input[target][(row * shape.width)..<((row + 1) * shape.width)])
            let wanted = oracle.encode(x, layer: target)
            for (feature, value) in wanted.enumerated() {
              #expect((value != 0) == (given[target][feature] != 0))
              #expect(abs(value - given[target][feature]) <= 1e-5 * (1 + abs(value)))
              compared += value != 0 ? 1 : 0
            }
            for isWhole in [false, true] {
              var out = [Float](repeating: -777, count: shape.outputWidth)
              if isWhole {
                try reconstructor.decode(target: target, codes: codes, row: row, of: x, into: &out)
              } else {
                try reconstructor.decode(
                  target: target, codes: codes, row: row, of: nil, into: &out)
              }
              let expected = oracle.decode(
                target: target, codes: given, x: isWhole ? x : nil, factor: factor)
              for column in out.indices {
                #expect(
                  abs(Double(out[column]) - expected.values[column]) <= expected.bounds[column])
              }
            }
            crossing += given[..<target].reduce(0) { $0 + $1.count { $0 != 0 } }
          }
        }
      }
    }
    #expect(compared > 200)
    #expect(crossing > 200, "earlier layers must have had a part")
  }

  /// The order of storage moves nothing but bytes; unread places may hold anything.
  @Test func everyFormGivesTheSameBits() throws {
    let oracle = OracleCrossLayer(
      layers: 3, features: [9, 9, 9], width: 5, outputWidth: 6, seed: 3, skip: true)
    let input = input(oracle, rows: 2, seed: 4)
    var seen: Set<[UInt32]> = []
    for form in OracleCrossLayer.Form.allCases {
      for transposes in [false, true] {
        let transcoder = try CrossLayerTranscoder(oracle.parts(form, transposesSkip: transposes))
        let codes = try codes(transcoder, input, rows: 2)
        var all = [Float](repeating: 0, count: 3 * 6)
        let second = input.flatMap { $0.suffix(5) }
        let reconstructor = CrossLayerReconstructor(transcoder)
        try reconstructor.decodeAll(codes: codes, row: 1, of: second, into: &all)
        seen.insert(all.map(\.bitPattern))
        for target in 0..<3 {
          var one = [Float](repeating: 0, count: 6)
          let x = Array(second[(target * 5)..<(target * 5 + 5)])
          try reconstructor.decode(target: target, codes: codes, row: 1, of: x, into: &one)
          #expect(one == Array(all[(target * 6)..<(target * 6 + 6)]))
        }
        let deltas = try transcoder.deltas(for: [.init(layer: 1, feature: 4, delta: 0.3)])
        #expect(deltas.prefix(6).allSatisfy { $0 == 0 })
        #expect(deltas.suffix(12).allSatisfy { $0 != 0 })
      }
    }
    #expect(seen.count == 1)
  }

  /// Layers may differ in features when the decoder is stored by source.
  @Test(arguments: [OracleCrossLayer.Form.bySource, .full])
  func layersOfDifferentSize(_ form: OracleCrossLayer.Form) throws {
    let oracle = OracleCrossLayer(
      layers: 3, features: [4, 11, 6], width: 5, outputWidth: 3, seed: 9, skip: false)
    let transcoder = try CrossLayerTranscoder(oracle.parts(form))
    let input = input(oracle, rows: 1, seed: 1)
    let codes = try codes(transcoder, input, rows: 1)
    #expect(codes.map(\.featureCount) == [4, 11, 6])
    var out = [Float](repeating: 0, count: 3)
    try CrossLayerReconstructor(transcoder)
      .decode(target: 2, codes: codes, row: 0, of: nil, into: &out)
    let expected = oracle.decode(
      target: 2, codes: codes.map { $0.dense(row: 0).map(Double.init) }, x: nil, factor: 1)
    for column in 0..<3 {
      #expect(abs(Double(out[column]) - expected.values[column]) <= expected.bounds[column])
    }
  }

  @Test func batchEqualsSingleRows() throws {
    let oracle = OracleCrossLayer(
      layers: 2, features: [40, 40], width: 9, outputWidth: 9, seed: 5, skip: true)
    let transcoder = try CrossLayerTranscoder(oracle.parts())
    let input = input(oracle, rows: 19, seed: 6)
    let together = try codes(transcoder, input, rows: 19)
    let reconstructor = CrossLayerReconstructor(transcoder)
    for row in 0..<19 {
      let rows = input.map { Array($0[(row * 9)..<(row * 9 + 9)]) }
      let alone = try codes(transcoder, rows, rows: 1)
      var first = [Float](repeating: 0, count: 18)
      var second = first
      try reconstructor.decodeAll(
        codes: together, row: row, of: rows.flatMap { $0 }, into: &first)
      try reconstructor.decodeAll(codes: alone, row: 0, of: rows.flatMap { $0 }, into: &second)
      #expect(first.map(\.bitPattern) == second.map(\.bitPattern))
    }
  }

  /// Named features of one layer, read alone, have the bits of the full encode.
  @Test func selectiveEqualsFull() throws {
    let oracle = OracleCrossLayer(
      layers: 2, features: [40, 40], width: 9, outputWidth: 9, seed: 5, skip: false)
    let transcoder = try CrossLayerTranscoder(oracle.parts())
    let input = input(oracle, rows: 1, seed: 2)
    let full = try codes(transcoder, input, rows: 1)[1].dense(row: 0)
    let picked = [39, 0, 17, 17]
    let alone = try transcoder.encoders[1].reading(of: picked, in: input[1])
    #expect(alone.values == picked.map { full[$0] })
    #expect(full.contains { $0 != 0 })
  }

  /// A row without defined codes has no defined output.
  @Test func undefinedCodesGiveNaN() throws {
    let oracle = OracleCrossLayer(
      layers: 2, features: [4, 4], width: 3, outputWidth: 2, seed: 5, skip: false)
    var parts = try oracle.parts()
    parts.layers[0].normalisation = .rootWidthOverNorm
    let transcoder = try CrossLayerTranscoder(parts)
    let codes = try codes(transcoder, [[0, 0, 0], [1, 2, 3]], rows: 1)
    #expect(codes[0].isUndefined(row: 0))
    var out: [Float] = [0, 0]
    try CrossLayerReconstructor(transcoder)
      .decode(target: 1, codes: codes, row: 0, of: nil, into: &out)
    #expect(out.allSatisfy { $0.isNaN })
  }

  /// Features in another order give the same codes in that order, and the same outputs but for the
  /// order of summation.
  @Test func permutingFeaturesPermutesCodes() throws {
    let oracle = OracleCrossLayer(
      layers: 3, features: [17, 17, 17], width: 6, outputWidth: 4, seed: 41, skip: false)
    var generator = SplitMix64(seed: 42)
    let order = (0..<17).shuffled(using: &generator)
    var other = oracle
    for layer in 0..<3 {
      other.encoder[layer] = order.flatMap { oracle.encoder[layer][($0 * 6)..<($0 * 6 + 6)] }
      other.encoderBias[layer] = order.map { oracle.encoderBias[layer][$0] }
      other.threshold[layer] = order.map { oracle.threshold[layer][$0] }
      other.decoder[layer] = oracle.decoder[layer].map { rows in order.map { rows[$0] } }
    }
    let input = input(oracle, rows: 1, seed: 43)
    let original = try CrossLayerTranscoder(oracle.parts(.byTarget))
    let permuted = try CrossLayerTranscoder(other.parts(.byTarget))
    let before = try codes(original, input, rows: 1)
    let after = try codes(permuted, input, rows: 1)
    for layer in 0..<3 {
      let dense = before[layer].dense(row: 0)
      #expect(after[layer].dense(row: 0) == order.map { dense[$0] })
    }
    var out = [Float](repeating: 0, count: 12)
    try CrossLayerReconstructor(permuted).decodeAll(codes: after, row: 0, of: nil, into: &out)
    for target in 0..<3 {
      let expected = oracle.decode(
        target: target, codes: before.map { $0.dense(row: 0).map(Double.init) }, x: nil, factor: 1)
      for column in 0..<4 {
        let actual = Double(out[target * 4 + column])
        #expect(abs(actual - expected.values[column]) <= expected.bounds[column])
      }
    }
  }
}
