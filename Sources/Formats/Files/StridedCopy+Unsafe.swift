import Tensors

/// Gathers a strided view of an array into row-major memory.
enum StridedCopy {
  /// The side of the tiles in which the last two axes are copied: a row of either side stays in cache.
  private static let tile = 32

  /// Copies the elements of `shape` at `strides` into fresh memory.
  ///
  /// Element `[i, j, ...]` is read from element `offset + i * strides[0] + j * strides[1] + ...` behind
  /// `byteOffset` of `storage`. The caller has checked that all of them lie inside `storage`.
  /// - Parameters:
  ///   - shape: lengths per axis, at least one; no length is 0.
  ///   - strides: in elements, one per axis, not negative.
  static func copy(
    _ type: ElementType, shape: [Int], strides: [Int], storage: Storage, byteOffset: Int
  ) -> Tensor {
    precondition(shape.count == strides.count && !shape.isEmpty && !shape.contains(0))
    let byteCount = shape.reduce(type.byteCount, *)
    let source = storage.base + byteOffset
    let copy = Storage.allocate(byteCount: byteCount) { target in
      guard let out = target.baseAddress else { return }
      switch type.byteCount {
      case 1: gather(UInt8.self, source, out, shape, strides)
      case 2: gather(UInt16.self, source, out, shape, strides)
      case 4: gather(UInt32.self, source, out, shape, strides)
      default: gather(UInt64.self, source, out, shape, strides)
      }
    }
    return Tensor(type, shape: shape, storage: copy)
  }

  /// Strides of a row-major array, in elements.
  static func rowMajor(_ shape: [Int]) -> [Int] {
    var strides: [Int] = []
    var stride = 1
    for length in shape.reversed() {
      strides.append(stride)
      stride *= max(length, 1)
    }
    return strides.reversed()
  }

  /// Strides of a column-major (Fortran) array, in elements.
  static func columnMajor(_ shape: [Int]) -> [Int] {
    var strides: [Int] = []
    var stride = 1
    for length in shape {
      strides.append(stride)
      stride *= max(length, 1)
    }
    return strides
  }

  /// Whether `strides` address a row-major array without gaps; axes of length 1 may have any stride.
  static func isRowMajor(_ shape: [Int], strides: [Int]) -> Bool {
    zip(zip(shape, strides), rowMajor(shape)).allSatisfy { axis, expected in
      axis.0 <= 1 || axis.1 == expected
    }
  }

  private static func gather<T: BitwiseCopyable>(
    _: T.Type, _ source: UnsafeRawPointer, _ target: UnsafeMutableRawPointer, _ shape: [Int],
    _ strides: [Int]
  ) {
    let out = target.assumingMemoryBound(to: T.self)
    let columns = shape[shape.count - 1]
    let columnStride = strides[shape.count - 1]
    let rows = shape.count > 1 ? shape[shape.count - 2] : 1
    let rowStride = shape.count > 1 ? strides[shape.count - 2] : 0
    let outer = max(shape.count - 2, 0)
    var index = [Int](repeating: 0, count: outer)
    var start = 0
    var done = 0
    while true {
      matrix(T.self, source, start, out + done, rows, rowStride, columns, columnStride)
      done += rows * columns
      var axis = outer - 1
      while axis >= 0 {
        index[axis] += 1
        start += strides[axis]
        if index[axis] < shape[axis] { break }
        start -= strides[axis] * shape[axis]
        index[axis] = 0
        axis -= 1
      }
      if axis < 0 { return }
    }
  }

  private static func matrix<T: BitwiseCopyable>(
    _: T.Type, _ source: UnsafeRawPointer, _ start: Int, _ out: UnsafeMutablePointer<T>,
    _ rows: Int, _ rowStride: Int, _ columns: Int, _ columnStride: Int
  ) {
    let size = MemoryLayout<T>.size
    if columnStride == 1 {
      for row in 0..<rows {
        UnsafeMutableRawPointer(out + row * columns).copyMemory(
          from: source + (start + row * rowStride) * size, byteCount: columns * size)
      }
      return
    }
    for firstRow in stride(from: 0, to: rows, by: tile) {
      for firstColumn in stride(from: 0, to: columns, by: tile) {
        for row in firstRow..<min(firstRow + tile, rows) {
          for column in firstColumn..<min(firstColumn + tile, columns) {
            let place = start + row * rowStride + column * columnStride
            out[row * columns + column] = source.loadUnaligned(
              fromByteOffset: place * size, as: T.self)
          }
        }
      }
    }
  }
}
