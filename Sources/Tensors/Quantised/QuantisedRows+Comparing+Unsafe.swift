import Glibc

extension QuantisedRows {
  /// The first row that does not have the codes and limits that quantising that row of `matrix` gives.
  ///
  /// Nil where all do: then every bound holds for this matrix. Rows that are not finite have none.
  ///
  /// - Complexity: O(rowCount · width): one pass over both, at about the speed of memory.
  package func firstDifference(
    from matrix: RowMatrix, _ kernels: Kernels, workers: Workers
  ) -> Int? {
    guard matrix.rowCount == rowCount, matrix.width == width else { return 0 }
    let work = Comparing(self, matrix, kernels, parts: workers.count)
    workers.run(work)
    return work.first
  }

  /// Whether row `row` has the codes and limits that quantising row `row` of `matrix` gives.
  package func matches(_ matrix: RowMatrix, row: Int, _ kernels: Kernels) -> Bool {
    guard matrix.rowCount == rowCount, matrix.width == width else { return false }
    let work = Comparing(self, matrix, kernels, parts: 1)
    return !work.differs(row, part: 0)
  }
}

/// One worker's share of the rows; each part has memory of its own, so parts may run at once.
private final class Comparing: ParallelWork {
  private let quantised: QuantisedRows
  private let matrix: RowMatrix
  private let kernels: Kernels
  private let values: [FloatBuffer]
  private let codes: UnsafeMutablePointer<Int8>
  private let differences: UnsafeMutablePointer<Int>
  private let parts: Int

  init(_ quantised: QuantisedRows, _ matrix: RowMatrix, _ kernels: Kernels, parts: Int) {
    self.quantised = quantised
    self.matrix = matrix
    self.kernels = kernels
    self.parts = parts
    values = (0..<parts).map { _ in FloatBuffer(count: matrix.width) }
    // Zeroed: the padding behind a row's codes must be.
    codes = .allocate(capacity: parts * quantised.paddedWidth)
    codes.initialize(repeating: 0, count: parts * quantised.paddedWidth)
    differences = .allocate(capacity: parts)
    differences.initialize(repeating: .max, count: parts)
  }

  deinit {
    codes.deallocate()
    differences.deallocate()
  }

  /// The lowest row in which any part found a difference.
  var first: Int? {
    let lowest = (0..<parts).map { differences[$0] }.min() ?? .max
    return lowest == .max ? nil : lowest
  }

  func run(part: Int, of count: Int) {
    for row in Workers.share(of: matrix.rowCount, part: part, of: count)
    where differs(row, part: part) {
      differences[part] = row
      return
    }
  }

  func differs(_ row: Int, part: Int) -> Bool {
    let padded = quantised.paddedWidth
    let row32 = values[part].base
    matrix.widen(row, into: row32, kernels)
    guard kernels.firstNonfinite(row32, count: matrix.width) == matrix.width else { return true }
    let expected = codes + part * padded
    let result = kernels.quantise(row32, count: matrix.width, into: expected)
    let found = quantised.codeBase + row * padded
    guard memcmp(found, expected, padded) == 0 else { return true }
    return QuantisedRows.floats(quantised.scales)[row].bitPattern != result.scale.bitPattern
      || QuantisedRows.floats(quantised.residuals)[row].bitPattern != result.residual.bitPattern
      || QuantisedRows.floats(quantised.norms)[row].bitPattern != result.norm.bitPattern
  }
}
