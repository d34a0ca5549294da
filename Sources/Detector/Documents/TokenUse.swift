/// Whether a token enters pooling, and if not, why: nothing is left out in silence.
public enum TokenUse: UInt8, Sendable, CaseIterable {
  /// Enters pooling.
  case kept = 0
  /// BOS and its kind, by the source's marks or by position 0.
  case special = 1
  /// A row whose norm reaches the detector's ``Masking/sinkNorm``.
  case sink = 2
  /// A row that the dictionary cannot normalise.
  case undefined = 3
}

/// Tokens of a document by their use.
public struct TokenCounts: Sendable, Equatable {
  /// Tokens that enter pooling.
  public var kept = 0
  /// Special tokens.
  public var special = 0
  /// High-norm sinks.
  public var sink = 0
  /// Rows without codes.
  public var undefined = 0

  /// No tokens.
  public init() {}

  /// All tokens.
  public var all: Int { kept + special + sink + undefined }

  /// Counts one token.
  public mutating func add(_ use: TokenUse) {
    switch use {
    case .kept: kept += 1
    case .special: special += 1
    case .sink: sink += 1
    case .undefined: undefined += 1
    }
  }

  /// Adds the counts of another document.
  public mutating func add(_ other: TokenCounts) {
    kept += other.kept
    special += other.special
    sink += other.sink
    undefined += other.undefined
  }
}

/// Which tokens a detector leaves out; fixed when it is fitted, so that every later row meets one rule.
public struct Masking: Sendable, Equatable {
  /// Leaves out special tokens.
  public var skipsSpecial: Bool
  /// Rows with this Euclidean norm or a larger one are sinks; nil keeps them.
  ///
  /// An absolute number of the residual stream's units: 5 × the median norm of the rows that the detector
  /// was fitted on, so that it does not depend on what else stands in a shard.
  public var sinkNorm: Double?

  /// A rule.
  public init(skipsSpecial: Bool = true, sinkNorm: Double? = nil) {
    self.skipsSpecial = skipsSpecial
    self.sinkNorm = sinkNorm
  }

  /// The use of a token; a norm that is not known is never a sink's.
  public func use(isSpecial: Bool, norm: Double?) -> TokenUse {
    if skipsSpecial, isSpecial { return .special }
    if let sinkNorm, let norm, norm >= sinkNorm { return .sink }
    return .kept
  }
}
