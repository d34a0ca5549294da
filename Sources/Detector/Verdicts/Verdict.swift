/// What a detector says of one document.
public struct Verdict: Sendable, Equatable {
  /// The part of one structure.
  public struct Finding: Sendable, Equatable {
    /// The structure's name.
    public var structure: String
    /// Its score; NaN never: a document without kept tokens has no findings.
    public var score: Double
    /// Calibrated p-value; nil without calibration or outside the calibrated lengths.
    public var p: Double?
    /// The score that flags at the verdict's rate, of the document's length; nil as `p`, and where the
    /// null sample is too small for the rate.
    public var threshold: Double?
    /// Whether p is at most the verdict's rate.
    public var isFlagged: Bool
    /// Each token's part of the score, `[tokens]`; nil where the readout is no sum over tokens.
    public var contributions: [Float]?
    /// Scores of the document's segments, in order of appearance; empty for a document of one segment.
    public var segments: [SegmentScore]

    /// A finding.
    public init(
      structure: String, score: Double, p: Double?, threshold: Double?, isFlagged: Bool,
      contributions: [Float]?, segments: [SegmentScore]
    ) {
      self.structure = structure
      self.score = score
      self.p = p
      self.threshold = threshold
      self.isFlagged = isFlagged
      self.contributions = contributions
      self.segments = segments
    }
  }

  /// A segment's own score.
  public struct SegmentScore: Sendable, Equatable {
    /// The segment's id.
    public var segment: Int32
    /// Its first token.
    public var firstToken: Int
    /// Its tokens, all uses.
    public var tokenCount: Int
    /// The score of its kept tokens alone; nil where it has none.
    public var score: Double?

    /// A segment's score.
    public init(segment: Int32, firstToken: Int, tokenCount: Int, score: Double?) {
      self.segment = segment
      self.firstToken = firstToken
      self.tokenCount = tokenCount
      self.score = score
    }
  }

  /// Why a document has no p-values.
  public enum Limit: String, Sendable {
    /// No kept token.
    case empty
    /// Shorter than every calibrated length.
    case tooShort = "too-short"
    /// Longer than every calibrated length.
    case tooLong = "too-long"
    /// The detector is not calibrated.
    case notCalibrated = "not-calibrated"
  }

  /// The document's name.
  public var document: String
  /// Its tokens by use.
  public var tokens: TokenCounts
  /// One per structure, in the detector's order; none for a document without kept tokens.
  public var findings: [Finding]
  /// p-value of all structures together; nil as the findings', and for one structure.
  public var combinedP: Double?
  /// The share of ordinary documents that may be flagged: for each structure, and for all together.
  public var rate: Double
  /// Why there are no p-values; nil where there are.
  public var limit: Limit?

  /// A verdict.
  public init(
    document: String, tokens: TokenCounts, findings: [Finding], combinedP: Double?, rate: Double,
    limit: Limit?
  ) {
    self.document = document
    self.tokens = tokens
    self.findings = findings
    self.combinedP = combinedP
    self.rate = rate
    self.limit = limit
  }

  /// Whether the document is flagged: ``combinedP`` is at most ``rate``, or, of one structure, its p is.
  ///
  /// That some structure of several is flagged is more often so by chance than ``rate``, and does not count.
  public var isFlagged: Bool {
    guard findings.count > 1 else { return findings.contains(where: \.isFlagged) }
    return combinedP.map { $0 <= rate } ?? false
  }
}
