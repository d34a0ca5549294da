import SAE

/// One feature, seen from its weights and from the rows on which it fires.
public struct FeatureReport: Sendable {
  /// Another feature whose decoder row points in a similar (or opposite) direction.
  public struct Neighbour: Sendable, Equatable {
    /// The other feature.
    public var feature: Int
    /// Cosine of the two decoder rows.
    public var cosine: Double
  }

  /// Another feature that fires on the same rows.
  public struct Companion: Sendable, Equatable {
    /// The other feature.
    public var feature: Int
    /// Rows on which both fire.
    public var rowsTogether: Int
    /// Share of this feature's rows on which the other fires too.
    public var share: Double
    /// That share over the other's share of all rows: 1 means no relation.
    public var lift: Double
  }

  /// A row on which the feature fires.
  public struct Peak: Sendable, Equatable {
    /// The row's index in the file.
    public var row: Int
    /// Its position in its sequence.
    public var position: Int
    /// The feature's activation there.
    public var activation: Double
  }

  /// The feature on given rows.
  public struct Firing: Sendable {
    /// Rows that were encoded.
    public var rowCount: Int
    /// Rows on which it is active.
    public var activeCount: Int
    /// Mean over the rows on which it is active; nil when there are none.
    public var mean: Double?
    /// The largest activation; nil when it never fires.
    public var maximum: Double?
    /// Active rows per tenth of the range from 0 to the maximum.
    public var histogram: [Int]
    /// The rows with the largest activations.
    public var peaks: [Peak]
    /// Features that share at least two rows, ordered by share times lift.
    public var companions: [Companion]
  }

  /// The feature.
  public var feature: Int
  /// Norm of the encoder row.
  public var encoderNorm: Double
  /// Norm of the decoder row as stored.
  public var decoderNorm: Double
  /// Cosine between encoder and decoder row; nil for transcoders.
  public var encoderDecoderCosine: Double?
  /// The encoder bias; for gated dictionaries the gate's.
  public var encoderBias: Double
  /// The JumpReLU or BatchTopK threshold; nil for other σ.
  public var threshold: Double?
  /// Features with the most similar decoder rows, most similar first.
  public var nearest: [Neighbour]
  /// The feature with the most opposite decoder row.
  public var mostOpposite: Neighbour?
  /// Nil without activations.
  public var firing: Firing?
}
