import SAE
import Tensors

/// A matrix as it will stand in a file: a stored one, perhaps turned, read tile by tile.
struct ExportedMatrix {
  // Enough columns for every cache line that gathering them touches to be used whole.
  private static let leastGatheredRows = 16
  private static let tileElements = 1 << 18

  let stored: FeatureRows
  /// Whether rows of the file are columns of ``stored``.
  let isTurned: Bool

  init(_ stored: FeatureRows, isTurned: Bool = false) {
    self.stored = stored
    self.isTurned = isTurned
  }

  /// `encoder` with features as rows, or as columns.
  init(_ encoder: EncoderMatrix, featureMajor: Bool) {
    self.init(encoder.stored, isTurned: (encoder.layout == .featureMajor) != featureMajor)
  }

  /// Whether a row of the file is a column of memory.
  private var gathersColumns: Bool {
    guard case .turned = stored else { return isTurned }
    return !isTurned
  }

  var rowCount: Int { isTurned ? stored.width : stored.rowCount }
  var width: Int { isTurned ? stored.rowCount : stored.width }
  var elementType: ElementType { stored.elementType }
  var shape: [Int] { [rowCount, width] }

  /// Consecutive ranges of rows that cover all of them.
  var tiles: [Range<Int>] {
    let least = gathersColumns ? Self.leastGatheredRows : 1
    let step = max(least, Self.tileElements / max(width, 1))
    return stride(from: 0, to: rowCount, by: step).map { $0..<min($0 + step, rowCount) }
  }

  /// Rows `rows`, in the stored type or f32.
  func tile(_ rows: Range<Int>, _ kernels: Kernels) -> RowMatrix {
    switch (stored, isTurned) {
    case (.dense(let matrix), false): matrix.slice(rows)
    case (.dense(let matrix), true): matrix.gatheringColumns(Array(rows), kernels)
    case (.turned(let matrix), false): matrix.stored.gatheringColumns(Array(rows), kernels)
    case (.turned(let matrix), true): matrix.stored.slice(rows)
    case (.expander(let matrix), false):
      RowMatrix(
        rowCount: rows.count, width: width,
        values: rows.flatMap { matrix.values(ofRow: $0, kernels) })
    case (.expander(let matrix), true): turned(matrix, rows, kernels)
    }
  }

  private func turned(
    _ matrix: ExpanderMatrix, _ rows: Range<Int>, _ kernels: Kernels
  ) -> RowMatrix {
    var values = [Float](repeating: 0, count: rows.count * width)
    for feature in 0..<matrix.rowCount {
      for (place, value) in matrix.values.values(ofRow: feature, kernels).enumerated() {
        let column = matrix.column(feature, place)
        if rows.contains(column) { values[(column - rows.lowerBound) * width + feature] = value }
      }
    }
    return RowMatrix(rowCount: rows.count, width: width, values: values)
  }
}

extension RowMatrix {
  /// Rows `rows` where they lie.
  fileprivate func slice(_ rows: Range<Int>) -> RowMatrix {
    let tensor = Tensor(
      elementType, shape: [rows.count, width], storage: tensor.storage,
      byteOffset: tensor.byteOffset + rows.lowerBound * width * elementType.byteCount)
    guard let matrix = RowMatrix(tensor) else { fatalError("a slice keeps its element type") }
    return matrix
  }
}
