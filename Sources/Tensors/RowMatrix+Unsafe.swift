/// A read-only matrix of f32 or bf16 rows, computed on in its stored type.
///
/// Shape `[rowCount, width]`, row-major, contiguous, any alignment. Products accumulate in f32 or
/// better; see the kernel contracts in `docs/numerics.md`. A value type that borrows its bytes: copies
/// share the storage and keep it alive.
package struct RowMatrix: Sendable {
  package let rowCount: Int
  package let width: Int
  package let element: Element
  package let tensor: Tensor

  /// How far ahead of a pass a file is read.
  private static let prefetchedBytes = 16 << 20
  /// The smallest page: where pages are larger, some are asked for twice.
  private static let pageBytes = 4096

  /// The stored types that kernels read directly.
  package enum Element: Sendable {
    case f32
    case bf16

    var byteCount: Int { self == .f32 ? 4 : 2 }
  }

  /// Borrows a rank-2 f32 or bf16 tensor; nil for any other shape or type.
  package init?(_ tensor: Tensor) {
    guard tensor.shape.count == 2 else { return nil }
    switch tensor.elementType {
    case .f32: element = .f32
    case .bf16: element = .bf16
    default: return nil
    }
    rowCount = tensor.shape[0]
    width = tensor.shape[1]
    self.tensor = tensor
  }

  /// Copies `values`, `[rowCount, width]` row-major, into heap memory.
  package init(rowCount: Int, width: Int, values: [Float]) {
    precondition(values.count == rowCount * width, "values must fill [rowCount, width]")
    let tensor = Tensor(.f32, shape: [rowCount, width], storage: Storage(copying: values))
    self.rowCount = rowCount
    self.width = width
    self.element = .f32
    self.tensor = tensor
  }

  package var elementType: ElementType { element == .f32 ? .f32 : .bf16 }
  package var byteCount: Int { tensor.byteCount }

  private var base: UnsafeRawPointer { tensor.storage.base + tensor.byteOffset }

  private func f32(_ row: Int) -> UnsafePointer<Float> {
    (base + row * width * 4).assumingMemoryBound(to: Float.self)
  }

  private func bf16(_ row: Int) -> UnsafePointer<UInt16> {
    (base + row * width * 2).assumingMemoryBound(to: UInt16.self)
  }

  /// Where row `row` starts.
  package func address(ofRow row: Int) -> UnsafeRawPointer {
    assert(row >= 0 && row < rowCount)
    return base + row * width * element.byteCount
  }

  /// `row · x`, with `x` `[width]`.
  package func dot(_ row: Int, _ x: UnsafePointer<Float>, _ kernels: Kernels) -> Float {
    assert(row >= 0 && row < rowCount)
    switch element {
    case .f32: return kernels.dot(f32(row), x, count: width)
    case .bf16: return kernels.dot(bfloat16: bf16(row), x, count: width)
    }
  }

  /// `y += scale · row`, with `y` `[width]`.
  package func axpy(
    _ row: Int, scale: Float, into y: UnsafeMutablePointer<Float>, _ kernels: Kernels
  ) {
    assert(row >= 0 && row < rowCount)
    switch element {
    case .f32: kernels.axpy(scale, f32(row), into: y, count: width)
    case .bf16: kernels.axpy(scale, bfloat16: bf16(row), into: y, count: width)
    }
  }

  /// `out[i] = rows[start + i] · x`, each equal bit for bit to ``dot(_:_:_:)`` of that row.
  package func matvec(
    from start: Int, count: Int, _ x: UnsafePointer<Float>,
    into out: UnsafeMutablePointer<Float>, _ kernels: Kernels
  ) {
    assert(start >= 0 && count >= 0 && start + count <= rowCount)
    switch element {
    case .f32:
      kernels.matvec(
        rows: f32(start), rowStride: width, x, into: out, rowCount: count, columnCount: width)
    case .bf16:
      kernels.matvec(
        bfloat16: bf16(start), rowStride: width, x, into: out, rowCount: count, columnCount: width)
    }
  }

  /// `out[b][i] = rows[start + i] · inputs[b]`, each equal bit for bit to ``dot(_:_:_:)`` of that row.
  ///
  /// `inputs` is `[inputCount, width]`, rows of `out` are `outStride` apart.
  package func matmul(
    from start: Int, count: Int, inputs: UnsafePointer<Float>, inputCount: Int,
    into out: UnsafeMutablePointer<Float>, outStride: Int, _ kernels: Kernels
  ) {
    assert(start >= 0 && count >= 0 && start + count <= rowCount)
    switch element {
    case .f32:
      kernels.matmul(
        rows: f32(start), rowStride: width, inputs: inputs, inputStride: width, into: out,
        outStride: outStride, rowCount: count, inputCount: inputCount, columnCount: width)
    case .bf16:
      kernels.matmul(
        bfloat16: bf16(start), rowStride: width, inputs: inputs, inputStride: width, into: out,
        outStride: outStride, rowCount: count, inputCount: inputCount, columnCount: width)
    }
  }

  /// As ``matvec(from:count:_:into:_:)`` of all rows with `x` − `minus`, `[width]`, which is not stored.
  package func matvec(
    _ x: UnsafePointer<Float>, minus: UnsafePointer<Float>,
    into out: UnsafeMutablePointer<Float>, _ kernels: Kernels
  ) {
    switch element {
    case .f32:
      kernels.matvec(
        rows: f32(0), rowStride: width, x, minus: minus, into: out, rowCount: rowCount,
        columnCount: width)
    case .bf16:
      kernels.matvec(
        bfloat16: bf16(0), rowStride: width, x, minus: minus, into: out, rowCount: rowCount,
        columnCount: width)
    }
  }

  /// Row `row` widened to f32.
  package func values(ofRow row: Int, _ kernels: Kernels) -> [Float] {
    [Float](unsafeUninitializedCapacity: width) { buffer, count in
      count = width
      guard let out = buffer.baseAddress else { return }
      widen(row, into: out, kernels)
    }
  }

  /// Writes row `row`, widened to f32, to `out`, `[width]`.
  package func widen(_ row: Int, into out: UnsafeMutablePointer<Float>, _ kernels: Kernels) {
    switch element {
    case .f32: out.update(from: f32(row), count: width)
    case .bf16: kernels.widen(bfloat16: bf16(row), into: out, count: width)
    }
  }

  /// The Euclidean norm of row `row`, summed in f64.
  package func norm(ofRow row: Int, _ kernels: Kernels) -> Double {
    var sum = 0.0
    for value in values(ofRow: row, kernels) { sum += Double(value) * Double(value) }
    return sum.squareRoot()
  }

  /// The largest absolute value in row `row`; NaN when there is a NaN in it.
  package func largestMagnitude(ofRow row: Int, _ kernels: Kernels) -> Float {
    var largest: Float = 0
    for value in values(ofRow: row, kernels) {
      guard !value.isNaN else { return .nan }
      largest = max(largest, abs(value))
    }
    return largest
  }

  /// The first NaN or infinity in `rows`, as (row, column), or nil.
  package func firstNonFinite(
    in rows: Range<Int>, _ kernels: Kernels
  ) -> (row: Int, column: Int)? {
    guard !rows.isEmpty, width > 0 else { return nil }
    // The next block comes from the disk while this one is looked at.
    let step = max(1, Self.prefetchedBytes / (width * element.byteCount))
    willRead(rows: rows.lowerBound..<min(rows.lowerBound + step, rows.upperBound))
    for start in stride(from: rows.lowerBound, to: rows.upperBound, by: step) {
      let end = min(start + step, rows.upperBound)
      willRead(rows: end..<min(end + step, rows.upperBound))
      let count = (end - start) * width
      let found =
        switch element {
        case .f32: kernels.firstNonfinite(f32(start), count: count)
        case .bf16: kernels.firstNonfinite(bfloat16: bf16(start), count: count)
        }
      if found < count { return (start + found / width, found % width) }
    }
    return nil
  }

  /// Says that rows are read next, see ``Storage/willRead(_:)``.
  private func willRead(rows: Range<Int>) {
    let rowBytes = width * element.byteCount
    let start = tensor.byteOffset + rows.lowerBound * rowBytes
    tensor.storage.willRead(start..<(start + rows.count * rowBytes))
  }

  /// Says that columns are read next: a page each where rows are far apart, else everything.
  private func willRead(columns: [Int]) {
    let rowBytes = width * element.byteCount
    guard columns.count * 4 * Self.pageBytes < rowBytes else {
      return willRead(rows: 0..<rowCount)
    }
    var last = -1
    for row in 0..<rowCount {
      for column in columns {
        let start = tensor.byteOffset + row * rowBytes + column * element.byteCount
        let page = start / Self.pageBytes
        if page != last { tensor.storage.willRead(start..<(start + element.byteCount)) }
        last = page
      }
    }
  }

  /// The transposed matrix `[width, rowCount]` in fresh memory, in the same stored type.
  package func transposed(_ kernels: Kernels) -> RowMatrix {
    make(rowCount: width, width: rowCount) { out in
      switch element {
      case .f32:
        kernels.transpose(
          base.assumingMemoryBound(to: UInt32.self), inputStride: width,
          into: out.assumingMemoryBound(to: UInt32.self), outStride: rowCount,
          rows: rowCount, columns: width)
      case .bf16:
        kernels.transpose(
          base.assumingMemoryBound(to: UInt16.self), inputStride: width,
          into: out.assumingMemoryBound(to: UInt16.self), outStride: rowCount,
          rows: rowCount, columns: width)
      }
    }
  }

  /// The listed columns as rows of a new matrix `[columns.count, rowCount]`.
  package func gatheringColumns(_ columns: [Int], _ kernels: Kernels) -> RowMatrix {
    precondition(columns.allSatisfy { $0 >= 0 && $0 < width }, "column out of range")
    willRead(columns: columns)
    return make(rowCount: columns.count, width: rowCount) { out in
      for (index, column) in columns.enumerated() {
        switch element {
        case .f32:
          kernels.gather(
            base.assumingMemoryBound(to: UInt32.self) + column, stride: width,
            into: out.assumingMemoryBound(to: UInt32.self) + index * rowCount, count: rowCount)
        case .bf16:
          kernels.gather(
            base.assumingMemoryBound(to: UInt16.self) + column, stride: width,
            into: out.assumingMemoryBound(to: UInt16.self) + index * rowCount, count: rowCount)
        }
      }
    }
  }

  /// The listed rows as a new contiguous matrix `[rows.count, width]`.
  package func gatheringRows(_ rows: [Int]) -> RowMatrix {
    precondition(rows.allSatisfy { $0 >= 0 && $0 < rowCount }, "row out of range")
    for row in rows { willRead(rows: row..<(row + 1)) }
    return make(rowCount: rows.count, width: width) { out in
      let stride = width * element.byteCount
      for (index, row) in rows.enumerated() {
        (out + index * stride).copyMemory(from: base + row * stride, byteCount: stride)
      }
    }
  }

  private func make(
    rowCount: Int, width: Int, _ fill: (UnsafeMutableRawPointer) -> Void
  ) -> RowMatrix {
    let byteCount = rowCount * width * element.byteCount
    let storage = Storage.allocate(byteCount: byteCount) { memory in
      guard byteCount > 0, let out = memory.baseAddress else { return }
      fill(out)
    }
    guard
      let matrix = RowMatrix(
        Tensor(elementType, shape: [rowCount, width], storage: storage))
    else { fatalError("a matrix keeps its element type") }
    return matrix
  }
}
