import TestSupport
import Tensors
import Testing

@Suite struct DotTests {
  @Test(arguments: Kernels.available, InputKind.allCases)
  func staysWithinTheReductionBound(_ kernels: Kernels, _ kind: InputKind) {
    var random = SplitMix64(seed: 1)
    for count in kernelSizes {
      for offset in 0...1 {
        let a = kind.floats(count, using: &random)
        let b = kind.floats(count, using: &random)
        let left = Block.input(a, offset: offset)
        let right = Block.input(b, offset: 1 - offset)
        let actual = kernels.dot(left.start, right.start, count: count)
        let (value, magnitude) = dotOracle(a, b)
        let bound = dotBound(kernels, count: count, magnitude: magnitude)
        #expect(abs(Double(actual) - value) <= bound, "count \(count), offset \(offset)")
      }
    }
  }

  @Test(arguments: Kernels.available, InputKind.allCases)
  func bfloat16StaysWithinTheReductionBound(_ kernels: Kernels, _ kind: InputKind) {
    var random = SplitMix64(seed: 2)
    for count in kernelSizes {
      for offset in 0...1 {
        let a = kind.bfloats(count, using: &random)
        let b = kind.floats(count, using: &random)
        let left = Block.input(a, offset: offset)
        let right = Block.input(b, offset: 1 - offset)
        let actual = kernels.dot(bfloat16: left.start, right.start, count: count)
        let (value, magnitude) = dotOracle(a.map(bfloat16Value), b)
        let bound = dotBound(kernels, count: count, magnitude: magnitude)
        #expect(abs(Double(actual) - value) <= bound, "count \(count), offset \(offset)")
      }
    }
  }

  @Test(arguments: Kernels.available)
  func bitsDoNotDependOnAlignment(_ kernels: Kernels) {
    var random = SplitMix64(seed: 3)
    for count in kernelSizes {
      let a = InputKind.uniform.floats(count, using: &random)
      let half = InputKind.uniform.bfloats(count, using: &random)
      let aligned = kernels.dot(a, a, count: count)
      let alignedHalf = kernels.dot(bfloat16: half, a, count: count)
      for offset in 1...5 {
        let left = Block.input(a, offset: offset)
        let leftHalf = Block.input(half, offset: offset)
        let right = Block.input(a, offset: 2 * offset)
        let moved = kernels.dot(left.start, right.start, count: count)
        let movedHalf = kernels.dot(bfloat16: leftHalf.start, right.start, count: count)
        #expect(moved.bitPattern == aligned.bitPattern)
        #expect(movedHalf.bitPattern == alignedHalf.bitPattern)
      }
    }
  }

  @Test(arguments: Kernels.available)
  func smallIntegersAreExact(_ kernels: Kernels) {
    for count in kernelSizes {
      let a = (0..<count).map { Float($0 % 7) - 3 }
      let b = (0..<count).map { Float($0 % 5) - 2 }
      let half = a.map { UInt16($0.bitPattern >> 16) }
      let expected = Float(dotOracle(a, b).value)
      #expect(kernels.dot(a, b, count: count) == expected)
      #expect(kernels.dot(bfloat16: half, b, count: count) == expected)
    }
  }

  @Test(arguments: Kernels.available)
  func nonfiniteTermsPropagateFromEveryPosition(_ kernels: Kernels) {
    for count in [1, 7, 8, 31, 33, 64, 67, 131] {
      for position in 0..<count {
        let ones = [Float](repeating: 1, count: count)
        for special in [Float.nan, .infinity, -.infinity] {
          var a = ones
          a[position] = special
          let half = a.map { UInt16($0.bitPattern >> 16) }
          #expect(isSame(kernels.dot(a, ones, count: count), special))
          #expect(isSame(kernels.dot(ones, a, count: count), special))
          #expect(isSame(kernels.dot(bfloat16: half, ones, count: count), special))
        }
        var infinite = ones
        infinite[position] = .infinity
        var zero = ones
        zero[position] = 0
        #expect(kernels.dot(infinite, zero, count: count).isNaN)
      }
    }
  }

  @Test(arguments: Kernels.available)
  func signallingNaNOperandsGiveNaN(_ kernels: Kernels) {
    #expect(kernels.dot(bfloat16: [0x7F81], [1], count: 1).isNaN)
    #expect(kernels.dot([Float(bitPattern: 0xFF80_0001)], [1], count: 1).isNaN)
  }
}
