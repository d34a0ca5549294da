import TestSupport
import Tensors
import Testing

extension Kernels: CustomTestStringConvertible {
  /// The instruction set.
  public var testDescription: String { isa.rawValue }
}

/// Every size up to one above the longest block, and the sizes of real rows.
let kernelSizes = Array(0...67) + [127, 128, 129, 255, 640, 2304]

/// What the numbers of a test input look like.
enum InputKind: String, CaseIterable, Sendable {
  /// Uniform in [-1, 1).
  case uniform
  /// Magnitudes from 2^-20 to 2^20, as in rows with a few massive dimensions.
  case heavyTailed
  /// Neighbours that cancel, so that the result is tiny beside its terms.
  case cancelling
  /// Many zeros of either sign and subnormals.
  case subnormal

  func floats(_ count: Int, using random: inout SplitMix64) -> [Float] {
    var values = [Float]()
    for index in 0..<count {
      let uniform = Float.random(in: -1..<1, using: &random)
      switch self {
      case .uniform:
        values.append(uniform)
      case .heavyTailed:
        let exponent = Int.random(in: -20...20, using: &random)
        values.append(Float(sign: .plus, exponent: exponent, significand: uniform))
      case .cancelling:
        values.append(index % 2 == 0 ? uniform : -values[index - 1] * (1 + uniform * 0x1p-20))
      case .subnormal:
        let bits = UInt32.random(in: 0...0x0080_0000, using: &random)
        let small = Float(bitPattern: bits | (uniform < 0 ? 0x8000_0000 : 0))
        values.append(index % 3 == 0 ? small : (index % 3 == 1 ? uniform : -0.0))
      }
    }
    return values
  }

  func bfloats(_ count: Int, using random: inout SplitMix64) -> [UInt16] {
    floats(count, using: &random).map { UInt16($0.bitPattern >> 16) }
  }
}

/// The value of bf16 bits.
func bfloat16Value(_ bits: UInt16) -> Float {
  Float(bitPattern: UInt32(bits) << 16)
}

/// The exact dot product as far as f64 goes, and the sum of the absolute values of its terms.
func dotOracle(_ a: [Float], _ b: [Float]) -> (value: Double, magnitude: Double) {
  var value = 0.0
  var magnitude = 0.0
  for (x, y) in zip(a, b) {
    let product = Double(x) * Double(y)
    value += product
    magnitude += abs(product)
  }
  return (value, magnitude)
}

/// The bound of the reduction contract, plus what the f64 oracle itself may be off.
func dotBound(_ kernels: Kernels, count: Int, magnitude: Double) -> Double {
  let factor = kernels.dotErrorFactor(count: count)
  let terms = Double(count)
  return factor * 0x1p-23 * magnitude + (terms + 1) * 0x1p-150 + terms * 0x1p-53 * magnitude
}

/// Whether two results have the same bits; any NaN equals any other.
func isSame(_ a: Float, _ b: Float) -> Bool {
  a.bitPattern == b.bitPattern || (a.isNaN && b.isNaN)
}

/// The first index where two arrays differ, or nil: keeps the report of a failure short.
func firstDifference<Element: Equatable>(_ a: [Element], _ b: [Element]) -> Int? {
  if let index = zip(a, b).enumerated().first(where: { $1.0 != $1.1 })?.offset { return index }
  return a.count == b.count ? nil : min(a.count, b.count)
}
