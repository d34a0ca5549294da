/// Scores of text that is known to carry nothing: what a score is compared with to get a p-value.
///
/// The p-value of a new score is valid, P(p ≤ α) ≤ α for every α, when the new score and these are
/// exchangeable: same kind of text, same length, same processing, none of it used to choose the score.
/// Scores are compared as f32: rounding keeps their order, what it makes equal counts against the score,
/// and a sample takes half the room where it is stored.
/// Invariant: `sorted` is ascending, finite, not empty, and holds nothing but f32 numbers.
public struct NullSample: Sendable, Equatable {
  /// The scores, ascending.
  public let sorted: [Double]

  /// Sorts `scores`.
  /// - Throws: `tooFew` when there is none, `nonFinite` when one is NaN or infinite.
  package init(_ scores: [Double]) throws(DetectionError) {
    guard !scores.isEmpty else {
      throw DetectionError(.tooFew(what: "null scores", found: 0, needed: 1))
    }
    for (index, score) in scores.enumerated() where !Float(score).isFinite {
      throw DetectionError(.nonFinite(what: "null score \(index)"))
    }
    sorted = scores.map { Double(Float($0)) }.sorted()
  }

  /// How many scores there are: N.
  public var count: Int { sorted.count }

  /// The smallest p-value there can be: 1 / (N + 1).
  public var smallestP: Double { 1 / Double(count + 1) }

  /// The one-sided p-value of a score: (1 + #{null ≥ score}) / (N + 1), from 1/(N + 1) to 1.
  ///
  /// The score counts itself as one of the null, which makes the test exact under exchangeability and
  /// keeps p above 0. Ties count against the score. NaN gives 1.
  /// Source: Phipson and Smyth, Stat. Appl. Genet. Mol. Biol. 9 (2010); Davison and Hinkley 4.2.
  public func p(of score: Double) -> Double {
    if score.isNaN { return 1 }
    return Double(1 + count - sorted.countBelow(Double(Float(score)))) / Double(count + 1)
  }

  /// The score t that a score, as f32, must exceed, strictly, to have p ≤ `alpha`; nil when none can.
  ///
  /// With m the largest count for which (1 + m)/(N + 1) ≤ alpha, as rounded, t is the (m + 1)-th largest
  /// null score: at most m of them are ≥ score exactly when score > t. So score > t and p(of: score) ≤
  /// alpha are the same statement for every score above −∞, ties included. nil when 1/(N + 1) > alpha or
  /// alpha is NaN; −∞ when alpha is 1 or more.
  public func threshold(at alpha: Double) -> Double? {
    guard smallestP <= alpha else { return nil }
    guard alpha < 1 else { return -.infinity }
    // The product is rounded, the rule is about the quotient: settle it with the rule itself.
    var exceeding = min(Int(alpha * Double(count + 1)), count) - 1
    while Double(exceeding + 2) / Double(count + 1) <= alpha { exceeding += 1 }
    while Double(exceeding + 1) / Double(count + 1) > alpha { exceeding -= 1 }
    return sorted[count - 1 - exceeding]
  }
}
