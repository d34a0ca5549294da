import SAE
import Tensors

/// Which rows a dictionary can be judged on: no special tokens, no high-norm sinks.
///
/// A row is ordinary when it is not special (by the file's `special` mask, else by position 0, where
/// the file has positions) and its norm is below ``sinkFactor`` times the median norm of the rows that
/// are not zero, so that padding does not count.
public struct OrdinaryRows: Sendable {
  /// Multiple of the median norm from which a row counts as a sink.
  public static let sinkFactor = 5.0

  /// One flag per row.
  public let isOrdinary: [Bool]
  /// Median norm of the rows that are not zero.
  public let medianNorm: Double
  /// Rows left out as special tokens.
  public let specialCount: Int
  /// Further rows left out as sinks.
  public let sinkCount: Int
  /// Euclidean norm of each row.
  package let norms: [Double]

  /// Number of ordinary rows.
  public var count: Int { isOrdinary.count - specialCount - sinkCount }

  /// Reads all rows once for their norms.
  ///
  /// - Throws: `nonFinite` naming file, row and column: a norm that is not a number would order nothing.
  public init(_ activations: Activations) throws(SteeringError) {
    let width = activations.width
    var norms: [Double] = []
    norms.reserveCapacity(activations.rowCount)
    try activations.forEachChunk { first, count, rows throws(SteeringError) in
      for row in 0..<count {
        let bad = Kernels.best.firstNonfinite(rows + row * width, count: width)
        guard bad == width else {
          throw SteeringError(DictionaryError(.nonFiniteInput(row: first + row, column: bad)))
            .inFile(activations.path)
        }
        var sum = 0.0
        for index in 0..<width {
          let value = Double(rows[row * width + index])
          sum += value * value
        }
        norms.append(sum.squareRoot())
      }
    }
    let median = Self.median(norms.filter { $0 > 0 }) ?? 0
    var special = 0
    var sinks = 0
    isOrdinary = norms.indices.map { row in
      if activations.isSpecialToken(row) {
        special += 1
        return false
      }
      if norms[row] > 0, norms[row] >= Self.sinkFactor * median {
        sinks += 1
        return false
      }
      return true
    }
    self.norms = norms
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
