import Formats

/// One text, what is known of it, and what detectors of watermarks said of it: a line of scored texts.
public struct ScoredText: Sendable, Equatable {
  /// What a text is to an evaluation.
  public enum Role: String, Sendable, CaseIterable {
    /// It carries the mark that is looked for.
    case marked
    /// It carries none.
    case unmarked
    /// It carried the mark, and was changed since.
    case attacked
    /// It carries a mark, and was judged with another key.
    case wrongKey = "wrong-key"
    /// It was made to look marked without the key.
    case spoof
  }

  /// The prompt's name: texts of one prompt are compared with each other.
  public var id: String
  /// Who wrote it: a method of marking, `none` for the model without a mark, `human`.
  public var method: String
  /// How strongly it is marked, in the method's own units; nil where there is no such thing.
  public var strength: Double?
  /// What it is to an evaluation.
  public var role: Role
  /// What was done to it; there for every attacked text, and for none that is marked or unmarked.
  public var attack: String?
  /// Where it is from; the method where the line says nothing.
  public var source: String
  /// What it is meant for, `null` or `test`: unmarked texts of the split `null` calibrate, all others are
  /// judged.
  public var split: String?
  /// The text itself; nil where the line has none.
  public var text: String?
  /// Tokens that were scored.
  public var tokens: Int
  /// Natural logarithm of the text's probability under the un-marked model, over `tokens`.
  public var logLikelihood: Double?
  /// Seconds that generating it took.
  public var seconds: Double?
  /// Seconds that judging it took.
  public var detectionSeconds: Double?
  /// By how many nats per token its plan is expected to raise the text's cross-entropy under the un-marked
  /// model: a replay's `cost` over its tokens.
  public var costPerToken: Double?
  /// Values of statistics by name, each the larger the more the text looks marked.
  public var statistics: [String: Double]

  /// A text of `tokens` tokens.
  public init(
    id: String, method: String, strength: Double? = nil, role: Role, attack: String? = nil,
    source: String? = nil, split: String? = nil, text: String? = nil, tokens: Int,
    logLikelihood: Double? = nil, seconds: Double? = nil, detectionSeconds: Double? = nil,
    costPerToken: Double? = nil, statistics: [String: Double] = [:]
  ) {
    self.id = id
    self.method = method
    self.strength = strength
    self.role = role
    self.attack = attack
    self.source = source ?? method
    self.split = split
    self.text = text
    self.tokens = tokens
    self.logLikelihood = logLikelihood
    self.seconds = seconds
    self.detectionSeconds = detectionSeconds
    self.costPerToken = costPerToken
    self.statistics = statistics
  }

  /// The split whose unmarked texts calibrate.
  public static let nullSplit = "null"
  /// The split whose texts are judged, as are those without any.
  public static let testSplit = "test"
  /// The member that is a statistic of its own name: nats, which no z may be compared with.
  package static let logRatio = "log_ratio"
  /// What members that are statistics of their own begin with.
  package static let prefix = "z_"

  /// Whether statistics are calibrated on it.
  public var isNull: Bool { role == .unmarked && split == Self.nullSplit }
}
