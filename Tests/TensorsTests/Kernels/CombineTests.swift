import TestSupport
import Tensors
import Testing

@Suite struct CombineTests {
  /// What starts the sum and what is added to it.
  enum Ends: String, CaseIterable, Sendable {
    case neither, start, base, both, inPlace

    var hasStart: Bool { self == .start || self == .both }
    var hasBase: Bool { self == .base || self == .both || self == .inPlace }
  }

  /// Every number of rows around the size of a group, and some groups.
  static let rowCounts = Array(0...18) + [31, 32, 33, 50]

  /// Checks one shape: the bits of `axpy`, row after row, and nothing written beside the output.
  private func check(
    _ kernels: Kernels, rows: Int, columns: Int, offset: Int, _ kind: InputKind, _ ends: Ends,
    using random: inout SplitMix64
  ) {
    let floats = (0..<rows).map { row in
      Block.input(kind.floats(columns, using: &random), offset: (row + offset) % 3)
    }
    let halves = (0..<rows).map { row in
      Block.input(kind.bfloats(columns, using: &random), offset: (row + offset) % 3)
    }
    let scales = (0..<rows).map { $0 % 7 == 5 ? 0 : Float.random(in: -3..<3, using: &random) }
    let start = Block.input(kind.floats(columns, using: &random), offset: offset)
    let base = kind.floats(columns, using: &random)
    let baseBlock = Block.input(base, offset: 1 - offset)
    let out = Block.output(base, offset: offset)
    let outHalf = Block.output(base, offset: offset)
    func basePointer(_ out: Block<Float>) -> UnsafePointer<Float>? {
      guard ends.hasBase else { return nil }
      return UnsafePointer(ends == .inPlace ? out.start : baseBlock.start)
    }

    defer { withExtendedLifetime((floats, halves, start, baseBlock)) {} }

    let isFinite = kernels.combine(
      floats.map { UnsafePointer($0.start) }, scales, rowCount: rows,
      start: ends.hasStart ? UnsafePointer(start.start) : nil, base: basePointer(out),
      into: out.start, count: columns)
    let isHalfFinite = kernels.combine(
      bfloat16: halves.map { UnsafePointer($0.start) }, scales, rowCount: rows,
      start: ends.hasStart ? UnsafePointer(start.start) : nil, base: basePointer(outHalf),
      into: outHalf.start, count: columns)

    var expected = ends.hasStart ? start.values : [Float](repeating: 0, count: columns)
    var expectedHalf = expected
    for row in 0..<rows {
      kernels.axpy(scales[row], floats[row].start, into: &expected, count: columns)
      kernels.axpy(scales[row], bfloat16: halves[row].start, into: &expectedHalf, count: columns)
    }
    if ends.hasBase {
      expected = zip(base, expected).map { $0 + $1 }
      expectedHalf = zip(base, expectedHalf).map { $0 + $1 }
    }
    let place = "[\(rows), \(columns)], \(ends), offset \(offset)"
    #expect(
      firstDifference(out.values.map(\.bitPattern), expected.map(\.bitPattern)) == nil, "\(place)")
    #expect(
      firstDifference(outHalf.values.map(\.bitPattern), expectedHalf.map(\.bitPattern)) == nil,
      "\(place)")
    #expect(out.hasIntactGuards && outHalf.hasIntactGuards, "\(place)")
    #expect(isFinite && isHalfFinite, "\(place)")
  }

  @Test(arguments: Kernels.available, Ends.allCases)
  func hasTheBitsOfAxpy(_ kernels: Kernels, _ ends: Ends) {
    var random = SplitMix64(seed: 31)
    for columns in kernelSizes where columns <= 255 {
      for rows in [0, 3, 17] {
        for offset in 0...1 {
          check(
            kernels, rows: rows, columns: columns, offset: offset, .heavyTailed, ends,
            using: &random)
        }
      }
    }
  }

  @Test(arguments: Kernels.available, rowCounts)
  func anyNumberOfRowsHasTheBitsOfAxpy(_ kernels: Kernels, _ rows: Int) {
    var random = SplitMix64(seed: 32)
    for kind in [InputKind.heavyTailed, .subnormal] {
      // On both sides of a block of columns, and a ragged end.
      for columns in [33, 128, 1024, 1061] {
        check(kernels, rows: rows, columns: columns, offset: 1, kind, .inPlace, using: &random)
      }
    }
  }

  /// The exact sum in f64, and the bound of that many fused steps.
  @Test(arguments: Kernels.available, InputKind.allCases)
  func staysWithinTheReductionBound(_ kernels: Kernels, _ kind: InputKind) {
    var random = SplitMix64(seed: 33)
    let rows = 37
    let columns = 300
    let values = (0..<rows).map { _ in kind.floats(columns, using: &random) }
    let scales = (0..<rows).map { _ in Float.random(in: -3..<3, using: &random) }
    let blocks = values.map { Block.input($0) }
    var out = [Float](repeating: .nan, count: columns)
    let isFinite = withExtendedLifetime(blocks) {
      kernels.combine(
        blocks.map { UnsafePointer($0.start) }, scales, rowCount: rows, start: nil, base: nil,
        into: &out, count: columns)
    }
    #expect(isFinite)
    for column in 0..<columns {
      let (value, magnitude) = dotOracle(values.map { $0[column] }, scales)
      let bound = Double(rows + 1) * (1.01 * 0x1p-23 * magnitude + 0x1p-149)
      #expect(abs(Double(out[column]) - value) <= bound)
    }
  }

  @Test(arguments: Kernels.available)
  func everyNonfiniteElementIsSeen(_ kernels: Kernels) {
    for columns in [1, 7, 8, 15, 16, 17, 63, 64, 67, 128, 131, 1025] {
      for rows in [0, 1, 17] {
        let row = Block.input([Float](repeating: 1, count: columns))
        let pointers = [UnsafePointer<Float>](repeating: UnsafePointer(row.start), count: rows)
        defer { withExtendedLifetime(row) {} }
        let scales = [Float](repeating: 2, count: rows)
        for position in Set([0, columns / 2, columns - 1]) {
          for special in [Float.nan, .infinity, -.infinity] {
            var base = [Float](repeating: 1, count: columns)
            base[position] = special
            var out = [Float](repeating: 0, count: columns)
            let isFinite = kernels.combine(
              pointers, scales, rowCount: rows, start: nil, base: base, into: &out, count: columns)
            #expect(!isFinite, "[\(rows), \(columns)] at \(position)")
            let expected = (0..<columns).map { $0 == position ? special : 1 + 2 * Float(rows) }
            #expect(zip(out, expected).allSatisfy(isSame))
          }
        }
        // Overflow of the sum itself, and none by a hair.
        guard rows > 0 else { continue }
        var out = [Float](repeating: 0, count: columns)
        let largest = [Float](repeating: .greatestFiniteMagnitude, count: columns)
        #expect(
          kernels.combine(
            pointers, scales, rowCount: rows, start: nil, base: largest, into: &out, count: columns)
        )
        row.start[columns - 1] = 0x1p120
        #expect(
          !kernels.combine(
            pointers, scales, rowCount: rows, start: nil, base: largest, into: &out, count: columns)
        )
      }
    }
  }

  @Test(arguments: Kernels.available)
  func infiniteCoefficientsStayOutOfThePadding(_ kernels: Kernels) {
    for columns in [1, 9, 17, 33] {
      let row = Block.input([Float](repeating: 1, count: columns))
      var out = [Float](repeating: 0, count: columns)
      let isFinite = withExtendedLifetime(row) {
        kernels.combine(
          [UnsafePointer(row.start)], [.infinity], rowCount: 1, start: nil, base: nil, into: &out,
          count: columns)
      }
      #expect(!isFinite && out.allSatisfy { $0 == .infinity })
    }
  }
}
