import CKernels
import TestSupport
import Tensors
import Testing

@Suite struct IntegerProductTests {
  /// Products of `rows` and `inputs`, arrays of arrays of one length, and strides to store them in.
  private struct Product {
    let rows: [[Int8]]
    let inputs: [[Int16]]
    let width: Int

    /// By the definition, in 64 bits.
    var expected: [[Int]] {
      inputs.map { input in
        rows.map { row in zip(row, input).reduce(0) { $0 + Int($1.0) * Int($1.1) } }
      }
    }

    /// The same as a kernel leaves it in memory that held −5, rows `gap` longer than they need.
    func stored(gap: Int) -> [Int32] {
      expected.flatMap { line -> [Int32] in
        line.map { Int32($0) } + Array(repeating: -5, count: gap)
      }
    }

    /// What a kernel writes to an output whose rows are `gap` longer than they need, as one array.
    func found(_ kernels: Kernels, gap: Int, offset: Int) -> (values: [Int32], isIntact: Bool) {
      func spread<T>(_ lines: [[T]], filler: T) -> [T] {
        lines.flatMap { $0 + Array(repeating: filler, count: gap) }
      }
      let left = Block<Int8>(spread(rows, filler: 127), offset: offset, guardValue: 127)
      let right = Block<Int16>(spread(inputs, filler: 32767), offset: offset, guardValue: 32767)
      let stride = rows.count + gap
      let out = Block<Int32>(
        Array(repeating: -5, count: inputs.count * stride), offset: offset, margin: 37,
        guardValue: -5)
      kernels.functions.matmul_i8(
        left.start, width + gap, right.start, width + gap, out.start, stride, rows.count,
        inputs.count, width)
      return (out.values, out.hasIntactGuards)
    }
  }

  private static func random(
    _ rowCount: Int, _ inputCount: Int, _ width: Int, using random: inout SplitMix64
  ) -> Product {
    // 128 · 32767 · width stays below 2^31 up to 512.
    let limit = Int16(clamping: 16_777_215 / max(width, 1))
    return Product(
      rows: (0..<rowCount).map { _ in
        (0..<width).map { _ in Int8.random(in: -128...127, using: &random) }
      },
      inputs: (0..<inputCount).map { _ in
        (0..<width).map { _ in Int16.random(in: -limit...limit, using: &random) }
      }, width: width)
  }

  /// Every remainder of the tiles, in rows and inputs.
  @Test(arguments: Kernels.available)
  func numbersAreExact(_ kernels: Kernels) {
    var random = SplitMix64(seed: 31)
    for rowCount in 0...13 {
      for inputCount in 0...13 {
        for width in [0, 32, 96] {
          let product = Self.random(rowCount, inputCount, width, using: &random)
          let gap = (rowCount + inputCount) % 4
          let (values, isIntact) = product.found(kernels, gap: gap, offset: inputCount % 3)
          let expected = product.stored(gap: gap)
          #expect(isIntact)
          #expect(
            firstDifference(values, expected) == nil, "\(rowCount) × \(inputCount), \(width)")
        }
      }
    }
  }

  @Test(arguments: Kernels.available, [640, 2304, 4096])
  func realWidthsAreExact(_ kernels: Kernels, _ width: Int) {
    var random = SplitMix64(seed: 32)
    for inputCount in [1, 2, 6, 7] {
      let product = Self.random(70, inputCount, width, using: &random)
      let (values, isIntact) = product.found(kernels, gap: 0, offset: 0)
      #expect(isIntact)
      #expect(firstDifference(values, product.stored(gap: 0)) == nil)
    }
  }

  /// 512 components of 32,767 with codes of ±127 and −128: just below 2^31, in every order of summing.
  @Test(arguments: Kernels.available)
  func extremesDoNotOverflow(_ kernels: Kernels) {
    let width = 4096
    for spacing in [1, 2, 8] {
      let input = (0..<width).map { place in
        place % spacing == 0 && place / spacing < 512 ? Int16(32767) : 0
      }
      let alternating = input.enumerated().map { $0 % (2 * spacing) == 0 ? $1 : -$1 }
      let product = Product(
        rows: [127, -127, -128].map { Array(repeating: $0, count: width) }
          + [(0..<width).map { $0 % (2 * spacing) == 0 ? -128 : 127 }],
        inputs: [input, input.map { -$0 }, alternating], width: width)
      #expect(product.expected[0][2] == -512 * 32767 * 128)
      for inputs in 1...3 {
        let some = Product(
          rows: product.rows, inputs: Array(product.inputs[..<inputs]), width: width)
        let (values, isIntact) = some.found(kernels, gap: 1, offset: 1)
        #expect(isIntact)
        #expect(values == some.stored(gap: 1))
      }
    }
  }
}
