import SAE

/// What encoding a file of activations showed.
public struct EncodeReport: Sendable {
  /// How well a set of rows is explained.
  public struct Fit: Sendable {
    /// Rows that were counted.
    public var rowCount: Int
    /// Mean number of active features per row.
    public var l0: Double?
    /// Fraction of variance unexplained: Σ‖x̂ − x‖² / Σ‖x − x̄‖²; nil for transcoders.
    public var fvu: Double?
    /// Mean cosine between row and reconstruction; nil for transcoders.
    public var cosine: Double?
    /// Features that fire on at least one of the rows.
    public var aliveCount: Int
    /// The largest |activation|.
    public var maximumActivation: Double

    init(_ statistics: ReconstructionStatistics) {
      rowCount = statistics.rowCount
      l0 = statistics.l0
      fvu = statistics.fvu
      cosine = statistics.cosine
      aliveCount = statistics.aliveCount
      maximumActivation = Double(statistics.maximumActivation)
    }
  }

  /// All rows whose normalisation is defined.
  public var all: Fit
  /// The ordinary rows among them.
  public var ordinary: Fit
  /// Rows left out of `ordinary` as special tokens.
  public var specialCount: Int
  /// Rows left out of `ordinary` as high-norm sinks.
  public var sinkCount: Int
  /// Rows whose normalisation is undefined; their codes are NaN.
  public var undefinedRows: [Int]
  /// How the rows were encoded.
  public var counts: EncodeCounts
  /// Names, types and shapes of the tensors that were written.
  public var tensors: [String]
  /// Where the result was written; nil when nothing was.
  public var outputPath: String?
}
