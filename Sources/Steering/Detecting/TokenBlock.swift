import Formats

/// A run of a shard's rows with their codes.
struct TokenBlock {
  /// The first row.
  var first: Int
  /// Where each row's features start, `[count + 1]`, from 0.
  var offsets: [Int]
  /// Features of all rows, ascending within a row.
  var features: [Int32]
  /// Their activations.
  var values: [Float]
  /// Whether each row has no defined activations, `[count]`.
  var isUndefined: [Bool]
  /// Euclidean norm of each row, `[count]`; nil where it is not known.
  var norms: [Double]?

  /// Rows.
  var count: Int { isUndefined.count }
}

/// Where a shard's rows come from: residual rows that are encoded, or stored codes.
protocol TokenBlocks: AnyObject {
  /// Features of the dictionary that the codes are of.
  var featureCount: Int { get }
  /// The next rows in order, or nil after the last.
  func next() throws(SteeringError) -> TokenBlock?
  /// Adds row `row`, which the last block holds, to `sums`.
  func add(row: Int, to sums: inout [Double])
}

/// Codes that were made before.
protocol StoredCodes: TokenBlocks {
  var rowCount: Int { get }
  /// Whether the norms of the encoded rows are known.
  var hasNorms: Bool { get }
  /// Throws when a file has changed since it was opened.
  func checkUnchanged() throws(FormatError)
}
