import Tensors

/// What applying a plan to a file of activations did.
public struct ApplyReport: Sendable {
  /// What happened to one steered feature.
  public struct Feature: Sendable {
    /// The feature.
    public var feature: Int
    /// What the plan asks of it.
    public var interventions: [Intervention]
    /// Rows that some intervention on this feature covers.
    public var rowsInScope = 0
    /// Rows in which this feature's direction was added with a non-zero coefficient.
    public var rowsTouched = 0
    /// Of the touched rows, those whose activations could be read before and after.
    public var rowsRead = 0
    /// Of the rows that were read, those on which the feature was active before.
    public var activeBefore = 0
    /// Of the rows that were read, those on which it is active afterwards.
    public var activeAfter = 0
    /// Mean activation over the touched rows before; nil when it cannot be read (transcoders) or no row
    /// was touched.
    public var meanBefore: Double?
    /// Mean activation over the touched rows afterwards.
    public var meanAfter: Double?
    /// Largest activation on the touched rows before.
    public var maximumBefore: Double?
    /// Largest activation on the touched rows afterwards.
    public var maximumAfter: Double?
  }

  /// The spread of ‖Δ‖/‖x‖ over the edited rows.
  public struct Dose: Sendable {
    /// The smallest dose.
    public var minimum: Double
    /// The middle dose.
    public var median: Double
    /// The largest dose.
    public var maximum: Double
    /// Edited rows per tenth of the range between minimum and maximum.
    public var histogram: [Int]
  }

  /// Rows of the file.
  public var rowCount: Int
  /// Rows that were changed.
  public var rowsEdited = 0
  /// Rows that were left alone because their normalisation is undefined.
  public var rowsUndefined = 0
  /// Rows of special tokens that were edited; nil when the file has no such mask.
  public var specialRowsEdited: Int?
  /// The steered features, ascending.
  public var features: [Feature]
  /// Nil when no row was edited.
  public var dose: Dose?
  /// Where the result was written.
  public var outputPath: String
  /// Size of the result.
  public var outputByteCount: Int
}
