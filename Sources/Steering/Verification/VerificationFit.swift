import SAE

/// How well a dictionary explains a set of rows, and how sparsely.
public struct VerificationFit: Sendable, Equatable {
  /// Rows that were counted: those whose normalisation is defined.
  public var rowCount: Int
  /// Mean number of active features per row; nil without rows.
  public var l0: Double?
  /// Fraction of variance unexplained, Σ‖x̂ − x‖² / Σ‖x − x̄‖²; nil where the rows have no variance or
  /// there is nothing to compare with.
  public var fvu: Double?
  /// Mean over rows of x̂·x / (‖x̂‖·‖x‖).
  public var cosine: Double?
  /// Mean over rows of ‖x̂‖ / ‖x‖.
  public var normRatio: Double?
  /// Σ‖x − x̄‖², the denominator of ``fvu``.
  public var variance: Double?
  /// The factor on x̂ that would make ``fvu`` smallest.
  package var bestOutputFactor: Double?

  /// 1 − FVU.
  public var explainedVariance: Double? { fvu.map { 1 - $0 } }

  package init(_ statistics: ReconstructionStatistics) {
    func finite(_ value: Double?) -> Double? { value.flatMap { $0.isFinite ? $0 : nil } }
    rowCount = statistics.rowCount
    l0 = statistics.l0
    fvu = finite(statistics.fvu)
    cosine = finite(statistics.cosine)
    normRatio = finite(statistics.normRatio)
    variance = finite(statistics.variance)
    bestOutputFactor = finite(statistics.bestOutputFactor)
  }
}

/// How the number of active features is spread over rows.
public struct ActiveCounts: Sendable, Equatable {
  /// Rows with each number of active features, from 0 on.
  package private(set) var rows: [Int] = []
  private var rowCount = 0

  package init() {}

  package mutating func add(_ count: Int) {
    while rows.count <= count { rows.append(0) }
    rows[count] += 1
    rowCount += 1
  }

  /// The smallest number that at least the share `q` of rows does not exceed; nil without rows.
  public func quantile(_ q: Double) -> Int? {
    guard rowCount > 0 else { return nil }
    let needed = max(1, Int((min(max(q, 0), 1) * Double(rowCount)).rounded(.up)))
    var seen = 0
    for (count, rows) in rows.enumerated() {
      seen += rows
      if seen >= needed { return count }
    }
    return rows.count - 1
  }

  /// Rows per equal part of the range from the smallest to the largest number, at most `parts` of them.
  public func histogram(_ parts: Int = 24) -> [Int] {
    guard let low = quantile(0), let high = quantile(1) else { return [] }
    let step = (high - low) / max(1, parts) + 1
    var counts = [Int](repeating: 0, count: (high - low) / step + 1)
    for count in low...high { counts[(count - low) / step] += rows[count] }
    return counts
  }
}
