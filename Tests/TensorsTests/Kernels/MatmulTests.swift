import TestSupport
import Tensors
import Testing

@Suite struct MatmulTests {
  @Test(arguments: Kernels.available, 0...5)
  func everyProductHasTheBitsOfDot(_ kernels: Kernels, _ inputs: Int) {
    var random = SplitMix64(seed: 14)
    for rows in 0...5 {
      for columns in kernelSizes {
        for (offset, padding) in [(0, 0), (1, 3)] {
          check(
            kernels, rows: rows, inputs: inputs, columns: columns, padding: padding,
            offset: offset, using: &random)
        }
      }
    }
  }

  private func check(
    _ kernels: Kernels, rows: Int, inputs: Int, columns: Int, padding: Int, offset: Int,
    using random: inout SplitMix64
  ) {
    let stride = columns + padding
    // The last row ends with its last element: nothing behind it may be read.
    func extent(_ count: Int) -> Int { count == 0 ? 0 : (count - 1) * stride + columns }
    let matrix = Block.input(
      InputKind.uniform.floats(extent(rows), using: &random), offset: offset)
    let half = Block.input(
      InputKind.uniform.bfloats(extent(rows), using: &random), offset: offset)
    let x = Block.input(
      InputKind.heavyTailed.floats(extent(inputs), using: &random), offset: 1 - offset)
    // What lies between rows of the output stays as it is.
    let outStride = rows + padding
    let untouched: Float = 12345
    let size = inputs == 0 ? 0 : (inputs - 1) * outStride + rows
    let out = Block.output([Float](repeating: untouched, count: size), offset: offset)
    let outHalf = Block.output([Float](repeating: untouched, count: size), offset: offset)
    kernels.matmul(
      rows: matrix.start, rowStride: stride, inputs: x.start, inputStride: stride, into: out.start,
      outStride: outStride, rowCount: rows, inputCount: inputs, columnCount: columns)
    kernels.matmul(
      bfloat16: half.start, rowStride: stride, inputs: x.start, inputStride: stride,
      into: outHalf.start, outStride: outStride, rowCount: rows, inputCount: inputs,
      columnCount: columns)
    var expected = [Float](repeating: untouched, count: size)
    var expectedHalf = expected
    for input in 0..<inputs {
      for row in 0..<rows {
        let (w, place) = (row * stride, input * outStride + row)
        expected[place] = kernels.dot(
          matrix.start + w, x.start + input * stride, count: columns)
        expectedHalf[place] = kernels.dot(
          bfloat16: half.start + w, x.start + input * stride, count: columns)
      }
    }
    let shape = "[\(rows), \(columns)] and \(inputs) inputs, \(padding) apart"
    #expect(
      firstDifference(out.values.map(\.bitPattern), expected.map(\.bitPattern)) == nil, "\(shape)")
    #expect(
      firstDifference(outHalf.values.map(\.bitPattern), expectedHalf.map(\.bitPattern)) == nil,
      "\(shape)")
    #expect(out.hasIntactGuards && outHalf.hasIntactGuards)
  }
}
