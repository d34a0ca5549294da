import Detector

/// How well marks are found, what they cost the text, and how often other text is taken for marked.
///
/// Every statistic is calibrated on the unmarked texts of the split `null`: empirical p-values within
/// ranges of length, as detectors have them. All other texts are judged. A text of a length that no null
/// text has gets no p-value: a marked one counts as not found, and an unmarked one not at all. Intervals hold
/// the true value in 95 % of samples, given this null, and take texts as independent.
public struct WatermarkEvaluation: Sendable, Equatable {
  /// What can be chosen about an evaluation.
  public struct Options: Sendable, Equatable {
    /// False-alarm rates at which flags are counted, descending; frontiers are at the first.
    public var rates = Evaluator.rates
    /// The share of marked texts that a method must have found to count as matched.
    public var target = 0.99
    /// Null texts that each range of lengths has at least; 1,000 make p = 0.001 possible.
    public var minimumPerBucket = 1000
    /// Ranges of lengths at most.
    public var maximumBuckets = 8

    /// The usual choices.
    public init() {}
  }

  /// What a statistic was calibrated on.
  public struct Null: Sendable, Equatable {
    /// The statistic's name.
    public var statistic: String
    /// Tokens of a text per range of lengths, both ends included.
    public var lengths: [ClosedRange<Int>]
    /// Null texts per range.
    public var counts: [Int]
    /// The smallest p-value that every range can give: 1/(N + 1) of the smallest N.
    public var smallestP: Double
    /// The largest calibrated z that some range can give: Φ⁻¹(N/(N + 1)) of the largest N.
    public var largestZ: Double
    /// Where the true rate at each nominal one lies in 95 % of such nulls, by Beta(k, N + 1 − k) for the
    /// range with fewest texts; nil where no p-value is that small.
    public var trueRates: [Interval?]
  }

  /// How many of some texts a statistic flags.
  public struct Flags: Sendable, Equatable {
    /// Texts.
    public var count: Int
    /// Of them, texts without the statistic, which others of their group have.
    public var missing: Int
    /// Of them, texts that have it but no p-value.
    public var uncalibrated: Int
    /// Texts with p at most each rate, of all where they are to be found, of those that have a p-value where
    /// they are not; nil where the null has too few texts for such a p.
    public var shares: [Evaluation.Share?]
    /// Mean of −Φ⁻¹(p), each in [−5, 15], over texts with a p-value; nil without any.
    public var meanZ: Double?
  }

  /// The area under the curve of marked against unmarked texts that are judged.
  public struct Area: Sendable, Equatable {
    /// P(marked > unmarked) + P(equal)/2 of the statistic itself.
    public var value: Double
    /// DeLong's interval.
    public var interval: Interval
    /// Unmarked texts.
    public var negatives: Int
  }

  /// What one statistic says of a group.
  public struct Detection: Sendable, Equatable {
    /// The statistic's name.
    public var statistic: String
    /// What is flagged.
    public var flags: Flags
    /// Against unmarked texts; nil where none is judged that has the statistic.
    public var area: Area?
  }

  /// What the texts of a group are like.
  public struct Quality: Sendable, Equatable {
    /// Against the texts of the method `none` of the same prompts; nil without such, and for `none` itself.
    public var perplexity: PerplexityRatio?
    /// What the plan is expected to do to perplexity; nil where no text says it.
    public var expected: ExpectedRatio?
    /// Mean share of distinct words, pairs and triples of words in a text.
    public var distinct: [Double?]
    /// Mean share of four words in a row that stood earlier in the same text.
    public var repetition: Double?
    /// Mean tokens of a text.
    public var tokens: Double
    /// Seconds of generation over tokens, of the texts that say both.
    public var secondsPerToken: Double?
    /// Mean seconds of judging a text.
    public var detectionSeconds: Double?
  }

  /// Texts of one role, method, strength and attack; those of the null are a group of their own.
  public struct Group: Sendable, Equatable {
    /// What they are.
    public var role: ScoredText.Role
    /// The method's name.
    public var method: String
    /// The method's strength.
    public var strength: Double?
    /// What was done to them.
    public var attack: String?
    /// Whether they calibrate: they are not judged then.
    public var isNull: Bool
    /// How many.
    public var count: Int
    /// What they are like.
    public var quality: Quality
    /// By statistic; empty for the null.
    public var detections: [Detection]
  }

  /// How often a statistic flags what does not carry the mark that is looked for.
  public struct FalseAlarms: Sendable, Equatable {
    /// The statistic's name.
    public var statistic: String
    /// Unmarked texts, or marked ones under another key.
    public var role: ScoredText.Role
    /// Where they are from; nil for all.
    public var source: String?
    /// Their tokens, both ends included; nil for all lengths.
    public var lengths: ClosedRange<Int>?
    /// What is flagged.
    public var flags: Flags
  }

  /// The choices it was made with.
  public var options: Options
  /// Texts that were read.
  public var textCount: Int
  /// Prompts of all marked groups with a perplexity ratio; nil where each has the same.
  public var commonPrompts: Int?
  /// Texts of which only the first ``WordStatistics/wordLimit`` words were counted.
  public var cutTexts: Int
  /// Unmarked texts whose text is not given: null and judged ones are told apart by their names alone.
  public var uncheckedTexts: Int
  /// By statistic.
  public var nulls: [Null]
  /// Marked, unmarked, attacked, wrong-key and spoofed texts, each by method, attack and strength.
  public var groups: [Group]
  /// By statistic and role: all, each source, and each source's ranges of lengths.
  public var falseAlarms: [FalseAlarms]
  /// By method and statistic.
  public var frontiers: [Frontier]
}
