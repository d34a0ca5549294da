/// Sparse activations of a run of rows, in compressed-row form.
///
/// Row r's active features are `indices[rowOffsets[r] ..< rowOffsets[r + 1]]`, ascending, with the
/// activations at the same places of `values`. Every value is non-zero; signed σ give negative ones. A
/// row whose normalisation is undefined has no entries and is listed in ``undefinedRows``: each of its
/// activations stands for NaN.
public struct SparseCodes: Sendable, Equatable {
  /// Number of features of the dictionary that made the codes.
  public let featureCount: Int
  /// `[rowCount + 1]`, starting at 0.
  public internal(set) var rowOffsets: [Int] = [0]
  /// Feature indices of all rows, ascending within a row.
  public internal(set) var indices: [Int32] = []
  /// Activations, one per index.
  public internal(set) var values: [Float] = []
  /// Rows whose normalisation is undefined (a zero row under a norm rescale), ascending.
  public internal(set) var undefinedRows: [Int] = []

  /// Makes an empty list of codes.
  public init(featureCount: Int) {
    self.featureCount = featureCount
  }

  /// Number of rows encoded so far.
  public var rowCount: Int { rowOffsets.count - 1 }

  /// Positions in `indices` and `values` that belong to row `row`.
  public func range(ofRow row: Int) -> Range<Int> { rowOffsets[row]..<rowOffsets[row + 1] }

  /// The activation of `feature` in row `row`: 0 when it is not active, NaN in an undefined row.
  public func activation(of feature: Int, row: Int) -> Float {
    guard let key = Int32(exactly: feature) else { return 0 }
    guard !isUndefined(row: row) else { return .nan }
    var low = rowOffsets[row]
    var high = rowOffsets[row + 1]
    while low < high {
      let middle = (low + high) / 2
      if indices[middle] < key { low = middle + 1 } else { high = middle }
    }
    return low < rowOffsets[row + 1] && indices[low] == key ? values[low] : 0
  }

  /// Whether row `row` has no defined activations.
  public func isUndefined(row: Int) -> Bool {
    var low = 0
    var high = undefinedRows.count
    while low < high {
      let middle = (low + high) / 2
      if undefinedRows[middle] < row { low = middle + 1 } else { high = middle }
    }
    return low < undefinedRows.count && undefinedRows[low] == row
  }

  /// Forgets all rows and keeps the memory.
  public mutating func removeAll() {
    rowOffsets.removeAll(keepingCapacity: true)
    rowOffsets.append(0)
    indices.removeAll(keepingCapacity: true)
    values.removeAll(keepingCapacity: true)
    undefinedRows.removeAll(keepingCapacity: true)
  }

  /// Forgets every row from `count` on, and what was appended to a row that never ended.
  mutating func keepRows(_ count: Int) {
    rowOffsets.removeSubrange((count + 1)...)
    indices.removeSubrange(rowOffsets[count]...)
    values.removeSubrange(rowOffsets[count]...)
    undefinedRows.removeAll { $0 >= count }
  }

  mutating func append(_ feature: Int, _ value: Float) {
    indices.append(Int32(truncatingIfNeeded: feature))
    values.append(value)
  }

  mutating func endRow() { rowOffsets.append(indices.count) }
}
