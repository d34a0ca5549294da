import SAE
import TestSupport
import Tensors
import Testing

/// Decisions at equality for functions with two sides, groups and blocks: z is exact here.
@Suite struct ArchitectureSelectionTests {
  private func values(
    _ z: [Float], _ activation: ActivationFunction, _ kernels: Kernels = .best
  ) throws -> [Float] {
    let dictionary = try exactOracle(z, activation).dictionary(kernels: kernels)
    let codes = try dictionary.codes(of: [1], count: 1)
    #expect(!codes.values.contains(0), "zeros are never listed")
    let (values, _) = try dictionary.reading(of: Array(z.indices), in: [1])
    #expect(
      values.map(\.bitPattern) == codes.dense(row: 0).map(\.bitPattern),
      "selective and full encoding differ")
    return values
  }

  @Test(arguments: Kernels.available)
  func signedTopKKeepsNegativeWinners(_ kernels: Kernels) throws {
    #expect(try values([-1, -3, -2, -4], .signedTopK(k: 2), kernels) == [-1, 0, -2, 0])
    #expect(try values([0, -0.0, -2, 1], .signedTopK(k: 3), kernels) == [0, 0, 0, 1])
    #expect(try values([-2, -2, -2], .signedTopK(k: 2), kernels) == [-2, -2, 0])
  }

  @Test(arguments: Kernels.available)
  func groupsKeepTheirFirstLargest(_ kernels: Kernels) throws {
    let z: [Float] = [1, 3, 3, -1, -2, 0, 0, 0.5, 0.25]
    #expect(try values(z, .groupMax(groups: 3), kernels) == [0, 3, 0, 0, 0, 0, 0, 0.5, 0])
    #expect(try values(z, .groupMax(groups: 1), kernels) == [0, 3, 0, 0, 0, 0, 0, 0, 0])
    #expect(try values(z, .groupMax(groups: 9), kernels) == z.map { max($0, 0) })
  }

  @Test(arguments: Kernels.available)
  func blocksAreKeptWhole(_ kernels: Kernels) throws {
    // Norms 5, 5, 13, 1: the first of equals wins, signs stay, zeros inside are not listed.
    let z: [Float] = [3, -4, -5, 0, 12, 5, 1, 0]
    #expect(
      try values(z, .blockTopK(blockSize: 2, blocks: 2), kernels) == [3, -4, 0, 0, 12, 5, 0, 0])
    #expect(
      try values(z, .blockTopK(blockSize: 2, blocks: 3), kernels) == [3, -4, -5, 0, 12, 5, 0, 0])
    #expect(try values(z, .blockTopK(blockSize: 8, blocks: 1), kernels) == z)
    #expect(
      try values([0, 0, -0.0, 0], .blockTopK(blockSize: 2, blocks: 1), kernels) == [0, 0, 0, 0])
  }

  @Test func blockNormsThatOverflowAreRefused() throws {
    let dictionary = try exactOracle([3e38, 3e38, 1, 1], .blockTopK(blockSize: 2, blocks: 1))
      .dictionary()
    let full = dictionaryFailure { () throws(DictionaryError) in
      _ = try dictionary.codes(of: [1], count: 1)
    }
    let selective = dictionaryFailure { () throws(DictionaryError) in
      _ = try dictionary.reading(of: [2], in: [1])
    }
    #expect(full == .nonFiniteResult(row: 0))
    #expect(selective == .nonFiniteResult(row: 0))
  }

  private func sides(_ n: Int, _ change: (inout BiJumpReLU) -> Void = { _ in }) -> BiJumpReLU {
    let ones = [Float](repeating: 1, count: n)
    let zeros = [Float](repeating: 0, count: n)
    var sides = BiJumpReLU(
      positiveThreshold: ones, negativeThreshold: ones, positiveGain: ones, negativeGain: ones,
      positiveOffset: zeros, negativeOffset: zeros)
    change(&sides)
    return sides
  }

  @Test(arguments: Kernels.available)
  func bothThresholdsAreStrict(_ kernels: Kernels) throws {
    let z: [Float] = [1, Float(1).nextUp, -1, -Float(1).nextUp, 0, 5, -5]
    #expect(
      try values(z, .biJumpReLU(sides(7)), kernels) == [0, z[1], 0, z[3], 0, 5, -5])
    let shifted = sides(7) {
      $0.positiveGain = Array(repeating: 2, count: 7)
      $0.negativeGain = Array(repeating: -3, count: 7)
      $0.positiveOffset = Array(repeating: -10, count: 7)
      $0.negativeOffset = Array(repeating: 1, count: 7)
      $0.negativeThreshold[6] = .infinity
    }
    // 2·5 − 10 is zero, and so not active; the last lower side is closed.
    let expected: [Float] = [0, 2 * z[1] - 10, 0, -3 * z[3] + 1, 0, 0, 0]
    #expect(try values(z, .biJumpReLU(shifted), kernels) == expected)
  }

  @Test func overflowInAnOpenSideIsRefused() throws {
    let large = sides(2) { $0.negativeGain = [1, 1e30] }
    let dictionary = try exactOracle([1, 1e30], .biJumpReLU(large)).dictionary()
    #expect(try dictionary.codes(of: [1], count: 1).indices == [1])
    let reason = dictionaryFailure { () throws(DictionaryError) in
      _ = try dictionary.codes(of: [-1], count: 1)
    }
    #expect(reason == .nonFiniteResult(row: 0))
  }

  /// The unfolded gate in f64, where a sum of two floats is exact enough for its sign.
  @Test func foldingASignAwareGateChangesNothing() throws {
    var generator = SplitMix64(seed: 3)
    let n = 500
    var positive = generator.normals(n)
    let negative = positive.map { -$0 - abs(generator.normal()) }
    positive[0] = -0.0
    let scales = (generator.normals(n), generator.normals(n))
    let offsets = (generator.normals(n), generator.normals(n))
    let folded = try BiJumpReLU.folding(
      gateBiasPositive: positive, gateBiasNegative: negative, magnitudeScalePositive: scales.0,
      magnitudeScaleNegative: scales.1, magnitudeBiasPositive: offsets.0,
      magnitudeBiasNegative: offsets.1)
    var counts = [0, 0, 0]
    for feature in 0..<n {
      let up = -positive[feature]
      let down = negative[feature]
      for z in [
        generator.normal() * 2, up, up.nextUp, up.nextDown, down, down.nextUp, down.nextDown,
      ] {
        var expected: Float = 0
        if Double(z) + Double(positive[feature]) > 0 {
          expected = scales.0[feature] * z + offsets.0[feature]
          counts[0] += 1
        } else if Double(z) - Double(negative[feature]) < 0 {
          expected = scales.1[feature] * z + offsets.1[feature]
          counts[1] += 1
        } else {
          counts[2] += 1
        }
        #expect(folded.activation(of: z, feature) == expected, "feature \(feature), z \(z)")
      }
    }
    #expect(counts.allSatisfy { $0 > 500 })
  }

  @Test func overlappingGatesAreRefused() {
    let reason = dictionaryFailure { () throws(DictionaryError) in
      _ = try BiJumpReLU.folding(
        gateBiasPositive: [1, 1], gateBiasNegative: [-1, -0.5], magnitudeScalePositive: [1, 1],
        magnitudeScaleNegative: [1, 1], magnitudeBiasPositive: [0, 0],
        magnitudeBiasNegative: [0, 0])
    }
    #expect(
      reason
        == .field(
          name: "negative gate bias[1]", found: "-0.5",
          expected: "at most -1.0: one gate open at a time"))
  }
}
