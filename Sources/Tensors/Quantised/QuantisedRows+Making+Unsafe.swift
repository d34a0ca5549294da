extension QuantisedRows {
  // Weights between two reports of progress: some tens of milliseconds.
  private static let progressElements = 1 << 24

  /// The quantised form of a matrix, in memory of its own; nil when bounds could not hold.
  ///
  /// That is where a weight is not finite, a norm above ``largestNorm`` or a row wider than
  /// ``largestWidth``. The same bits on every instruction set, for any number of workers. `progress` is
  /// told now and then how many rows are done.
  ///
  /// - Complexity: O(rowCount · width): one pass at about the speed of memory.
  package static func make(
    _ matrix: RowMatrix, _ kernels: Kernels, workers: Workers,
    progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
  ) -> QuantisedRows? {
    guard matrix.width > 0, matrix.width <= largestWidth else { return nil }
    let padded = paddedWidth(matrix.width)
    var parts: [Tensor] = []
    let codeStorage = Storage.allocate(byteCount: matrix.rowCount * padded) { codes in
      let numbers = Storage.allocate(byteCount: 3 * matrix.rowCount * 4) { numbers in
        guard let codeBase = codes.baseAddress, let base = numbers.baseAddress else { return }
        let work = Quantising(
          matrix, kernels, parts: workers.count,
          codes: codeBase.assumingMemoryBound(to: Int8.self),
          numbers: base.assumingMemoryBound(to: Float.self))
        let step = max(workers.count, progressElements / matrix.width)
        for first in stride(from: 0, to: matrix.rowCount, by: step) {
          work.rows = first..<min(first + step, matrix.rowCount)
          workers.run(work)
          progress(work.rows.upperBound, matrix.rowCount)
        }
      }
      for place in 0..<3 {
        parts.append(
          Tensor(
            .f32, shape: [matrix.rowCount], storage: numbers,
            byteOffset: place * matrix.rowCount * 4))
      }
    }
    let codes = Tensor(.i8, shape: [matrix.rowCount, padded], storage: codeStorage)
    return try? QuantisedRows(
      width: matrix.width, codes: codes, scales: parts[0], residuals: parts[1], norms: parts[2])
  }
}

/// One worker's share of the rows.
///
/// Each part has a buffer of its own and writes rows of its own, so parts may run at once.
private final class Quantising: ParallelWork {
  private let matrix: RowMatrix
  private let kernels: Kernels
  private let buffers: [FloatBuffer]
  private let codes: UnsafeMutablePointer<Int8>
  private let numbers: UnsafeMutablePointer<Float>
  /// The rows to be done next; set between runs.
  var rows = 0..<0

  init(
    _ matrix: RowMatrix, _ kernels: Kernels, parts: Int, codes: UnsafeMutablePointer<Int8>,
    numbers: UnsafeMutablePointer<Float>
  ) {
    self.matrix = matrix
    self.kernels = kernels
    buffers = (0..<parts).map { _ in FloatBuffer(count: matrix.width) }
    self.codes = codes
    self.numbers = numbers
  }

  func run(part: Int, of count: Int) {
    let padded = QuantisedRows.paddedWidth(matrix.width)
    let total = matrix.rowCount
    let values = buffers[part].base
    for place in Workers.share(of: rows.count, part: part, of: count) {
      let row = rows.lowerBound + place
      matrix.widen(row, into: values, kernels)
      let out = codes + row * padded
      (out + matrix.width).update(repeating: 0, count: padded - matrix.width)
      guard kernels.firstNonfinite(values, count: matrix.width) == matrix.width else {
        // Refused by the check of the numbers.
        for place in 0..<3 { numbers[place * total + row] = .nan }
        continue
      }
      let result = kernels.quantise(values, count: matrix.width, into: out)
      numbers[row] = result.scale
      numbers[total + row] = result.residual
      numbers[2 * total + row] = result.norm
    }
  }
}
