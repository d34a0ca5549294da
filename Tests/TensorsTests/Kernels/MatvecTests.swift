import TestSupport
import Tensors
import Testing

@Suite struct MatvecTests {
  /// Checks one shape: the bits of `dot` for every row, and nothing written beside the output.
  private func check(
    _ kernels: Kernels, rows: Int, columns: Int, stride: Int, offset: Int,
    using random: inout SplitMix64
  ) {
    // The last row ends with its last element: nothing behind it may be read.
    let extent = rows == 0 ? 0 : (rows - 1) * stride + columns
    let matrix = Block.input(InputKind.uniform.floats(extent, using: &random), offset: offset)
    let half = Block.input(InputKind.uniform.bfloats(extent, using: &random), offset: offset)
    let x = Block.input(InputKind.heavyTailed.floats(columns, using: &random), offset: 1 - offset)
    let out = Block.output([Float](repeating: .nan, count: rows), offset: offset)
    let outHalf = Block.output([Float](repeating: .nan, count: rows), offset: offset)

    kernels.matvec(
      rows: matrix.start, rowStride: stride, x.start, into: out.start, rowCount: rows,
      columnCount: columns)
    kernels.matvec(
      bfloat16: half.start, rowStride: stride, x.start, into: outHalf.start, rowCount: rows,
      columnCount: columns)

    let expected = (0..<rows).map {
      kernels.dot(matrix.start + $0 * stride, x.start, count: columns).bitPattern
    }
    let expectedHalf = (0..<rows).map {
      kernels.dot(bfloat16: half.start + $0 * stride, x.start, count: columns).bitPattern
    }
    #expect(
      firstDifference(out.values.map(\.bitPattern), expected) == nil,
      "[\(rows), \(columns)] stride \(stride)")
    #expect(
      firstDifference(outHalf.values.map(\.bitPattern), expectedHalf) == nil,
      "[\(rows), \(columns)] stride \(stride)")
    #expect(out.hasIntactGuards && outHalf.hasIntactGuards)
  }

  @Test(arguments: Kernels.available, 0...9)
  func everyRowHasTheBitsOfDot(_ kernels: Kernels, _ rows: Int) {
    var random = SplitMix64(seed: 4)
    for columns in kernelSizes {
      for (offset, padding) in [(0, 0), (1, 1), (0, 13)] {
        check(
          kernels, rows: rows, columns: columns, stride: columns + padding, offset: offset,
          using: &random)
      }
    }
  }

  @Test(arguments: Kernels.available)
  func manyRowsHaveTheBitsOfDot(_ kernels: Kernels) {
    var random = SplitMix64(seed: 5)
    check(kernels, rows: 257, columns: 641, stride: 643, offset: 1, using: &random)
  }

  /// The bits of a matvec with the difference, which the kernel does not store.
  @Test(arguments: Kernels.available, 0...9)
  func subtractingOnTheWayChangesNothing(_ kernels: Kernels, _ rows: Int) {
    var random = SplitMix64(seed: 46)
    for columns in kernelSizes {
      for (offset, padding) in [(0, 0), (1, 13)] {
        let stride = columns + padding
        let extent = rows == 0 ? 0 : (rows - 1) * stride + columns
        let matrix = Block.input(InputKind.uniform.floats(extent, using: &random), offset: offset)
        let half = Block.input(InputKind.uniform.bfloats(extent, using: &random), offset: offset)
        let x = InputKind.heavyTailed.floats(columns, using: &random)
        let minus = InputKind.heavyTailed.floats(columns, using: &random)
        let given = Block.input(x, offset: 1 - offset)
        let taken = Block.input(minus, offset: offset)
        let difference = zip(x, minus).map { $0 - $1 }
        let out = Block.output([Float](repeating: .nan, count: rows), offset: offset)
        let outHalf = Block.output([Float](repeating: .nan, count: rows), offset: offset)
        kernels.matvec(
          rows: matrix.start, rowStride: stride, given.start, minus: taken.start, into: out.start,
          rowCount: rows, columnCount: columns)
        kernels.matvec(
          bfloat16: half.start, rowStride: stride, given.start, minus: taken.start,
          into: outHalf.start, rowCount: rows, columnCount: columns)
        let expected = (0..<rows).map {
          kernels.dot(matrix.start + $0 * stride, difference, count: columns).bitPattern
        }
        let expectedHalf = (0..<rows).map {
          kernels.dot(bfloat16: half.start + $0 * stride, difference, count: columns).bitPattern
        }
        #expect(
          firstDifference(out.values.map(\.bitPattern), expected) == nil, "[\(rows), \(columns)]")
        #expect(
          firstDifference(outHalf.values.map(\.bitPattern), expectedHalf) == nil,
          "[\(rows), \(columns)]")
        #expect(out.hasIntactGuards && outHalf.hasIntactGuards)
      }
    }
  }

  @Test(arguments: Kernels.available, InputKind.allCases)
  func staysWithinTheReductionBound(_ kernels: Kernels, _ kind: InputKind) {
    var random = SplitMix64(seed: 6)
    for columns in [0, 1, 67, 640, 2304] {
      let rows = 7
      let matrix = kind.floats(rows * columns, using: &random)
      let half = kind.bfloats(rows * columns, using: &random)
      let x = kind.floats(columns, using: &random)
      var out = [Float](repeating: .nan, count: rows)
      var outHalf = out
      kernels.matvec(
        rows: matrix, rowStride: columns, x, into: &out, rowCount: rows, columnCount: columns)
      kernels.matvec(
        bfloat16: half, rowStride: columns, x, into: &outHalf, rowCount: rows, columnCount: columns)
      for row in 0..<rows {
        let range = row * columns..<(row + 1) * columns
        let (value, magnitude) = dotOracle(Array(matrix[range]), x)
        let bound = dotBound(kernels, count: columns, magnitude: magnitude)
        #expect(abs(Double(out[row]) - value) <= bound)
        let (valueHalf, magnitudeHalf) = dotOracle(half[range].map(bfloat16Value), x)
        let boundHalf = dotBound(kernels, count: columns, magnitude: magnitudeHalf)
        #expect(abs(Double(outHalf[row]) - valueHalf) <= boundHalf)
      }
    }
  }

  @Test(arguments: Kernels.available)
  func nonfiniteValuesStayInTheirRow(_ kernels: Kernels) {
    let rows = 9
    let columns = 67
    for poisoned in 0..<rows {
      for special in [Float.nan, .infinity, -.infinity] {
        var matrix = [Float](repeating: 1, count: rows * columns)
        matrix[poisoned * columns + (poisoned * 8) % columns] = special
        let x = [Float](repeating: 1, count: columns)
        var out = [Float](repeating: 0, count: rows)
        kernels.matvec(
          rows: matrix, rowStride: columns, x, into: &out, rowCount: rows, columnCount: columns)
        var outHalf = [Float](repeating: 0, count: rows)
        kernels.matvec(
          bfloat16: matrix.map { UInt16($0.bitPattern >> 16) }, rowStride: columns, x,
          into: &outHalf, rowCount: rows, columnCount: columns)
        for row in 0..<rows {
          #expect(isSame(out[row], row == poisoned ? special : Float(columns)))
          #expect(isSame(outHalf[row], row == poisoned ? special : Float(columns)))
        }
      }
    }
  }
}
