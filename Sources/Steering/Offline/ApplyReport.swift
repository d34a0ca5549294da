import Tensors

/// What applying a plan to a file of activations did.
public struct ApplyReport: Sendable {
  /// What happened to one steered feature.
  public struct Feature: Sendable {
    public var feature: Int
    public var interventions: [Intervention]
    /// Rows that some intervention on this feature covers.
    public var rowsInScope = 0
    /// Rows in which this feature's direction was added with a non-zero coefficient.
    public var rowsTouched = 0
    /// Of the touched rows, those on which the feature was active before.
    public var activeBefore = 0
    /// Of the touched rows, those on which it is active afterwards.
    public var activeAfter = 0
    /// Mean activation over the touched rows before; nil when it cannot be read (transcoders) or no row
    /// was touched.
    public var meanBefore: Double?
    public var meanAfter: Double?
    public var maximumBefore: Double?
    public var maximumAfter: Double?
  }

  /// The spread of ‖Δ‖/‖x‖ over the edited rows.
  public struct Dose: Sendable {
    public var minimum: Double
    public var median: Double
    public var maximum: Double
    /// Edited rows per tenth of the range between minimum and maximum.
    public var histogram: [Int]
  }

  public var rowCount: Int
  public var rowsEdited = 0
  /// Rows that were left alone because their normalisation is undefined.
  public var rowsUndefined = 0
  /// Rows of special tokens that were edited; nil when the file has no such mask.
  public var specialRowsEdited: Int?
  public var features: [Feature]
  /// Nil when no row was edited.
  public var dose: Dose?
  public var outputPath: String
  public var outputByteCount: Int
}
