import TestSupport
import Tensors
import Testing

@Suite struct MomentsTests {
  /// Sums in the documented order: eight of them, element i into i mod 8.
  private func total(_ terms: [Double]) -> Double {
    var lanes = [Double](repeating: 0, count: 8)
    for (index, term) in terms.enumerated() { lanes[index % 8] += term }
    let even = (lanes[0] + lanes[4]) + (lanes[2] + lanes[6])
    let odd = (lanes[1] + lanes[5]) + (lanes[3] + lanes[7])
    return even + odd
  }

  @Test(arguments: Kernels.available, InputKind.allCases)
  func everyInstructionSetHasTheSameBits(_ kernels: Kernels, _ kind: InputKind) {
    var random = SplitMix64(seed: 41)
    for count in kernelSizes {
      for offset in 0...1 {
        let a = kind.floats(count, using: &random)
        let b = kind.floats(count, using: &random)
        let x = Block.input(a, offset: offset)
        let y = Block.input(b, offset: 1 - offset)
        let out = Block<Double>(
          [.nan, .nan, .nan, .nan], offset: offset, margin: 9, guardValue: -777)
        kernels.moments(x.start, y.start, into: out.start, count: count)
        let pairs = zip(a, b).map { (Double($0), Double($1)) }
        let expected = [
          total(pairs.map { ($1 - $0) * ($1 - $0) }), total(pairs.map { $1 * $0 }),
          total(pairs.map { $0.0 * $0.0 }), total(pairs.map { $0.1 * $0.1 }),
        ]
        #expect(out.values.map(\.bitPattern) == expected.map(\.bitPattern), "count \(count)")
        #expect(out.hasIntactGuards)
      }
    }
  }

  @Test(arguments: Kernels.available, InputKind.allCases)
  func spreadHasTheSameBits(_ kernels: Kernels, _ kind: InputKind) {
    var random = SplitMix64(seed: 42)
    for count in kernelSizes {
      for offset in 0...1 {
        let a = kind.floats(count, using: &random)
        let b = kind.floats(count, using: &random)
        let before = kind.floats(count, using: &random).map(Double.init)
        let x = Block.input(a, offset: offset)
        let centre = Block.input(b, offset: 1 - offset)
        let sums = Block<Double>(before, offset: offset, margin: 9, guardValue: -777)
        let squares = kernels.spread(
          x.start, around: centre.start, into: sums.start, count: count)
        let shifted = zip(a, b).map { Double($0) - Double($1) }
        let expected = zip(before, shifted).map { $0 + $1 }
        #expect(squares.bitPattern == total(shifted.map { $0 * $0 }).bitPattern, "count \(count)")
        #expect(
          firstDifference(sums.values.map(\.bitPattern), expected.map(\.bitPattern)) == nil)
        #expect(sums.hasIntactGuards)
      }
    }
  }

  @Test(arguments: Kernels.available)
  func nonfiniteValuesPropagate(_ kernels: Kernels) {
    for count in [1, 8, 9, 67] {
      for position in [0, count - 1] {
        var x = [Float](repeating: 1, count: count)
        let y = x
        x[position] = .infinity
        var out = [Double](repeating: 0, count: 4)
        kernels.moments(x, y, into: &out, count: count)
        #expect(out == [.infinity, .infinity, .infinity, Double(count)])
        x[position] = .nan
        kernels.moments(x, y, into: &out, count: count)
        #expect(out[0].isNaN && out[1].isNaN && out[2].isNaN && out[3] == Double(count))
        var sums = [Double](repeating: 0, count: count)
        #expect(kernels.spread(x, around: y, into: &sums, count: count).isNaN)
        #expect((0..<count).allSatisfy { $0 == position ? sums[$0].isNaN : sums[$0] == 0 })
      }
    }
  }
}
