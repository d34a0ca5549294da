import SAE
import TestSupport
import Tensors
import Testing

/// Identities that must hold bit for bit.
@Suite struct CodePropertyTests {
  private func variants(_ sigma: Sigma, seed: UInt64) -> [OracleDictionary] {
    [(1, 1), (5, 2), (63, 9), (131, 37)].flatMap { n, width in
      Set([1, max(1, n / 5), n]).sorted().flatMap { k in
        (0..<4).map { variant in
          var oracle = sigma.oracle(featureCount: n, width: width, k: k, seed: seed)
          oracle.subtractsDecoderBias = variant & 1 != 0
          oracle.rescalesByDecoderNorm = sigma.competes && variant & 2 != 0
          oracle.ranksByDecoderNorm = sigma.canRankByNorm && variant == 1
          if variant == 3 { oracle.cutToBFloat16() }
          if variant == 2 { oracle.normalisation = .rootWidthOverNorm }
          return oracle
        }
      }
    }
  }

  @Test(arguments: Kernels.available, Sigma.allCases)
  func selectiveEqualsFull(_ kernels: Kernels, _ sigma: Sigma) throws {
    var active = 0
    for (index, oracle) in variants(sigma, seed: 11).enumerated() {
      let layout: EncoderMatrix.Layout = index % 2 == 0 ? .featureMajor : .modelMajor
      let dictionary = try oracle.dictionary(layout: layout, kernels: kernels)
      var generator = SplitMix64(seed: UInt64(index))
      let row = generator.normals(oracle.width)
      let codes = try dictionary.codes(of: row, count: 1)
      let expected = codes.dense(row: 0).map(\.bitPattern)
      let all = Array(0..<oracle.featureCount)
      let together = try dictionary.reading(of: all, in: row)
      #expect(together.isDefined)
      #expect(together.values.map(\.bitPattern) == expected)
      for feature in all {
        let alone = try dictionary.reading(of: [feature], in: row)
        #expect(alone.values.map(\.bitPattern) == [expected[feature]], "feature \(feature)")
      }
      let shuffled = all.shuffled(using: &generator)
      let picked = try dictionary.reading(of: shuffled + shuffled.prefix(2), in: row)
      #expect(
        picked.values.map(\.bitPattern) == (shuffled + shuffled.prefix(2)).map { expected[$0] })
      active += codes.indices.count
    }
    #expect(active > 50)
  }

  @Test(arguments: Kernels.available, Sigma.allCases)
  func batchEqualsSingleRows(_ kernels: Kernels, _ sigma: Sigma) throws {
    for rows in [17, 33] {
      for oracle in variants(sigma, seed: 12) {
        let dictionary = try oracle.dictionary(kernels: kernels)
        var generator = SplitMix64(seed: UInt64(rows))
        let stride = oracle.width + 3
        var input = generator.normals(rows * stride)
        // What lies between rows is nobody's business.
        for row in 0..<rows { input[row * stride + oracle.width] = .nan }
        let codes = try dictionary.codes(of: input, count: rows, stride: stride)
        #expect(codes.rowCount == rows)
        for row in 0..<rows {
          let x = Array(input[(row * stride)..<(row * stride + oracle.width)])
          let single = try dictionary.codes(of: x, count: 1)
          let range = codes.range(ofRow: row)
          #expect(Array(codes.indices[range]) == single.indices)
          #expect(codes.values[range].map(\.bitPattern) == single.values.map(\.bitPattern))
        }
      }
    }
  }

  @Test(arguments: Kernels.available, Sigma.allCases)
  func permutingFeaturesPermutesCodes(_ kernels: Kernels, _ sigma: Sigma) throws {
    for oracle in variants(sigma, seed: 13) {
      var generator = SplitMix64(seed: 5)
      let order = order(oracle, &generator)
      let row = generator.normals(oracle.width)
      let original = try oracle.dictionary(kernels: kernels).codes(of: row, count: 1)
      let permuted = try permute(oracle, order).dictionary(kernels: kernels)
        .codes(of: row, count: 1)
      let before = original.dense(row: 0)
      let after = permuted.dense(row: 0)
      #expect(after.map(\.bitPattern) == order.map { before[$0].bitPattern })
    }
  }

  /// A random order that keeps together, in order, what competes together.
  private func order(_ oracle: OracleDictionary, _ generator: inout SplitMix64) -> [Int] {
    let size =
      switch oracle.activation {
      case .groupMax(let groups): oracle.featureCount / groups
      case .blockTopK(let blockSize, _): blockSize
      default: 1
      }
    return (0..<(oracle.featureCount / size)).shuffled(using: &generator).flatMap { group in
      (group * size)..<((group + 1) * size)
    }
  }

  private func permute(_ oracle: OracleDictionary, _ order: [Int]) -> OracleDictionary {
    func rows(_ values: [Float]) -> [Float] {
      order.flatMap { values[($0 * oracle.width)..<(($0 + 1) * oracle.width)] }
    }
    func entries(_ values: [Float]) -> [Float] { order.map { values[$0] } }
    var result = oracle
    result.encoder = rows(oracle.encoder)
    result.decoder = rows(oracle.decoder)
    result.encoderBias = entries(oracle.encoderBias)
    switch oracle.activation {
    case .jumpReLU(let threshold): result.activation = .jumpReLU(threshold: entries(threshold))
    case .gated(let gate, let magnitude, let scale):
      result.activation = .gated(
        gateBias: entries(gate), magnitudeBias: entries(magnitude), scale: entries(scale))
    case .biJumpReLU(let sides):
      result.activation = .biJumpReLU(
        BiJumpReLU(
          positiveThreshold: entries(sides.positiveThreshold),
          negativeThreshold: entries(sides.negativeThreshold),
          positiveGain: entries(sides.positiveGain), negativeGain: entries(sides.negativeGain),
          positiveOffset: entries(sides.positiveOffset),
          negativeOffset: entries(sides.negativeOffset)))
    default: break
    }
    return result
  }

  @Test func emptyBatchAndReuse() throws {
    let oracle = Sigma.relu.oracle(featureCount: 9, width: 4, seed: 1)
    let dictionary = try oracle.dictionary()
    let encoder = try FullEncoder(dictionary)
    var codes = SparseCodes(featureCount: 9)
    try encoder.encode([0], count: 0, stride: 4, into: &codes)
    #expect(codes.rowCount == 0)
    let row: [Float] = [1, -2, 3, 0.5]
    try encoder.encode(row, count: 1, stride: 4, into: &codes)
    let first = codes
    codes.removeAll()
    #expect(codes == SparseCodes(featureCount: 9))
    try encoder.encode(row, count: 1, stride: 4, into: &codes)
    #expect(codes == first)
  }
}
