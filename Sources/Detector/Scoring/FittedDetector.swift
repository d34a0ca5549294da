/// A detector as a document holds it: what it looks for, on which dictionary, how, and how sure it may be.
public struct FittedDetector: Sendable, Equatable {
  /// How the structures were found.
  public enum Kind: String, Sendable, CaseIterable {
    /// One feature.
    case feature
    /// Logistic regression on k features.
    case probe
    /// Features of contrast pairs, per structure.
    case bank
    /// Class-activation profile.
    case profile
    /// Subspace of pooled features.
    case subspace
    /// Logistic regression on the mean row.
    case dense
    /// The chosen entries of a watermark bank, with their signs, as one statistic.
    case watermark
  }

  /// The dictionary whose features are meant.
  public struct DictionaryReference: Sendable, Equatable {
    /// Its name, for people.
    public var name: String
    /// SHA-256 of what it computes, in hex; empty when it is not known.
    public var fingerprint: String
    /// Its features.
    public var featureCount: Int
    /// Width of the rows that it reads.
    public var modelWidth: Int
    /// Where it reads, as the dictionary names the place.
    public var hook: String?

    /// A reference.
    public init(
      name: String, fingerprint: String, featureCount: Int, modelWidth: Int, hook: String?
    ) {
      self.name = name
      self.fingerprint = fingerprint
      self.featureCount = featureCount
      self.modelWidth = modelWidth
      self.hook = hook
    }
  }

  /// The detector's name.
  public var name: String
  /// How it was made.
  public var kind: Kind
  /// Which dictionary's features it reads.
  public var dictionary: DictionaryReference
  /// Which tokens it leaves out.
  public var masking: Masking
  /// What it looks for; at least one.
  public var structures: [Structure]
  /// Who took part in choosing features and weights.
  public var selection: SplitRecord
  /// What its scores mean; nil before calibration.
  public var calibration: Calibration?

  /// A detector.
  public init(
    name: String, kind: Kind, dictionary: DictionaryReference, masking: Masking,
    structures: [Structure], selection: SplitRecord, calibration: Calibration? = nil
  ) {
    self.name = name
    self.kind = kind
    self.dictionary = dictionary
    self.masking = masking
    self.structures = structures
    self.selection = selection
    self.calibration = calibration
  }
}
