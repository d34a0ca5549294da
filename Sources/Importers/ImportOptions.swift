/// What the caller decides where a publisher's files leave a question open.
public struct ImportOptions: Sendable, Equatable {
  /// How the activation scale of a dictionary that was trained on rescaled rows is found.
  public enum ActivationScale: Sendable, Equatable {
    /// From the dictionary's own files; an error when they do not hold it.
    case fromFiles
    /// This factor: rows are multiplied by it before encoding.
    case factor(Double)
    /// The rows that will be given are already rescaled.
    case alreadyApplied
  }

  /// When weights are searched for NaN and infinity.
  public enum WeightCheck: Sendable, Equatable {
    /// At opening when the dictionary is small (32 MiB of weights), else when a weight is first used.
    case automatic
    /// All at opening; the native form's digests are compared too.
    case whole
  }

  /// The units of activations, for publishers whose files can be read in two.
  public enum ActivationUnits: String, Sendable, CaseIterable {
    /// Those in which the dictionary was trained: of rows after the publisher's own rescaling.
    case normalised
    /// Those of the rows as they are given.
    case raw
  }

  /// What a dictionary is, for publishers whose files look the same either way.
  public enum DeclaredKind: String, Sendable, CaseIterable {
    /// Reconstructs the rows that it reads.
    case autoencoder
    /// Predicts rows at another place from the rows that it reads.
    case transcoder
    /// Reconstructs token embeddings, trained before the model multiplies them by √d.
    case embedding
  }

  /// The publisher's layout; nil to recognise it by its files.
  public var format: DictionaryFormat?
  /// The layer to read, of files that hold several; an error there when nil.
  public var layer: Int?
  /// How many features are kept per row, for publishers that leave it out of their files.
  public var k: Int?
  /// Whether it is an autoencoder or another kind, where the files do not tell.
  public var kind: DeclaredKind?
  /// The publisher's own name of the architecture, where the files do not tell; for example a class.
  public var architecture: String?
  /// The units of activations, where the layout leaves a choice; nil for the publisher's own.
  public var activationUnits: ActivationUnits?
  /// Where the activation scale comes from.
  public var activationScale = ActivationScale.fromFiles
  /// When weights are checked.
  public var weightCheck = WeightCheck.automatic
  /// Configuration keys that may be present although nothing here interprets them.
  public var ignoredConfigKeys: Set<String> = []

  /// The defaults: nothing assumed, nothing ignored.
  public init() {}
}
