import SAE
import TestSupport
import Tensors
import Testing

/// Decisions at equality: pre-activations are exact here, so nothing is left to rounding.
@Suite struct SelectionTests {
  private func active(
    _ z: [Float], _ activation: ActivationFunction, _ kernels: Kernels = .best
  ) throws -> [Int32] {
    let dictionary = try exactOracle(z, activation).dictionary(kernels: kernels)
    let codes = try dictionary.codes(of: [1], count: 1)
    let (values, _) = try dictionary.reading(of: Array(z.indices), in: [1])
    #expect(values == codes.dense(row: 0), "selective and full encoding differ")
    #expect(codes.values == codes.indices.map { z[Int($0)] }, "a selected value is kept as it is")
    return codes.indices
  }

  @Test(arguments: Kernels.available)
  func lowerIndexWinsTies(_ kernels: Kernels) throws {
    #expect(try active([2, 2, 2, 2], .topK(k: 1), kernels) == [0])
    #expect(try active([1, 2, 2, 3, 2, 2], .topK(k: 3), kernels) == [1, 2, 3])
    #expect(try active([2, 1, 3, 2, 2], .topK(k: 2), kernels) == [0, 2])
    #expect(try active([-2, 2, -2, 2], .absTopK(k: 2), kernels) == [0, 1])
    #expect(try active([1, -2, 2, 3, -2, 2], .absTopK(k: 3), kernels) == [1, 2, 3])
    #expect(try active([0.5, -3, 3], .absTopK(k: 1), kernels) == [1])
  }

  /// Each group once, ascending, with the places of its features whatever their order.
  @Test func featuresAreSortedIntoGroups() throws {
    let dictionary = try exactOracle([1, 5, 2, 3, 4, 6], .groupMax(groups: 3)).dictionary()
    let features = [5, 0, 4, 1, 5]
    let encoder = try SelectiveEncoder(dictionary, features: features)
    guard case .groups(let groups, let rows, let size) = encoder.selection else {
      Issue.record("\(encoder.selection)")
      return
    }
    #expect(size == 2)
    #expect(rows.rowCount == 4)
    #expect(groups.map(\.start) == [0, 4])
    #expect(groups.map(\.members) == [[1, 3], [0, 2, 4]])
    #expect(try dictionary.reading(of: features, in: [1]).values == [6, 0, 0, 5, 6])
  }

  @Test func topKDropsWhatIsNotPositive() throws {
    #expect(try active([-1, 2, 0, -3], .topK(k: 4)) == [1])
    #expect(try active([-1, -2, -0.0, 0], .topK(k: 2)) == [])
    #expect(try active([0, -0.0, 0], .absTopK(k: 3)) == [])
    #expect(try active([0, -1, 0], .absTopK(k: 3)) == [1])
  }

  @Test(arguments: [false, true])
  func competitionEqualsSorting(_ isAbsolute: Bool) throws {
    var generator = SplitMix64(seed: 21)
    for n in [1, 2, 3, 17, 64, 65, 200, 1001] {
      for k in Set([1, 2, 7, n / 2, n - 1, n]).filter({ $0 >= 1 && $0 <= n }).sorted() {
        for levels in [1, 3, 40] {
          let z = (0..<n).map { _ in Float(Int.random(in: -levels...levels, using: &generator)) / 4
          }
          let keys = isAbsolute ? z.map { abs($0) } : z
          let order = z.indices.sorted {
            keys[$0] > keys[$1] || (keys[$0] == keys[$1] && $0 < $1)
          }
          let expected = order.prefix(k).filter { keys[$0] > 0 }.sorted().map(Int32.init)
          let activation: ActivationFunction = isAbsolute ? .absTopK(k: k) : .topK(k: k)
          #expect(try active(z, activation) == expected, "n \(n), k \(k), levels \(levels)")
        }
      }
    }
  }

  /// Sorted input is where a heap does the most or the least work.
  @Test func competitionOnSortedValues() throws {
    let rising = (0..<300).map { Float($0 + 1) }
    #expect(try active(rising, .topK(k: 5)) == [295, 296, 297, 298, 299])
    #expect(try active(rising.reversed(), .topK(k: 5)) == [0, 1, 2, 3, 4])
    #expect(try active(rising.map { -$0 }, .absTopK(k: 2)) == [298, 299])
  }

  @Test(arguments: Kernels.available)
  func thresholdsAreStrict(_ kernels: Kernels) throws {
    let z: [Float] = [0.5, 0.5, 0.5, 0]
    let thresholds: [Float] = [0.5, Float(0.5).nextDown, Float(0.5).nextUp, 0]
    #expect(try active(z, .jumpReLU(threshold: thresholds), kernels) == [1])
    #expect(try active([0.5, Float(0.5).nextUp], .batchTopK(threshold: 0.5), kernels) == [1])
    #expect(try active([0, -0.0, .leastNonzeroMagnitude], .relu, kernels) == [2])
  }

  @Test func negativeThresholdsDoNotOpenBelowZero() throws {
    let z: [Float] = [-0.5, 0, 0.25, -2]
    #expect(try active(z, .jumpReLU(threshold: [-1, -1, -1, -1])) == [2])
    #expect(try active(z, .batchTopK(threshold: -1)) == [2])
  }

  @Test(arguments: Kernels.available)
  func gateAndMagnitudeAreStrict(_ kernels: Kernels) throws {
    // z = 1 everywhere: gate at zero, gate open, magnitude at zero, magnitude below, gate below.
    let oracle = exactOracle(
      [1, 1, 1, 1, 1],
      .gated(
        gateBias: [-1, -0.5, 0, 0, -2], magnitudeBias: [5, 0.5, -2, -3, 9],
        scale: [1, 3, 2, 2, 1]))
    let dictionary = try oracle.dictionary(kernels: kernels)
    let codes = try dictionary.codes(of: [1], count: 1)
    #expect(codes.indices == [1])
    #expect(codes.values == [3.5])
    let (values, _) = try dictionary.reading(of: [0, 1, 2, 3, 4], in: [1])
    #expect(values == [0, 3.5, 0, 0, 0])
  }

  @Test func activationIsLookedUpByRow() throws {
    let oracle = exactOracle([1, -1, 2, 3], .relu)
    let codes = try oracle.dictionary().codes(of: [1, -2, 0], count: 3)
    #expect(codes.rowOffsets == [0, 3, 4, 4])
    #expect((0..<4).map { codes.activation(of: $0, row: 0) } == [1, 0, 2, 3])
    #expect((0..<4).map { codes.activation(of: $0, row: 1) } == [0, 2, 0, 0])
    #expect((0..<4).map { codes.activation(of: $0, row: 2) } == [0, 0, 0, 0])
    #expect(codes.range(ofRow: 1) == 3..<4)
  }
}
