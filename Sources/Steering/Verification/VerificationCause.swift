import SAE

/// Something that may have gone wrong in loading, and what the fit would be without it.
public struct VerificationCause: Sendable, Equatable {
  /// What kind of mistake it is; the raw value is the name in JSON.
  public enum Kind: String, Sendable, CaseIterable {
    /// Special tokens or sinks are among the rows that are judged.
    case specialRows = "special-rows"
    /// The rows come from another place than the dictionary's.
    case otherRows = "other-rows"
    /// Rows are not multiplied by the factor that the dictionary was trained with.
    case activationScale = "activation-scale"
    /// Rows are normalised one by one although they should not be, or the reverse.
    case normalisation
    /// The decoder bias is subtracted from the row although it should not be, or the reverse.
    case decoderBias = "decoder-bias"
    /// A square decoder is stored the other way round.
    case transposedDecoder = "transposed-decoder"
    /// A square encoder is stored the other way round.
    case transposedEncoder = "transposed-encoder"
    /// The threshold is in other units than the pre-activations.
    case thresholdUnits = "threshold-units"
    /// Norms of decoder rows are folded in on one side only.
    case decoderNorm = "decoder-norm"
    /// Features are selected by another rule.
    case selection
    /// The reconstruction is too large or too small throughout.
    case outputScale = "output-scale"
  }

  /// The kinds of mistake: one, or two together.
  public var kinds: [Kind]
  /// What would be different, to be read after "if".
  public var statement: String
  /// What to do about it.
  public var advice: String
  /// The fit without the mistake, on the sample of rows.
  public var fit: VerificationFit
  /// What the change takes away of the distance to a good fit: FVU, and what L0 outside its band costs.
  public var gain: Double
  /// Whether the fit without the mistake is within the bands and much better than the load's.
  public var explains: Bool
  /// The number by which causes are ranked; lower is better.
  package var distance: Double
  /// How many of its numbers were fitted to the rows; of two that fit alike, the one with fewer is
  /// likelier.
  package var fittedCount = 0
}

/// One way in which a dictionary could have been loaded instead.
struct VariantChange: Sendable {
  var kind: VerificationCause.Kind
  var statement: String
  var advice: String
  /// The neighbouring file whose rows are read instead; nil for the rows as given.
  var neighbour: Int?
  /// Whether it has a number that was fitted to the rows.
  var isFitted = false
  /// Whether training alone can make it fit better, so that it says nothing against a load that is
  /// within the bands.
  var isCommonlyBetter = false
  /// Whether it brings L0 to what was declared by declaration, and not by fitting.
  var restoresL0 = false
  var edit: @Sendable (inout SparseDictionary.Parts) -> Void = { _ in }
}
