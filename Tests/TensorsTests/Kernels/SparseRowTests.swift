import TestSupport
import Tensors
import Testing

/// Gathered dot products and scattered axpy against plain loops.
@Suite struct SparseRowTests {
  /// Ascending columns, each once, of a row of `width`.
  private func columns(
    _ rows: Int, _ degree: Int, width: Int, using random: inout SplitMix64
  ) -> [Int] {
    (0..<rows).flatMap { _ in
      Array((0..<width).shuffled(using: &random).prefix(degree)).sorted()
    }
  }

  private func compare(
    _ kernels: Kernels, _ kind: InputKind, degree: Int, rows: Int, offset: Int,
    using random: inout SplitMix64
  ) {
    let width = degree + 13
    let values = kind.floats(rows * degree, using: &random)
    let halves = kind.bfloats(rows * degree, using: &random)
    let places = columns(rows, degree, width: width, using: &random)
    let x = kind.floats(width, using: &random)
    let input = Block.input(x, offset: 1 - offset)
    let f32 = Block.input(values, offset: offset)
    let bf16 = Block.input(halves, offset: offset)
    let narrow = Block.input(places.map { UInt16($0) }, offset: offset)
    let wide = Block.input(places.map { UInt32($0) }, offset: 1 - offset)
    let outs = (0..<4).map { _ in
      Block.output([Float](repeating: 3, count: rows), offset: offset)
    }
    kernels.gatherDot(
      f32.start, narrow.start, columnBytes: 2, input.start, into: outs[0].start, rowCount: rows,
      degree: degree)
    kernels.gatherDot(
      f32.start, wide.start, columnBytes: 4, input.start, into: outs[1].start, rowCount: rows,
      degree: degree)
    kernels.gatherDot(
      bfloat16: bf16.start, narrow.start, columnBytes: 2, input.start, into: outs[2].start,
      rowCount: rows, degree: degree)
    kernels.gatherDot(
      bfloat16: bf16.start, wide.start, columnBytes: 4, input.start, into: outs[3].start,
      rowCount: rows, degree: degree)
    #expect(outs.allSatisfy { $0.hasIntactGuards }, "degree \(degree)")
    #expect(outs[0].values.map(\.bitPattern) == outs[1].values.map(\.bitPattern))
    #expect(outs[2].values.map(\.bitPattern) == outs[3].values.map(\.bitPattern))
    for row in 0..<rows {
      let range = (row * degree)..<((row + 1) * degree)
      let met = places[range].map { x[$0] }
      for (out, weights) in [
        (outs[0], Array(values[range])), (outs[2], halves[range].map(bfloat16Value)),
      ] {
        let (value, magnitude) = dotOracle(weights, met)
        let bound = dotBound(kernels, count: degree, magnitude: magnitude)
        #expect(abs(Double(out.values[row]) - value) <= bound, "degree \(degree), row \(row)")
      }
      // The order is that of dot, and no row knows of another.
      #expect(
        outs[0].values[row].bitPattern
          == kernels.dot(Array(values[range]), met, count: degree).bitPattern)
      #expect(
        outs[2].values[row].bitPattern
          == kernels.dot(bfloat16: Array(halves[range]), met, count: degree).bitPattern)
    }
  }

  @Test(arguments: Kernels.available, InputKind.allCases)
  func gatheredProductsHaveTheBitsOfDot(_ kernels: Kernels, _ kind: InputKind) {
    var random = SplitMix64(seed: 31)
    for degree in Array(0...67) + [127, 200, 513] {
      compare(kernels, kind, degree: degree, rows: 3, offset: degree % 2, using: &random)
    }
    compare(kernels, kind, degree: 7, rows: 0, offset: 0, using: &random)
  }

  @Test(arguments: Kernels.available)
  func nonfiniteTermsStayInTheirRow(_ kernels: Kernels) {
    for special in [Float.nan, .infinity, -.infinity] {
      for place in 0..<9 {
        var values = [Float](repeating: 1, count: 27)
        values[9 + place] = special
        let columns = (0..<27).map { UInt16($0 % 9) }
        var out: [Float] = [0, 0, 0]
        kernels.gatherDot(
          values, columns, columnBytes: 2, [Float](repeating: 1, count: 9), into: &out,
          rowCount: 3, degree: 9)
        #expect(out[0] == 9 && out[2] == 9)
        #expect(isSame(out[1], special))
      }
    }
  }

  @Test(arguments: Kernels.available, InputKind.allCases)
  func scatteredSumsRoundAsAxpy(_ kernels: Kernels, _ kind: InputKind) {
    var random = SplitMix64(seed: 32)
    for degree in Array(0...67) + [200] {
      let width = degree + 5
      let values = kind.floats(degree, using: &random)
      let halves = kind.bfloats(degree, using: &random)
      let places = columns(1, degree, width: width, using: &random)
      let y = kind.floats(width, using: &random)
      let alpha = Float.random(in: -3..<3, using: &random)
      for isHalf in [false, true] {
        let numbers = isHalf ? halves.map(bfloat16Value) : values
        var expected = y
        for (place, column) in places.enumerated() {
          let product = alpha * numbers[place]
          expected[column] =
            kernels.isa == .scalar
            ? y[column] + product : y[column].addingProduct(alpha, numbers[place])
        }
        for bytes in [2, 4] {
          let out = Block.output(y, offset: degree % 3)
          let narrow = Block.input(places.map { UInt16($0) })
          let wide = Block.input(places.map { UInt32($0) })
          switch (isHalf, bytes) {
          case (false, 2):
            kernels.scatterAxpy(
              alpha, values, narrow.start, columnBytes: 2, into: out.start, degree: degree)
          case (false, _):
            kernels.scatterAxpy(
              alpha, values, wide.start, columnBytes: 4, into: out.start, degree: degree)
          case (true, 2):
            kernels.scatterAxpy(
              alpha, bfloat16: halves, narrow.start, columnBytes: 2, into: out.start,
              degree: degree)
          case (true, _):
            kernels.scatterAxpy(
              alpha, bfloat16: halves, wide.start, columnBytes: 4, into: out.start,
              degree: degree)
          }
          #expect(out.hasIntactGuards)
          #expect(
            firstDifference(out.values.map(\.bitPattern), expected.map(\.bitPattern)) == nil,
            "degree \(degree)")
        }
      }
    }
  }
}
