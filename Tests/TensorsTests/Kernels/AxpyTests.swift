import TestSupport
import Tensors
import Testing

@Suite struct AxpyTests {
  /// |y - exact| <= c * eps * (|y| + |alpha x|) + t, with the constants of ckernels.h.
  private func bound(_ kernels: Kernels, _ y: Double, _ product: Double) -> Double {
    let isScalar = kernels.isa == .scalar
    let factor = isScalar ? 1.01 : 0.51
    return factor * 0x1p-23 * (abs(y) + abs(product)) + (isScalar ? 0x1p-149 : 0x1p-150)
  }

  @Test(arguments: Kernels.available, InputKind.allCases)
  func staysWithinTheReductionBound(_ kernels: Kernels, _ kind: InputKind) {
    var random = SplitMix64(seed: 7)
    for count in kernelSizes {
      for offset in 0...1 {
        let x = kind.floats(count, using: &random)
        let half = kind.bfloats(count, using: &random)
        let y = kind.floats(count, using: &random)
        let alpha = Float.random(in: -3..<3, using: &random)
        let input = Block.input(x, offset: 1 - offset)
        let inputHalf = Block.input(half, offset: 1 - offset)
        let block = Block.output(y, offset: offset)
        let blockHalf = Block.output(y, offset: offset)
        kernels.axpy(alpha, input.start, into: block.start, count: count)
        kernels.axpy(alpha, bfloat16: inputHalf.start, into: blockHalf.start, count: count)
        #expect(block.hasIntactGuards && blockHalf.hasIntactGuards, "count \(count)")
        let actual = block.values
        let actualHalf = blockHalf.values
        let isWithin = (0..<count).allSatisfy { index in
          let base = Double(y[index])
          let product = Double(alpha) * Double(x[index])
          let productHalf = Double(alpha) * Double(bfloat16Value(half[index]))
          return abs(Double(actual[index]) - (base + product)) <= bound(kernels, base, product)
            && abs(Double(actualHalf[index]) - (base + productHalf))
              <= bound(kernels, base, productHalf)
        }
        #expect(isWithin, "count \(count), offset \(offset)")
      }
    }
  }

  @Test(arguments: Kernels.available, InputKind.allCases)
  func roundsAsSpecified(_ kernels: Kernels, _ kind: InputKind) {
    var random = SplitMix64(seed: 8)
    let count = 131
    let x = kind.floats(count, using: &random)
    let half = kind.bfloats(count, using: &random)
    let y = kind.floats(count, using: &random)
    let alpha: Float = 1.7
    func expected(_ x: Float, _ y: Float) -> UInt32 {
      guard kernels.isa == .scalar else { return y.addingProduct(alpha, x).bitPattern }
      let product = alpha * x
      return (y + product).bitPattern
    }
    var actual = y
    kernels.axpy(alpha, x, into: &actual, count: count)
    #expect(firstDifference(actual.map(\.bitPattern), zip(x, y).map(expected)) == nil)
    var actualHalf = y
    kernels.axpy(alpha, bfloat16: half, into: &actualHalf, count: count)
    #expect(
      firstDifference(actualHalf.map(\.bitPattern), zip(half.map(bfloat16Value), y).map(expected))
        == nil)
  }

  @Test(arguments: Kernels.available)
  func nonfiniteValuesStayInTheirElement(_ kernels: Kernels) {
    for count in [1, 9, 16, 33, 67] {
      for position in 0..<count {
        for special in [Float.nan, .infinity, -.infinity] {
          var x = [Float](repeating: 1, count: count)
          x[position] = special
          var y = [Float](repeating: 1, count: count)
          kernels.axpy(2, x, into: &y, count: count)
          var yHalf = [Float](repeating: 1, count: count)
          kernels.axpy(
            2, bfloat16: x.map { UInt16($0.bitPattern >> 16) }, into: &yHalf, count: count)
          let expected = (0..<count).map { $0 == position ? special : 3 }
          #expect(zip(y, expected).allSatisfy(isSame))
          #expect(zip(yHalf, expected).allSatisfy(isSame))
        }
      }
    }
    var y: [Float] = [1, 2]
    kernels.axpy(0, [.infinity, 5], into: &y, count: 2)
    #expect(y[0].isNaN && y[1] == 2)
  }
}
