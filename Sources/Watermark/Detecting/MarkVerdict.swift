import Detector

/// What is said of one document after all keys and document identifiers that were tried on it.
///
/// Trying n candidates finds a small p more often by chance. ``correctedP`` is therefore n times the smallest
/// p (Bonferroni, valid however the candidates depend on one another), with n **all** candidates that
/// were tried, those of every key and every time window: leaving out the ones that did not fit makes it
/// wrong. A null sample of N documents gives no p below 1/(N + 1): with n candidates nothing is flagged
/// unless n/(N + 1) ≤ rate, see ``canFlag``.
public struct MarkVerdict: Sendable, Equatable {
  /// One key and identifier that was tried.
  public struct Candidate: Sendable, Equatable {
    /// The key's id.
    public var key: String
    /// What the document was taken for.
    public var identifier: DocumentIdentifier
    /// The statistic; larger means more of the mark.
    public var score: Double
    /// Calibrated p-value; nil outside the calibrated lengths.
    public var p: Double?

    /// A candidate.
    public init(key: String, identifier: DocumentIdentifier, score: Double, p: Double?) {
      self.key = key
      self.identifier = identifier
      self.score = score
      self.p = p
    }
  }

  /// The document's name.
  public var document: String
  /// Its tokens by use.
  public var tokens: TokenCounts
  /// All candidates, in the order in which they were tried; none for a document without kept tokens.
  public var candidates: [Candidate]
  /// The share of unmarked documents that may be flagged.
  public var rate: Double
  /// Null documents of its length, N; nil where there is no p.
  public var nullCount: Int?
  /// Why there are no p-values; nil where there are.
  public var limit: Verdict.Limit?

  /// A verdict.
  public init(
    document: String, tokens: TokenCounts, candidates: [Candidate],
    rate: Double = Verdict.defaultRate, nullCount: Int? = nil, limit: Verdict.Limit? = nil
  ) {
    self.document = document
    self.tokens = tokens
    self.candidates = candidates
    self.rate = rate
    self.nullCount = nullCount
    self.limit = limit
  }

  /// The place of the candidate with the smallest p; of equal ones that with the larger score, then the
  /// first. nil where none has a p.
  public var bestCandidate: Int? {
    var best: (place: Int, p: Double, score: Double)?
    for (place, candidate) in candidates.enumerated() {
      guard let p = candidate.p else { continue }
      if let best, (p, -candidate.score) >= (best.p, -best.score) { continue }
      best = (place, p, candidate.score)
    }
    return best?.place
  }

  /// min(1, n · p) with the smallest p of the n candidates; nil where there is none.
  public var correctedP: Double? {
    guard let best = bestCandidate, let p = candidates[best].p else { return nil }
    return min(1, Double(candidates.count) * p)
  }

  /// ``correctedP`` on the scale of standard deviations, −5 to 15.
  public var calibratedZ: Double? { correctedP.map(CalibratedZ.z(ofP:)) }

  /// Whether ``correctedP`` is at most ``rate``.
  public var isFlagged: Bool { correctedP.map { $0 <= rate } ?? false }

  /// Whether as many candidates could be flagged at all: n/(N + 1) ≤ ``rate``; nil where there is no p.
  public var canFlag: Bool? {
    nullCount.map { Double(candidates.count) / Double($0 + 1) <= rate }
  }
}
