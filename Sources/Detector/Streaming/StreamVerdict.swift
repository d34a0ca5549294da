/// What a monitor says of a stream so far.
public struct StreamVerdict: Sendable, Equatable {
  /// The stream's tokens by use.
  public var tokens: TokenCounts
  /// The false-alarm rate that was asked for, over the whole stream and however often it is looked at.
  ///
  /// It is that of each structure: that any of several is flagged is more often so by chance.
  public var rate: Double
  /// One per structure, in the detector's order.
  public var findings: [StreamFinding]

  /// A verdict.
  public init(tokens: TokenCounts, rate: Double, findings: [StreamFinding]) {
    self.tokens = tokens
    self.rate = rate
    self.findings = findings
  }

  /// Whether any structure is flagged; by chance more often than ``rate`` where there are several.
  public var isFlagged: Bool { findings.contains(where: \.isFlagged) }
}

/// The part of one structure.
public struct StreamFinding: Sendable, Equatable {
  /// What a stream's flag does not speak of.
  public enum Limit: String, Sendable {
    /// The stream has more blocks than any null stream: those after as many raise no flag.
    case beyondCalibration = "beyond-calibration"
  }

  /// The structure's name.
  public var structure: String
  /// The score of all kept tokens so far, with the bits of ``Scorer/score(_:)``; nil without any.
  public var score: Double?
  /// The p-value of that score as a whole document's, good for one look at the end of the stream; nil
  /// without calibration or outside the calibrated lengths.
  public var p: Double?
  /// Complete blocks so far.
  public var blockCount: Int
  /// ln of the e-process's wealth over those blocks; 0 before the first and without a calibration.
  public var logWealth: Double
  /// min(1, 1 / largest wealth so far): good for any number of looks where blocks are independent, which
  /// those of one text are not; `isFlagged` is calibrated on streams and does not rest on that.
  public var anytimeP: Double
  /// ln of the wealth that flags at the rate; nil without a calibration for this rate or a smaller one:
  /// nothing flags then.
  public var threshold: Double?
  /// Whether the wealth has reached the threshold after some block; stays so until a reset.
  public var isFlagged: Bool
  /// Tokens of the stream, all uses, when that happened first; nil where it has not.
  public var crossedAtToken: Int?
  /// Why later blocks raise no flag; nil where they do, and without a calibration of streams.
  public var limit: Limit?

  /// A finding.
  public init(
    structure: String, score: Double?, p: Double?, blockCount: Int, logWealth: Double,
    anytimeP: Double, threshold: Double?, isFlagged: Bool, crossedAtToken: Int?, limit: Limit? = nil
  ) {
    self.structure = structure
    self.score = score
    self.p = p
    self.blockCount = blockCount
    self.logWealth = logWealth
    self.anytimeP = anytimeP
    self.threshold = threshold
    self.isFlagged = isFlagged
    self.crossedAtToken = crossedAtToken
    self.limit = limit
  }
}
