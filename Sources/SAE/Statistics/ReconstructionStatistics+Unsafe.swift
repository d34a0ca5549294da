import Tensors

/// How well a dictionary explains a set of rows, and which features did the work.
///
/// - FVU, the fraction of variance unexplained: Σ‖x̂ − x‖² / Σ‖x − x̄‖², with x̄ the mean of the rows
///   added here (Gao et al. 2024, section 2.3, call it normalised MSE).
/// - L0: mean number of active features per row.
/// - cosine: mean over rows of x̂·x / (‖x̂‖·‖x‖).
/// - norm ratio: mean over rows of ‖x̂‖ / ‖x‖.
///
/// All sums are f64, in an order of their own that is the same on every instruction set; the variance is
/// summed around the first row, so that a large common offset costs no digits.
package struct ReconstructionStatistics: Sendable {
  package private(set) var rowCount = 0
  package private(set) var activeCount = 0
  package private(set) var maximumActivation: Float = 0
  /// Rows on which each feature is active, `[featureCount]`.
  package private(set) var firingCounts: [Int]
  private let kernels: Kernels
  private var squaredError = 0.0
  private var cosineSum = 0.0
  private var cosineRows = 0
  private var normRatioSum = 0.0
  private var normRatioRows = 0
  private var productSum = 0.0
  private var estimateSquareSum = 0.0
  private var shift: [Float] = []
  private var sums: [Double]
  private var squareSum = 0.0

  package init(featureCount: Int, width: Int, _ kernels: Kernels = .best) {
    self.kernels = kernels
    firingCounts = Array(repeating: 0, count: featureCount)
    sums = Array(repeating: 0, count: width)
  }

  /// Adds one row, its codes, and its reconstruction where there is one to compare with it.
  ///
  /// With `below`, features from it on count as not active.
  package mutating func add(
    _ x: UnsafePointer<Float>, codes: SparseCodes, row: Int, below limit: Int = .max,
    reconstruction: UnsafePointer<Float>?
  ) {
    rowCount += 1
    for position in codes.range(ofRow: row) where Int(codes.indices[position]) < limit {
      activeCount += 1
      firingCounts[Int(codes.indices[position])] += 1
      maximumActivation = max(maximumActivation, abs(codes.values[position]))
    }
    guard let reconstruction else { return }
    if shift.isEmpty {
      shift = Array(UnsafeBufferPointer(start: x, count: sums.count))
    }
    let (error, product, xx, yy) = withUnsafeTemporaryAllocation(of: Double.self, capacity: 4) {
      guard let out = $0.baseAddress else { fatalError("memory for four sums") }
      kernels.moments(x, reconstruction, into: out, count: sums.count)
      return (out[0], out[1], out[2], out[3])
    }
    squareSum += sums.withUnsafeMutableBufferPointer { sums in
      shift.withUnsafeBufferPointer { shift in
        guard let centre = shift.baseAddress, let out = sums.baseAddress else { return 0 }
        return kernels.spread(x, around: centre, into: out, count: sums.count)
      }
    }
    squaredError += error
    productSum += product
    estimateSquareSum += yy
    if xx > 0 {
      normRatioSum += (yy / xx).squareRoot()
      normRatioRows += 1
    }
    if xx > 0, yy > 0 {
      cosineSum += product / (xx.squareRoot() * yy.squareRoot())
      cosineRows += 1
    }
  }

  /// Mean number of active features per row, or nil without rows.
  package var l0: Double? { rowCount > 0 ? Double(activeCount) / Double(rowCount) : nil }

  /// Fraction of variance unexplained, or nil when the rows have no variance or no reconstruction.
  package var fvu: Double? {
    guard let variance, variance > 0 else { return nil }
    return squaredError / variance
  }

  /// Σ‖x − x̄‖² of the rows added here, with x̄ their mean; nil without reconstructions.
  package var variance: Double? {
    guard rowCount > 0, !shift.isEmpty else { return nil }
    return squareSum - sums.reduce(0) { $0 + $1 * $1 } / Double(rowCount)
  }

  /// The factor a that makes Σ‖a·x̂ − x‖² smallest, Σ x̂·x / Σ x̂·x̂; nil where every x̂ is zero.
  package var bestOutputFactor: Double? {
    estimateSquareSum > 0 ? productSum / estimateSquareSum : nil
  }

  /// Mean of ‖x̂‖ / ‖x‖ over rows that are not zero.
  package var normRatio: Double? {
    normRatioRows > 0 ? normRatioSum / Double(normRatioRows) : nil
  }

  /// Mean cosine between row and reconstruction, over rows where both are non-zero.
  package var cosine: Double? { cosineRows > 0 ? cosineSum / Double(cosineRows) : nil }

  /// Number of features active on at least one row.
  package var aliveCount: Int { firingCounts.reduce(0) { $0 + ($1 > 0 ? 1 : 0) } }
}
