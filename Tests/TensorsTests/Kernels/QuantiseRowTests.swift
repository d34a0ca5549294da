import CKernels
import TestSupport
import Tensors
import Testing

/// A row's codes and what they lose, by the kernels of one instruction set.
struct QuantisedRow {
  let codes: [Int8]
  let result: ck_quantised_row
  let hasIntactGuards: Bool

  init(_ row: [Float], _ kernels: Kernels, offset: Int = 0) {
    let input = Block.input(row, offset: offset)
    let codes = Block<Int8>(
      Array(repeating: 99, count: row.count), offset: offset, margin: 37, guardValue: 85)
    result = kernels.quantise(input.start, count: row.count, into: codes.start)
    self.codes = codes.values
    hasIntactGuards = codes.hasIntactGuards
  }

  /// row − scale · codes, exactly: each product has 31 bits.
  func losses(_ row: [Float]) -> [Double] {
    zip(row, codes).map { Double($0) - Double(result.scale) * Double($1) }
  }
}

/// The length of a vector, in f64.
func length(_ values: [Double]) -> Double {
  values.reduce(0) { $0 + $1 * $1 }.squareRoot()
}

@Suite struct QuantiseRowTests {
  /// Rows of every kind and some of one kind of trouble.
  static func rows(_ count: Int, using random: inout SplitMix64) -> [[Float]] {
    var rows = InputKind.allCases.map { $0.floats(count, using: &random) }
    let uniform = InputKind.uniform.floats(count, using: &random)
    for exponent in [-149, -126, -70, -61, -60, -59, -30, 30, 100, 126] {
      rows.append(uniform.map { Float(sign: .plus, exponent: exponent, significand: $0) })
    }
    rows.append(Array(repeating: 0, count: count))
    rows.append(Array(repeating: -.leastNonzeroMagnitude, count: count))
    rows.append(Array(repeating: .greatestFiniteMagnitude, count: count))
    // Half-way between codes, where rounding has to choose.
    rows.append((0..<count).map { Float($0 % 255 - 127) / 2 * ($0 % 2 == 0 ? 1 : 2) })
    // One large component: all others round to zero.
    rows.append((0..<count).map { $0 == count / 2 ? 1000 : Float($0 % 9) - 4 })
    return rows
  }

  @Test(arguments: Kernels.available)
  func limitsHold(_ kernels: Kernels) {
    var random = SplitMix64(seed: 11)
    for count in kernelSizes {
      for row in Self.rows(count, using: &random) {
        let found = QuantisedRow(row, kernels, offset: count % 3)
        let (scale, result) = (Double(found.result.scale), found.result)
        let losses = found.losses(row)
        #expect(found.hasIntactGuards)
        #expect(found.codes.allSatisfy { $0 >= -127 })
        #expect(losses.allSatisfy { abs($0) <= 0.5001 * scale }, "count \(count)")
        let largest = row.map(abs).max() ?? 0
        if largest < 0x1p-60 {
          #expect(found.codes.allSatisfy { $0 == 0 })
          #expect(result.scale == 2 * largest)
        } else {
          #expect(found.codes.contains { abs(Int($0)) == 127 }, "the whole range is used")
        }
        for (limit, exact) in [
          (result.residual, length(losses)), (result.norm, length(row.map(Double.init))),
        ] where exact < 3e38 {
          #expect(Double(limit) >= exact, "count \(count)")
          #expect(Double(limit) <= exact * (1 + 0x1p-19) + 0x1p-148, "no wider than it must be")
          #expect(exact > 0 || limit == 0)
        }
      }
    }
  }

  @Test(arguments: Kernels.available)
  func bitsAreThoseOfTheScalarVariant(_ kernels: Kernels) throws {
    let scalar = try #require(Kernels(.scalar))
    var random = SplitMix64(seed: 12)
    for count in kernelSizes {
      for row in Self.rows(count, using: &random) {
        let expected = QuantisedRow(row, scalar)
        for offset in [0, 1, 5] {
          let found = QuantisedRow(row, kernels, offset: offset)
          #expect(firstDifference(found.codes, expected.codes) == nil)
          #expect(found.result.scale.bitPattern == expected.result.scale.bitPattern)
          #expect(found.result.residual.bitPattern == expected.result.residual.bitPattern)
          #expect(found.result.norm.bitPattern == expected.result.norm.bitPattern)
        }
      }
    }
  }

  @Test(arguments: Kernels.available)
  func codesAreTheNearest(_ kernels: Kernels) {
    let found = QuantisedRow([127, 63.4, -63.6, 0.4, 0.6, -127, 1.5, 2.5], kernels)
    #expect(found.result.scale == 1)
    #expect(found.codes == [127, 63, -64, 0, 1, -127, 2, 2], "ties to even")
  }
}
