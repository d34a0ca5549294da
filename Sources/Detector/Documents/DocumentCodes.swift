/// Sparse feature activations of one document, token by token, and what is known of it.
///
/// Token t's features are `features[offsets[t]..<offsets[t + 1]]`, ascending, with as many values.
public struct DocumentCodes: Sendable {
  /// The document's name, unique in its corpus.
  public var id: String
  /// What it is the same as, wherever it is read again.
  public var identity: DocumentIdentity
  /// Features of the dictionary that encoded it.
  public let featureCount: Int
  /// Where each token's features start, `[tokens + 1]`.
  public private(set) var offsets: [Int] = [0]
  /// Indices of active features.
  public private(set) var features: [Int32] = []
  /// Their activations.
  public private(set) var values: [Float] = []
  /// Whether each token enters pooling, `[tokens]`.
  public private(set) var uses: [TokenUse] = []
  /// The segment (turn, sentence, block) of each token, `[tokens]`, ids in any order.
  public private(set) var segments: [Int32] = []
  /// Tokens by their use.
  public private(set) var counts = TokenCounts()
  /// Text of each token, `[tokens]`, where the source knows it.
  public var pieces: [String]?
  /// What is known to be in the text, by structure.
  public var labels: [String: Bool] = [:]
  /// The contrast pair that the document is one side of.
  public var pair: String?
  /// What the document is meant for, as its source says: `selection`, `held-out`.
  public var split: String?
  /// Where the text is from.
  public var source: String?
  /// Mean residual row over kept tokens, `[modelWidth]`, where rows were read and it was asked for.
  public var denseMean: [Float]?

  /// An empty document.
  public init(id: String, identity: DocumentIdentity, featureCount: Int) {
    self.id = id
    self.identity = identity
    self.featureCount = featureCount
  }

  /// Number of tokens, all uses.
  public var tokenCount: Int { uses.count }

  /// Adds a token with its active features, in ascending order.
  ///
  /// A token that is not kept has no features.
  public mutating func append(
    features: some Collection<Int32>, values: some Collection<Float>, use: TokenUse,
    segment: Int32 = 0
  ) {
    precondition(features.count == values.count, "one value per feature")
    if use == .kept {
      self.features.append(contentsOf: features)
      self.values.append(contentsOf: values)
    }
    offsets.append(self.features.count)
    uses.append(use)
    segments.append(segment)
    counts.add(use)
  }
}
