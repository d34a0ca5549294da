import Tensors
import Testing

@Suite struct MovementTests {
  /// Checks one shape with distinct elements; the gaps between the rows of the output must stay.
  private func checkTranspose<Element: FixedWidthInteger & BitwiseCopyable>(
    rows: Int, columns: Int, inputStride: Int, outStride: Int, offset: Int, of: Element.Type,
    transpose: (Block<Element>, Block<Element>) -> Void
  ) {
    let inputExtent = rows == 0 || columns == 0 ? 0 : (rows - 1) * inputStride + columns
    let outExtent = rows == 0 || columns == 0 ? 0 : (columns - 1) * outStride + rows
    let values = (0..<inputExtent).map { Element(truncatingIfNeeded: $0 &* 0x9E37_79B1) }
    let gap = Element(truncatingIfNeeded: 0x5A5A_5A5A)
    let input = Block.input(values, offset: offset)
    let out = Block.output([Element](repeating: gap, count: outExtent), offset: 1 - offset)
    transpose(input, out)
    var expected = [Element](repeating: gap, count: outExtent)
    if outExtent > 0 {
      for row in 0..<rows {
        for column in 0..<columns {
          expected[column * outStride + row] = values[row * inputStride + column]
        }
      }
    }
    #expect(firstDifference(out.values, expected) == nil, "[\(rows), \(columns)]")
    #expect(out.hasIntactGuards, "[\(rows), \(columns)]")
  }

  private static let edges =
    Array(0...20) + [31, 32, 33, 63, 64, 65, 67, 127, 128, 129, 200]

  @Test(arguments: Kernels.available, edges)
  func transposeMovesEveryElement(_ kernels: Kernels, _ rows: Int) {
    for columns in Self.edges {
      for (inputPadding, outPadding, offset) in [(0, 0, 0), (3, 5, 1)] {
        let inputStride = columns + inputPadding
        let outStride = rows + outPadding
        checkTranspose(
          rows: rows, columns: columns, inputStride: inputStride, outStride: outStride,
          offset: offset, of: UInt32.self
        ) {
          kernels.transpose(
            $0.start, inputStride: inputStride, into: $1.start, outStride: outStride, rows: rows,
            columns: columns)
        }
        checkTranspose(
          rows: rows, columns: columns, inputStride: inputStride, outStride: outStride,
          offset: offset, of: UInt16.self
        ) {
          kernels.transpose(
            $0.start, inputStride: inputStride, into: $1.start, outStride: outStride, rows: rows,
            columns: columns)
        }
      }
    }
  }

  @Test(arguments: Kernels.available)
  func transposeTwiceIsTheIdentity(_ kernels: Kernels) {
    let rows = 640
    let columns = 1024
    let input = (0..<rows * columns).map { UInt32($0) }
    var once = [UInt32](repeating: 0, count: input.count)
    var twice = once
    kernels.transpose(
      input, inputStride: columns, into: &once, outStride: rows, rows: rows, columns: columns)
    kernels.transpose(
      once, inputStride: rows, into: &twice, outStride: columns, rows: columns, columns: rows)
    #expect(once[1] == UInt32(columns))
    #expect(firstDifference(twice, input) == nil)
  }

  @Test(arguments: Kernels.available)
  func gatherReadsOneColumn(_ kernels: Kernels) {
    for count in kernelSizes {
      for stride in [0, 1, 2, 7, 64] {
        let extent = count == 0 ? 0 : (count - 1) * stride + 1
        let words = (0..<extent).map { UInt32($0) &* 0x9E37_79B1 }
        let halves = words.map { UInt16(truncatingIfNeeded: $0 >> 8) }
        let out = Block.output([UInt32](repeating: 0, count: count), offset: 1)
        let outHalf = Block.output([UInt16](repeating: 0, count: count), offset: 1)
        let source = Block.input(words, offset: 1)
        let sourceHalf = Block.input(halves, offset: 1)
        kernels.gather(source.start, stride: stride, into: out.start, count: count)
        kernels.gather(sourceHalf.start, stride: stride, into: outHalf.start, count: count)
        #expect(firstDifference(out.values, (0..<count).map { words[$0 * stride] }) == nil)
        #expect(firstDifference(outHalf.values, (0..<count).map { halves[$0 * stride] }) == nil)
        #expect(out.hasIntactGuards && outHalf.hasIntactGuards)
      }
    }
  }
}
