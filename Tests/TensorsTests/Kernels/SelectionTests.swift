import TestSupport
import Tensors
import Testing

/// Runs a list kernel into exactly `count` entries with guards around them.
private func listed(
  _ count: Int, offset: Int, _ kernel: (UnsafeMutablePointer<UInt32>) -> Int
) -> [UInt32] {
  let out = Block.output([UInt32](repeating: 7, count: count), offset: offset)
  let found = kernel(out.start)
  #expect(found <= count)
  #expect(out.hasIntactGuards)
  return Array(out.values.prefix(found))
}

/// The winners and the worst one's place.
private func selected(
  _ kernels: Kernels, _ z: [Float], k: Int, absolute: Bool, offset: Int = 0
) -> (winners: [UInt32], worst: UInt32) {
  let room = Kernels.topKRoom(k)
  let input = Block.input(z, offset: offset)
  let keys = Block.output([Int32](repeating: 0, count: room), offset: offset)
  let indices = Block.output([UInt32](repeating: 0, count: room), offset: offset)
  let worst = kernels.topK(
    k, input.start, count: z.count, absolute: absolute, keys: keys.start, into: indices.start)
  #expect(keys.hasIntactGuards && indices.hasIntactGuards)
  return (Array(indices.values.prefix(k)), worst)
}

@Suite struct ListTests {
  @Test(arguments: Kernels.available, SelectionKind.allCases)
  func listsWhatIsAbove(_ kernels: Kernels, _ kind: SelectionKind) {
    var random = SplitMix64(seed: 17)
    for count in kernelSizes {
      let z = kind.floats(count, using: &random)
      let input = Block.input(z, offset: count % 5)
      for threshold in [-Float.infinity, -1.5, -0.0, 0, 0x1p-140, 0.5, z.max() ?? 1, .infinity] {
        let first = UInt32(count) * 3
        let above = listed(count, offset: count % 3) {
          kernels.listAbove(threshold, input.start, count: count, first: first, into: $0)
        }
        #expect(above == z.indices.filter { z[$0] > threshold }.map { first + UInt32($0) })
        let absolute = listed(count, offset: count % 3) {
          kernels.listAbove(threshold, absolute: input.start, count: count, into: $0)
        }
        #expect(absolute == z.indices.filter { abs(z[$0]) > threshold }.map { UInt32($0) })
      }
    }
  }

  @Test(arguments: Kernels.available, SelectionKind.allCases)
  func listsWhatJumpReLULeavesActive(_ kernels: Kernels, _ kind: SelectionKind) {
    var random = SplitMix64(seed: 18)
    for count in kernelSizes {
      let z = kind.floats(count, using: &random)
      var thresholds = kind.floats(count, using: &random)
      // A value at its threshold is not above it.
      for index in stride(from: 0, to: count, by: 4) { thresholds[index] = z[index] }
      let input = Block.input(z, offset: count % 5)
      let limits = Block.input(thresholds, offset: count % 2)
      let active = listed(count, offset: count % 3) {
        kernels.listJump(limits.start, input.start, count: count, first: 9, into: $0)
      }
      let expected = z.indices.filter { z[$0] > max(thresholds[$0], 0) }.map { 9 + UInt32($0) }
      #expect(active == expected)
    }
  }

  @Test(arguments: Kernels.available)
  func placesReachTheEndOfTheirType(_ kernels: Kernels) {
    let z = [Float](repeating: 1, count: 100)
    let above = listed(100, offset: 0) {
      kernels.listAbove(0, z, count: 100, first: .max - 99, into: $0)
    }
    #expect(above == (0..<100).map { UInt32.max - 99 + $0 })
  }

  @Test(arguments: Kernels.available)
  func notANumberLiesBeyondInfinity(_ kernels: Kernels) {
    let some: [Float] = [-.nan, -.infinity, 1, .infinity, .nan]
    let z = (0..<90).map { some[$0 % 5] }
    let places = (0..<90).map { UInt32($0) }
    let above = listed(90, offset: 0) {
      kernels.listAbove(.infinity, z, count: 90, into: $0)
    }
    #expect(above == places.filter { $0 % 5 == 4 })
    let absolute = listed(90, offset: 0) {
      kernels.listAbove(.infinity, absolute: z, count: 90, into: $0)
    }
    #expect(absolute == places.filter { $0 % 5 == 4 || $0 % 5 == 0 })
    let notLowest = listed(90, offset: 0) {
      kernels.listAbove(-.nan, z, count: 90, into: $0)
    }
    #expect(notLowest == places.filter { $0 % 5 != 0 })
    let jump = listed(90, offset: 0) {
      kernels.listJump([Float](repeating: .nan, count: 90), z, count: 90, into: $0)
    }
    #expect(jump == [])
  }
}

@Suite struct TopKTests {
  @Test(arguments: Kernels.available, SelectionKind.allCases)
  func selectsWhatSortingSelects(_ kernels: Kernels, _ kind: SelectionKind) {
    var random = SplitMix64(seed: 19)
    for count in Array(1...67) + [127, 128, 129, 255, 257, 258, 320, 383, 384, 640, 2304, 5001] {
      let z = kind.floats(count, using: &random)
      for k in Set([1, 2, 31, 64, 65, 200, count / 2, count - 1, count]) where 1...count ~= k {
        for absolute in [false, true] {
          let expected = selectionOracle(z, k: k, absolute: absolute)
          let actual = selected(kernels, z, k: k, absolute: absolute, offset: k % 4)
          #expect(actual.winners == expected.winners, "\(count) \(k) \(absolute)")
          #expect(actual.worst == expected.worst, "\(count) \(k) \(absolute)")
        }
      }
    }
  }

  /// Long enough for many cuts, with the best ones at the end, at the start, and all over.
  @Test(arguments: Kernels.available, SelectionKind.allCases)
  func selectsFromManyNumbers(_ kernels: Kernels, _ kind: SelectionKind) {
    var random = SplitMix64(seed: 20)
    let z = kind.floats(70_003, using: &random)
    for k in [1, 32, 1_000, 35_000] {
      let expected = selectionOracle(z, k: k, absolute: false)
      let actual = selected(kernels, z, k: k, absolute: false)
      #expect(actual.winners == expected.winners, "\(k)")
      #expect(actual.worst == expected.worst, "\(k)")
    }
  }

  @Test(arguments: Kernels.available)
  func extremesAndNotANumberHaveTheirPlace(_ kernels: Kernels) {
    let largest = Float.greatestFiniteMagnitude
    let order: [Float] = [
      .nan, .infinity, largest, 1, .leastNonzeroMagnitude, 0, -.leastNonzeroMagnitude, -1, -largest,
      -.infinity, -.nan,
    ]
    // Worst first: what is better always comes later.
    let z = Array(order.reversed())
    for k in 1...order.count {
      let (winners, worst) = selected(kernels, z, k: k, absolute: false)
      #expect(winners == (z.count - k..<z.count).map { UInt32($0) })
      #expect(worst == UInt32(z.count - k))
    }
    #expect(selected(kernels, z, k: 4, absolute: true).winners == [0, 1, 9, 10])
  }
}
