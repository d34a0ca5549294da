import CKernels
import TestSupport
import Tensors
import Testing

/// An input's codes and what bounds need of it, by the kernels of one instruction set.
struct QuantisedInput {
  let codes: [Int16]
  let result: ck_quantised_input
  let hasIntactGuards: Bool

  /// For the dot products of `kernels`, or with the `dotError` given.
  init(_ x: [Float], _ kernels: Kernels, dotError: Double? = nil, offset: Int = 0) {
    let input = Block.input(x, offset: offset)
    let codes = Block<Int16>(
      Array(repeating: 99, count: x.count), offset: offset, margin: 37, guardValue: 8585)
    if let dotError {
      var result = ck_quantised_input()
      kernels.functions.quantise_i16(input.start, x.count, dotError, codes.start, &result)
      self.result = result
    } else {
      result = kernels.quantise(input: input.start, count: x.count, into: codes.start)
    }
    self.codes = codes.values
    hasIntactGuards = codes.hasIntactGuards
  }

  /// scale · codes, exactly: each product has 40 bits.
  var values: [Double] { codes.map { Double(result.scale) * Double($0) } }

  /// Whether some split of the components into few large ones and a bulk has these limits.
  var hasASplit: Bool {
    let magnitudes = values.map(abs).sorted()
    var bulk = 0.0
    var few = magnitudes.reduce(0, +)
    for magnitude in magnitudes + [0] {
      let isEnough =
        Double(result.bulk) >= bulk.squareRoot() && Double(result.few) >= 0.5001 * few * (1 - 1e-12)
      if isEnough { return true }
      bulk += magnitude * magnitude
      few -= magnitude
    }
    return false
  }
}

extension Kernels {
  /// The C functions themselves, for arguments that the wrappers do not vary.
  var functions: ck_kernels {
    let codes: [ISA: ck_isa] = [
      .scalar: CK_ISA_SCALAR, .avx2: CK_ISA_AVX2, .avx512: CK_ISA_AVX512,
      .avx512vnni: CK_ISA_AVX512VNNI,
    ]
    guard let code = codes[isa], let table = ck_kernels_for(code) else {
      fatalError("\(isa) is available")
    }
    return table.pointee
  }
}

@Suite struct QuantiseInputTests {
  /// Inputs whose largest component lies within 1e-10...1e10, and of which bounds hold.
  static func inputs(_ count: Int, using random: inout SplitMix64) -> [[Float]] {
    var inputs = [InputKind.uniform, .heavyTailed, .cancelling].map {
      $0.floats(count, using: &random)
    }
    let uniform = inputs[0]
    inputs.append(uniform.map { $0 * 1e-9 })
    inputs.append(uniform.map { $0 * 9e9 })
    inputs.append(Array(repeating: 1, count: count))
    inputs.append((0..<count).map { $0 % 2 == 0 ? -0.7 : 0.7 })
    // One huge component, three, and many of a size that codes just reach.
    inputs.append((0..<count).map { $0 == count / 3 ? 9e9 : uniform[$0] })
    inputs.append((0..<count).map { $0 % 97 == 5 ? 3000 * (uniform[$0] + 2) : uniform[$0] })
    inputs.append((0..<count).map { $0 == 0 ? 32767 : Float($0 % 3) - 0.5 })
    return inputs.filter { $0.contains { abs($0) >= 1e-10 } }
  }

  static let sizes = kernelSizes + [70_000, 130_000]

  @Test(arguments: Kernels.available)
  func limitsHold(_ kernels: Kernels) {
    var random = SplitMix64(seed: 21)
    for count in Self.sizes {
      for x in Self.inputs(count, using: &random) {
        let found = QuantisedInput(x, kernels, offset: count % 3)
        #expect(found.hasIntactGuards)
        let sum = found.codes.reduce(0) { $0 + abs(Int($1)) }
        #expect(128 * sum < 1 << 31, "count \(count)")
        let largestCode = found.codes.map { abs(Int($0)) }.max() ?? 0
        #expect(largestCode >= 32766 || 128 * sum > 1 << 30, "the range is used, count \(count)")
        let lost = length(zip(x, found.values).map { Double($0) - $1 })
        let dotError = kernels.dotErrorFactor(count: count) * 0x1p-23
        let least = lost + (dotError + 0x1p-21) * length(x.map(Double.init))
        #expect(Double(found.result.loss) >= least, "count \(count)")
        #expect(Double(found.result.loss) <= least * (1 + 0x1p-19))
        #expect(found.result.largest == x.map(abs).max())
        #expect(found.hasASplit, "count \(count)")
      }
    }
  }

  /// Where few components hold nearly all of an input, they are bounded by their sum.
  @Test func largeComponentsLeaveTheBulk() {
    var random = SplitMix64(seed: 22)
    let uniform = InputKind.uniform.floats(2304, using: &random)
    let massive = uniform.enumerated().map { $0 % 700 == 3 ? 4000 : $1 }
    let found = QuantisedInput(massive, .best)
    #expect(found.result.bulk < 40, "four components of 4,000 are not in it")
    #expect(found.result.few > 8000 && found.result.few < 8100)
    #expect(QuantisedInput(uniform, .best).result.few == 0)
  }

  @Test(arguments: Kernels.available)
  func bitsAreThoseOfTheScalarVariant(_ kernels: Kernels) throws {
    let scalar = try #require(Kernels(.scalar))
    var random = SplitMix64(seed: 23)
    for count in Self.sizes {
      for x in Self.inputs(count, using: &random) {
        let expected = QuantisedInput(x, scalar, dotError: 1e-6)
        let found = QuantisedInput(x, kernels, dotError: 1e-6, offset: count % 2)
        #expect(firstDifference(found.codes, expected.codes) == nil)
        for part in [
          \ck_quantised_input.scale, \.bulk, \.few, \.loss, \.largest,
        ] as [KeyPath<ck_quantised_input, Float>] {
          #expect(
            found.result[keyPath: part].bitPattern == expected.result[keyPath: part].bitPattern)
        }
      }
    }
  }

  @Test(arguments: Kernels.available)
  func whatHasNoCodesIsAllLost(_ kernels: Kernels) {
    for count in [1, 17, 640] {
      let none = QuantisedInput(Array(repeating: 0, count: count), kernels)
      #expect(none.codes.allSatisfy { $0 == 0 } && none.result.scale == 0)
      #expect(none.result.bulk == 0 && none.result.few == 0 && none.result.loss == 0)
      for magnitude in [Float.leastNonzeroMagnitude, 0x1p-140, 1e-36] {
        let found = QuantisedInput(Array(repeating: magnitude, count: count), kernels)
        #expect(found.codes.allSatisfy { $0 == 0 })
        #expect(Double(found.result.loss) >= Double(magnitude) * Double(count).squareRoot())
      }
      let huge = QuantisedInput(
        Array(repeating: .greatestFiniteMagnitude, count: count), kernels)
      #expect(huge.codes.allSatisfy { $0 > 0 } && huge.hasIntactGuards)
    }
  }
}
