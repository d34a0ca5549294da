import Tensors

/// One row of weights per feature: dense, dense but stored as columns, or with the same few non-zeros in
/// each.
///
/// Shape `[rowCount, width]`. Thread rule: immutable; share it between threads.
package enum FeatureRows: Sendable {
  case dense(RowMatrix)
  case turned(TurnedMatrix)
  case expander(ExpanderMatrix)

  package var rowCount: Int {
    switch self {
    case .dense(let matrix): matrix.rowCount
    case .turned(let matrix): matrix.rowCount
    case .expander(let matrix): matrix.rowCount
    }
  }

  package var width: Int {
    switch self {
    case .dense(let matrix): matrix.width
    case .turned(let matrix): matrix.width
    case .expander(let matrix): matrix.width
    }
  }

  package var elementType: ElementType {
    switch self {
    case .dense(let matrix): matrix.elementType
    case .turned(let matrix): matrix.stored.elementType
    case .expander(let matrix): matrix.values.elementType
    }
  }

  /// Bytes of the weights as stored, and of the places of non-zeros where they are listed.
  package var byteCount: Int {
    switch self {
    case .dense(let matrix): matrix.byteCount
    case .turned(let matrix): matrix.stored.byteCount
    case .expander(let matrix): matrix.byteCount
    }
  }

  /// The bytes that one row takes as stored.
  package var rowByteCount: Int { rowCount > 0 ? byteCount / rowCount : 0 }

  /// Whether both are the same bytes in memory, row for row.
  package func isSame(as other: FeatureRows) -> Bool {
    switch (self, other) {
    case (.dense(let a), .dense(let b)):
      a.rowCount == b.rowCount && a.width == b.width && a.tensor.isSame(as: b.tensor)
    case (.turned(let a), .turned(let b)): a.stored.tensor.isSame(as: b.stored.tensor)
    case (.expander(let a), .expander(let b)):
      a.width == b.width && a.values.tensor.isSame(as: b.values.tensor)
        && a.indices.isSame(as: b.indices)
    case (.dense, _), (.turned, _), (.expander, _): false
    }
  }

  /// `row · x`, with `x` `[width]`.
  package func dot(_ row: Int, _ x: UnsafePointer<Float>, _ kernels: Kernels) -> Float {
    switch self {
    case .dense(let matrix): matrix.dot(row, x, kernels)
    case .turned(let matrix): matrix.featureMajor(kernels).dot(row, x, kernels)
    case .expander(let matrix): matrix.dot(row, x, kernels)
    }
  }

  /// `y += scale · row`, with `y` `[width]`.
  package func axpy(
    _ row: Int, scale: Float, into y: UnsafeMutablePointer<Float>, _ kernels: Kernels
  ) {
    switch self {
    case .dense(let matrix): matrix.axpy(row, scale: scale, into: y, kernels)
    case .turned(let matrix):
      matrix.featureMajor(kernels).axpy(row, scale: scale, into: y, kernels)
    case .expander(let matrix): matrix.axpy(row, scale: scale, into: y, kernels)
    }
  }

  /// Writes base + Σ scale · row to `out`, `[width]`, over the rows that `body` names in turn; returns
  /// whether all of it is finite.
  ///
  /// The sum has the bits of ``axpy(_:scale:into:_:)``, row after row, from zeros.
  package func combine(
    base: UnsafePointer<Float>, into out: UnsafeMutablePointer<Float>, _ kernels: Kernels,
    _ body: (_ add: (_ row: Int, _ scale: Float) -> Void) -> Void
  ) -> Bool {
    switch self {
    case .dense(let matrix):
      return RowSum.write(into: out, width: width, base: base, kernels) { sum in
        body { row, scale in sum.add(matrix, row: row, scale: scale) }
      }
    case .turned(let turned):
      let matrix = turned.featureMajor(kernels)
      return RowSum.write(into: out, width: width, base: base, kernels) { sum in
        body { row, scale in sum.add(matrix, row: row, scale: scale) }
      }
    case .expander(let matrix):
      out.update(repeating: 0, count: width)
      body { row, scale in matrix.axpy(row, scale: scale, into: out, kernels) }
      return RowSum.write(into: out, width: width, start: out, base: base, kernels) { _ in }
    }
  }

  /// `out[i] = rows[start + i] · x`, each equal bit for bit to ``dot(_:_:_:)`` of that row.
  package func matvec(
    from start: Int, count: Int, _ x: UnsafePointer<Float>,
    into out: UnsafeMutablePointer<Float>, _ kernels: Kernels
  ) {
    switch self {
    case .dense(let matrix): matrix.matvec(from: start, count: count, x, into: out, kernels)
    case .turned(let matrix):
      matrix.featureMajor(kernels).matvec(from: start, count: count, x, into: out, kernels)
    case .expander(let matrix): matrix.matvec(from: start, count: count, x, into: out, kernels)
    }
  }

  /// `out[b][i] = rows[start + i] · inputs[b]`, each equal bit for bit to ``dot(_:_:_:)`` of that row.
  ///
  /// `inputs` is `[inputCount, width]`, rows of `out` are `outStride` apart.
  package func matmul(
    from start: Int, count: Int, inputs: UnsafePointer<Float>, inputCount: Int,
    into out: UnsafeMutablePointer<Float>, outStride: Int, _ kernels: Kernels
  ) {
    switch self {
    case .dense(let matrix):
      matrix.matmul(
        from: start, count: count, inputs: inputs, inputCount: inputCount, into: out,
        outStride: outStride, kernels)
    case .turned, .expander:
      for input in 0..<inputCount {
        matvec(
          from: start, count: count, inputs + input * width, into: out + input * outStride, kernels)
      }
    }
  }

  /// As ``matvec(from:count:_:into:_:)`` of all rows, which must be dense, with `x` − `minus`, `[width]`,
  /// which is not stored.
  package func matvec(
    _ x: UnsafePointer<Float>, minus: UnsafePointer<Float>,
    into out: UnsafeMutablePointer<Float>, _ kernels: Kernels
  ) {
    switch self {
    case .dense(let matrix): matrix.matvec(x, minus: minus, into: out, kernels)
    case .turned(let matrix):
      matrix.featureMajor(kernels).matvec(x, minus: minus, into: out, kernels)
    case .expander: fatalError("sparse rows leave elements of x out")
    }
  }

  /// Row `row` widened to f32, zeros included.
  package func values(ofRow row: Int, _ kernels: Kernels) -> [Float] {
    switch self {
    case .dense(let matrix): matrix.values(ofRow: row, kernels)
    case .turned(let matrix): matrix.gatheringRows([row], kernels).values(ofRow: 0, kernels)
    case .expander(let matrix): matrix.values(ofRow: row, kernels)
    }
  }

  /// The Euclidean norm of row `row`, summed in f64.
  package func norm(ofRow row: Int, _ kernels: Kernels) -> Double {
    switch self {
    case .dense(let matrix): matrix.norm(ofRow: row, kernels)
    case .turned(let matrix): matrix.gatheringRows([row], kernels).norm(ofRow: 0, kernels)
    case .expander(let matrix): matrix.values.norm(ofRow: row, kernels)
    }
  }

  /// The Euclidean norm of every row, each the bits of ``norm(ofRow:_:)``, `[rowCount]`.
  ///
  /// Columns are turned first: gathering them row by row would read the whole matrix for each.
  package func norms(_ kernels: Kernels) -> [Double] {
    if let matrix = denseMatrix(kernels) {
      return (0..<matrix.rowCount).map { matrix.norm(ofRow: $0, kernels) }
    }
    return (0..<rowCount).map { norm(ofRow: $0, kernels) }
  }

  /// The first NaN or infinity in `rows`, in the order of storage, as (row, column), or nil.
  package func firstNonFinite(
    in rows: Range<Int>, _ kernels: Kernels
  ) -> (row: Int, column: Int)? {
    switch self {
    case .dense(let matrix): matrix.firstNonFinite(in: rows, kernels)
    case .turned(let matrix):
      if rows == 0..<matrix.rowCount {
        matrix.stored.firstNonFinite(in: 0..<matrix.width, kernels)
          .map { (row: $0.column, column: $0.row) }
      } else {
        matrix.gatheringRows(Array(rows), kernels).firstNonFinite(in: 0..<rows.count, kernels)
          .map { (row: rows.lowerBound + $0.row, column: $0.column) }
      }
    case .expander(let matrix): matrix.firstNonFinite(in: rows, kernels)
    }
  }

  /// The listed rows in memory of their own, dense where all are.
  package func gathering(_ rows: [Int], _ kernels: Kernels) -> FeatureRows {
    switch self {
    case .dense(let matrix): .dense(matrix.gatheringRows(rows))
    case .turned(let matrix): .dense(matrix.gatheringRows(rows, kernels))
    case .expander(let matrix): .expander(matrix.gatheringRows(rows))
    }
  }

  /// The listed rows as a dense matrix `[rows.count, width]`, in the stored type where that is dense.
  package func gatheringRows(_ rows: [Int], _ kernels: Kernels) -> RowMatrix {
    switch self {
    case .dense(let matrix): matrix.gatheringRows(rows)
    case .turned(let matrix): matrix.gatheringRows(rows, kernels)
    case .expander(let matrix):
      RowMatrix(
        rowCount: rows.count, width: width,
        values: rows.flatMap { matrix.values(ofRow: $0, kernels) })
    }
  }

  /// All rows as one dense matrix, nil where only non-zeros are stored.
  ///
  /// - Complexity: O(rowCount · width) on the first call for columns, else O(1).
  package func denseMatrix(_ kernels: Kernels) -> RowMatrix? {
    switch self {
    case .dense(let matrix): matrix
    case .turned(let matrix): matrix.featureMajor(kernels)
    case .expander: nil
    }
  }
}

extension Tensor {
  /// Whether both are the same bytes in memory, read the same way.
  fileprivate func isSame(as other: Tensor) -> Bool {
    storage === other.storage && byteOffset == other.byteOffset && shape == other.shape
      && elementType == other.elementType
  }
}

extension StoredArray<Float> {
  /// All elements of `rows` widened to f32, row-major, zeros included.
  package init(_ rows: FeatureRows, _ kernels: Kernels) {
    switch rows {
    case .dense(let matrix): self.init(matrix, kernels)
    case .turned(let matrix): self.init(matrix.featureMajor(kernels), kernels)
    case .expander(let matrix):
      self.init((0..<matrix.rowCount).flatMap { matrix.values(ofRow: $0, kernels) })
    }
  }
}

extension Digest {
  /// Shape, element type and elements; the places of non-zeros too where they are listed.
  package mutating func update(_ rows: FeatureRows) {
    switch rows {
    case .dense(let matrix): update(matrix)
    case .turned(let matrix): update(matrix.featureMajor(.best))
    case .expander(let matrix):
      update("expander")
      update(matrix.width)
      update(matrix.values)
      for row in 0..<matrix.rowCount {
        for place in 0..<matrix.degree { update(matrix.column(row, place)) }
      }
    }
  }
}
