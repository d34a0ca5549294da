import Tensors

/// Which rows a dictionary can be judged on: no special tokens, no high-norm sinks.
///
/// A row is ordinary when it is not special (by the file's `special` mask, else by position 0, where
/// the file has positions) and its norm is below ``sinkFactor`` times the median norm of all rows.
public struct OrdinaryRows: Sendable {
  /// Multiple of the median norm from which a row counts as a sink.
  public static let sinkFactor = 5.0

  /// One flag per row.
  public let isOrdinary: [Bool]
  /// Median norm of all rows.
  public let medianNorm: Double
  /// Rows left out as special tokens.
  public let specialCount: Int
  /// Further rows left out as sinks.
  public let sinkCount: Int

  /// Number of ordinary rows.
  public var count: Int { isOrdinary.count - specialCount - sinkCount }

  /// Reads all rows once for their norms.
  public init(_ activations: Activations) throws(SteeringError) {
    let width = activations.width
    var norms: [Double] = []
    norms.reserveCapacity(activations.rowCount)
    try activations.forEachChunk { _, count, rows throws(SteeringError) in
      for row in 0..<count {
        var sum = 0.0
        for index in 0..<width {
          let value = Double(rows[row * width + index])
          sum += value * value
        }
        norms.append(sum.squareRoot())
      }
    }
    let median = Self.median(norms) ?? 0
    var special = 0
    var sinks = 0
    isOrdinary = norms.indices.map { row in
      if activations.isSpecial?[row] ?? (activations.positions?[row] == 0) {
        special += 1
        return false
      }
      if !(norms[row] < Self.sinkFactor * median) {
        sinks += 1
        return false
      }
      return true
    }
    medianNorm = median
    specialCount = special
    sinkCount = sinks
  }

  /// The middle value, or the mean of the two middle ones; nil for an empty list.
  static func median(_ values: [Double]) -> Double? {
    guard !values.isEmpty else { return nil }
    let sorted = values.sorted()
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  }
}
