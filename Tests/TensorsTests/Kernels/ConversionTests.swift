import TestSupport
import Tensors
import Testing

/// Conversions computed another way: with the Float16 type, and with distances in f64.
private enum Oracle {
  static func isNaN(bfloat16 bits: UInt16) -> Bool { bits & 0x7FFF > 0x7F80 }
  static func isNaN(float16 bits: UInt16) -> Bool { bits & 0x7FFF > 0x7C00 }

  static func widen(bfloat16 bits: UInt16) -> UInt32 {
    UInt32(bits) << 16 | (isNaN(bfloat16: bits) ? 0x0040_0000 : 0)
  }

  static func widen(float16 bits: UInt16) -> UInt32 {
    if isNaN(float16: bits) {
      let sign = UInt32(bits & 0x8000) << 16
      return sign | 0x7FC0_0000 | UInt32(bits & 0x03FF) << 13
    }
    return Float(Float16(bitPattern: bits)).bitPattern
  }

  /// Picks the nearer of the two neighbours, the even one on a tie. Infinity counts as 2^128.
  static func narrow(bfloat16 value: Float) -> UInt16 {
    let below = UInt16(value.bitPattern >> 16)
    if value.isNaN { return below | 0x0040 }
    if value.isInfinite { return below }
    func magnitude(_ bits: UInt16) -> Double {
      let float = bfloat16Value(bits & 0x7FFF)
      return float.isInfinite ? 0x1p128 : Double(float)
    }
    let exact = Double(value.magnitude)
    let down = exact - magnitude(below)
    let up = magnitude(below + 1) - exact
    if down == up { return below % 2 == 0 ? below : below + 1 }
    return down < up ? below : below + 1
  }

  static func narrow(float16 value: Float) -> UInt16 {
    if value.isNaN {
      let bits = value.bitPattern
      return UInt16(bits >> 16) & 0x8000 | 0x7E00 | UInt16(bits >> 13 & 0x03FF)
    }
    return Float16(value).bitPattern
  }
}

@Suite struct ConversionTests {
  private static let allPatterns = (UInt16.min...UInt16.max).map { $0 }

  /// For every bf16 and f16 number: itself, the half-way point to the next one, and both neighbours
  /// of each in f32; then random patterns.
  private static let floats: [Float] = {
    var patterns = [UInt32]()
    for bits in allPatterns {
      let bfloat16 = UInt32(bits) << 16
      let float16 = Oracle.widen(float16: bits)
      // Below 2^-14 the half-way points of f16 lie on multiples of 2^-25.
      let subnormal = Float(bits & 0x07FF) * 0x1p-25 * (bits & 0x8000 == 0 ? 1 : -1)
      for base in [
        bfloat16, bfloat16 | 0x8000, float16, float16 | 0x1000, subnormal.bitPattern,
      ] {
        patterns += [base &- 1, base, base &+ 1]
      }
    }
    var random = SplitMix64(seed: 9)
    patterns += (0..<1_000_000).map { _ in UInt32.random(in: 0...UInt32.max, using: &random) }
    return patterns.map { Float(bitPattern: $0) }
  }()

  @Test(arguments: Kernels.available)
  func widenIsExactForAllPatterns(_ kernels: Kernels) {
    let input = Self.allPatterns
    #expect(input.count == 65536)
    let out = Block.output([Float](repeating: 0, count: input.count))
    kernels.widen(bfloat16: input, into: out.start, count: input.count)
    #expect(
      firstDifference(out.values.map(\.bitPattern), input.map { Oracle.widen(bfloat16: $0) }) == nil
    )
    kernels.widen(float16: input, into: out.start, count: input.count)
    #expect(
      firstDifference(out.values.map(\.bitPattern), input.map { Oracle.widen(float16: $0) }) == nil)
    #expect(out.hasIntactGuards)
  }

  @Test(arguments: Kernels.available)
  func narrowRoundsToNearestEven(_ kernels: Kernels) {
    let input = Self.floats
    let out = Block.output([UInt16](repeating: 0, count: input.count))
    kernels.narrow(input, bfloat16: out.start, count: input.count)
    let wrong = zip(input, out.values).first { Oracle.narrow(bfloat16: $0.0) != $0.1 }
    #expect(wrong == nil, "bf16")
    kernels.narrow(input, float16: out.start, count: input.count)
    let wrongHalf = zip(input, out.values).first { Oracle.narrow(float16: $0.0) != $0.1 }
    #expect(wrongHalf == nil, "f16")
    #expect(out.hasIntactGuards)
  }

  @Test(arguments: Kernels.available)
  func allSizesAndOffsets(_ kernels: Kernels) {
    var random = SplitMix64(seed: 10)
    for count in kernelSizes {
      for offset in 0...1 {
        let halves = (0..<count).map { _ in UInt16.random(in: 0...UInt16.max, using: &random) }
        let floats = (0..<count).map { _ in
          Float(bitPattern: UInt32.random(in: 0...UInt32.max, using: &random))
        }
        let halfInput = Block.input(halves, offset: 1 - offset)
        let wideInput = Block.input(floats, offset: 1 - offset)
        let wide = Block.output([Float](repeating: 0, count: count), offset: offset)
        let narrow = Block.output([UInt16](repeating: 0, count: count), offset: offset)

        kernels.widen(bfloat16: halfInput.start, into: wide.start, count: count)
        #expect(
          firstDifference(wide.values.map(\.bitPattern), halves.map { Oracle.widen(bfloat16: $0) })
            == nil)
        kernels.widen(float16: halfInput.start, into: wide.start, count: count)
        #expect(
          firstDifference(wide.values.map(\.bitPattern), halves.map { Oracle.widen(float16: $0) })
            == nil)
        kernels.narrow(wideInput.start, bfloat16: narrow.start, count: count)
        #expect(firstDifference(narrow.values, floats.map { Oracle.narrow(bfloat16: $0) }) == nil)
        kernels.narrow(wideInput.start, float16: narrow.start, count: count)
        #expect(firstDifference(narrow.values, floats.map { Oracle.narrow(float16: $0) }) == nil)
        #expect(wide.hasIntactGuards && narrow.hasIntactGuards, "count \(count)")
      }
    }
  }

  @Test(arguments: Kernels.available)
  func roundTripKeepsEveryNumber(_ kernels: Kernels) {
    let input = Self.allPatterns
    var wide = [Float](repeating: 0, count: input.count)
    var back = [UInt16](repeating: 0, count: input.count)
    kernels.widen(bfloat16: input, into: &wide, count: input.count)
    kernels.narrow(wide, bfloat16: &back, count: input.count)
    #expect(
      firstDifference(back, input.map { Oracle.isNaN(bfloat16: $0) ? $0 | 0x0040 : $0 }) == nil)
    kernels.widen(float16: input, into: &wide, count: input.count)
    kernels.narrow(wide, float16: &back, count: input.count)
    #expect(
      firstDifference(back, input.map { Oracle.isNaN(float16: $0) ? $0 | 0x0200 : $0 }) == nil)
  }
}
