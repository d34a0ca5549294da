import Tensors

/// Rows of `width` weights of which exactly `degree` are not zero, at places of their own.
///
/// `values` `[rowCount, degree]` f32 or bf16; `indices` `[rowCount, degree]` u16 or u32, ascending and
/// unique within a row: the columns of the values. A product costs O(degree) per row. Source: Expander
/// SAE (arXiv:2607.01799), whose letters are n = rowCount, m = width, d = degree.
///
/// A value type that borrows its bytes: copies share the storage and keep it alive.
package struct ExpanderMatrix: Sendable {
  package let rowCount: Int
  package let width: Int
  package let degree: Int
  package let values: RowMatrix
  package let indices: Tensor

  /// Checks every index.
  ///
  /// - Throws: `shape` for arrays that do not fit; `field` for an index that is not below `width`, or
  ///   not above the one before it.
  /// - Complexity: O(rowCount · degree).
  package init(
    rowCount: Int, width: Int, degree: Int, values: RowMatrix, indices: Tensor
  ) throws(DictionaryError) {
    guard values.rowCount == rowCount, values.width == degree else {
      throw DictionaryError(
        .shape(
          tensor: "expander values", found: [values.rowCount, values.width],
          expected: [rowCount, degree]))
    }
    guard indices.shape == [rowCount, degree] else {
      throw DictionaryError(
        .shape(tensor: "expander indices", found: indices.shape, expected: [rowCount, degree]))
    }
    guard indices.elementType == .u16 || indices.elementType == .u32 else {
      throw DictionaryError(
        .field(
          name: "expander indices", found: indices.elementType.rawValue, expected: "U16 or U32"))
    }
    guard degree >= 1, degree <= width else {
      throw DictionaryError(
        .field(name: "degree", found: "\(degree)", expected: "1 to \(width), the row width"))
    }
    guard width <= Int(Int32.max) else {
      throw DictionaryError(
        .field(name: "row width", found: "\(width)", expected: "at most \(Int32.max)"))
    }
    self.rowCount = rowCount
    self.width = width
    self.degree = degree
    self.values = values
    self.indices = indices
    for row in 0..<rowCount {
      var last = -1
      for place in 0..<degree {
        let column = column(row, place)
        guard column > last, column < width else {
          throw DictionaryError(
            .field(
              name: "expander indices[\(row)][\(place)]", found: "\(column)",
              expected: "\(last + 1) to \(width - 1): ascending, each once"))
        }
        last = column
      }
    }
  }

  /// The parts of a matrix that was checked.
  private init(checked values: RowMatrix, _ indices: Tensor, width: Int) {
    rowCount = values.rowCount
    degree = values.width
    self.width = width
    self.values = values
    self.indices = indices
  }

  package var byteCount: Int { values.byteCount + indices.byteCount }

  /// The column of value `place` of row `row`.
  package func column(_ row: Int, _ place: Int) -> Int {
    let address = indices.base + (row * degree + place) * indices.elementType.byteCount
    return indices.elementType == .u16
      ? Int(address.loadUnaligned(as: UInt16.self)) : Int(address.loadUnaligned(as: UInt32.self))
  }

  private var columnBytes: Int { indices.elementType.byteCount }
  private var f32: UnsafePointer<Float> { values.tensor.base.assumingMemoryBound(to: Float.self) }
  private var bf16: UnsafePointer<UInt16> {
    values.tensor.base.assumingMemoryBound(to: UInt16.self)
  }

  /// `row · x`, with `x` `[width]`.
  package func dot(_ row: Int, _ x: UnsafePointer<Float>, _ kernels: Kernels) -> Float {
    var product: Float = 0
    matvec(from: row, count: 1, x, into: &product, kernels)
    return product
  }

  /// `y += scale · row`, with `y` `[width]`.
  package func axpy(
    _ row: Int, scale: Float, into y: UnsafeMutablePointer<Float>, _ kernels: Kernels
  ) {
    assert(row >= 0 && row < rowCount)
    let start = row * degree
    let columns = indices.base + start * columnBytes
    switch values.element {
    case .f32:
      kernels.scatterAxpy(
        scale, f32 + start, columns, columnBytes: columnBytes, into: y, degree: degree)
    case .bf16:
      kernels.scatterAxpy(
        scale, bfloat16: bf16 + start, columns, columnBytes: columnBytes, into: y, degree: degree)
    }
  }

  /// `out[i] = rows[start + i] · x`, each equal bit for bit to ``dot(_:_:_:)`` of that row.
  package func matvec(
    from start: Int, count: Int, _ x: UnsafePointer<Float>,
    into out: UnsafeMutablePointer<Float>, _ kernels: Kernels
  ) {
    assert(start >= 0 && count >= 0 && start + count <= rowCount)
    let first = start * degree
    let columns = indices.base + first * columnBytes
    switch values.element {
    case .f32:
      kernels.gatherDot(
        f32 + first, columns, columnBytes: columnBytes, x, into: out, rowCount: count,
        degree: degree)
    case .bf16:
      kernels.gatherDot(
        bfloat16: bf16 + first, columns, columnBytes: columnBytes, x, into: out, rowCount: count,
        degree: degree)
    }
  }

  /// Row `row` widened to f32, `[width]`, zeros included.
  package func values(ofRow row: Int, _ kernels: Kernels) -> [Float] {
    var dense = [Float](repeating: 0, count: width)
    for (place, value) in values.values(ofRow: row, kernels).enumerated() {
      dense[column(row, place)] = value
    }
    return dense
  }

  /// The first NaN or infinity in `rows`, as (row, column), or nil.
  package func firstNonFinite(
    in rows: Range<Int>, _ kernels: Kernels
  ) -> (row: Int, column: Int)? {
    guard let bad = values.firstNonFinite(in: rows, kernels) else { return nil }
    return (bad.row, column(bad.row, bad.column))
  }

  /// The listed rows in memory of their own.
  package func gatheringRows(_ rows: [Int]) -> ExpanderMatrix {
    let rowBytes = degree * indices.elementType.byteCount
    let storage = Storage.allocate(byteCount: rows.count * rowBytes) { memory in
      guard let out = memory.baseAddress else { return }
      for (index, row) in rows.enumerated() {
        precondition(row >= 0 && row < rowCount, "row out of range")
        (out + index * rowBytes).copyMemory(
          from: indices.base + row * rowBytes, byteCount: rowBytes)
      }
    }
    return ExpanderMatrix(
      checked: values.gatheringRows(rows),
      Tensor(indices.elementType, shape: [rows.count, degree], storage: storage), width: width)
  }
}
