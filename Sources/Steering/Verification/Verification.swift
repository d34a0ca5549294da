import SAE

/// Whether a dictionary works on given rows as its publisher says it should, and if not, why.
///
/// Runs the dictionary on every row, compares L0 and FVU with what is declared or plausible, and runs
/// variants of the load on a sample to find one that fits far better. Bands, causes and formulas:
/// `docs/verify.md`. The same files give the same result, whatever the machine's load.
public struct Verification: Sendable {
  /// Which rows the figures are judged on.
  public enum Rows: String, Sendable, CaseIterable {
    /// Those that are neither special tokens nor high-norm sinks.
    case ordinary
    /// Every row.
    case all
  }

  /// What the caller decides.
  public struct Options: Sendable {
    /// Which rows are judged; ordinary ones unless said otherwise.
    public var rows = Rows.ordinary
    /// Rows on which variants are run; nil for as many as about 4·10⁹ multiply-adds allow, 64 to 1,024.
    public var sampleRows: Int?
    /// L0 that the publisher declares; nil for what the dictionary itself says.
    public var declaredL0: Double?
    /// FVU that the publisher declares.
    public var declaredFVU: Double?

    /// The defaults.
    public init() {}
  }

  /// What the rows and the alternatives say.
  public enum Verdict: String, Sendable {
    /// Nothing is outside the bands, and no alternative is far better.
    case right
    /// Something is.
    case wrong
  }

  /// The dictionary that was run.
  public let dictionary: SparseDictionary
  /// The verdict.
  public let verdict: Verdict
  /// One line that says it with its figures.
  public let summary: String
  /// What is outside the bands; empty for a right load.
  public let reasons: [String]
  /// What makes the verdict uncertain; empty as a rule.
  public let warnings: [String]
  /// Every alternative that was tried, the best first.
  public let causes: [VerificationCause]
  /// The fit on all rows.
  public let all: VerificationFit
  /// The fit on ordinary rows.
  public let ordinary: VerificationFit
  /// Which rows were judged.
  public let rows: Rows
  /// Rows left out of the ordinary ones as special tokens.
  public let specialCount: Int
  /// Further rows left out as sinks.
  public let sinkCount: Int
  /// Rows whose normalisation is undefined; counted nowhere.
  public let undefinedCount: Int
  /// The share of the variance of all rows that is not the ordinary rows'.
  public let leftOutVariance: Double?
  /// How the number of active features is spread over the judged rows.
  public let activeCounts: ActiveCounts
  /// Features active on at least one judged row.
  public let aliveCount: Int
  /// Features active on more than a tenth of the judged rows.
  public let denseCount: Int
  /// How close the two most similar decoder directions are.
  public let coherence: DecoderCoherence
  /// What was declared.
  public let expected: ExpectedFit
  /// Rows on which variants were run, and the load's own fit on them; nil where there were none.
  public let sampleFit: VerificationFit?

  /// The fit that is judged.
  public var judged: VerificationFit { rows == .all ? all : ordinary }
  /// The cause that explains a wrong load best.
  public var explanation: VerificationCause? {
    verdict == .wrong ? causes.first(where: \.explains) : nil
  }
  /// Features that never fire on the judged rows, as a share.
  public var deadShare: Double {
    1 - Double(aliveCount) / Double(max(1, dictionary.featureCount))
  }
  /// Features that fire on more than a tenth of the judged rows, as a share.
  public var denseShare: Double {
    Double(denseCount) / Double(max(1, dictionary.featureCount))
  }

  /// Runs the dictionary and its variants.
  ///
  /// - Parameters:
  ///   - targets: The rows that a transcoder should give, one per row of `activations`; nil for an
  ///     autoencoder.
  ///   - neighbours: Files that may hold the rows that the dictionary was made for.
  ///   - progress: Called now and then with what is being done, and how much of it.
  /// - Throws: `shapeMismatch`, `nonFinite`, `inputOutput`; `invalidArgument` for targets of an
  ///   autoencoder, for a transcoder of which neither targets nor L0 are known, for a declared FVU or
  ///   neighbours of one without targets, and for rows that do not vary.
  public init(
    _ dictionary: SparseDictionary, on activations: Activations, targets: Activations? = nil,
    neighbours: [Activations] = [], options: Options = Options(),
    progress: (_ stage: String, _ done: Int, _ total: Int) -> Void = { _, _, _ in }
  ) throws(SteeringError) {
    self.dictionary = dictionary
    rows = options.rows
    let expected = Self.expected(dictionary, options)
    self.expected = expected
    try Self.check(dictionary, activations, targets, neighbours, expected)
    if targets == nil, dictionary.kind == .transcoder,
      options.declaredFVU != nil || !neighbours.isEmpty
    {
      throw SteeringError(
        .invalidArgument,
        "a declared FVU and neighbouring files are compared with what a transcoder should write: give"
          + " the targets")
    }
    let ordinaryRows = try OrdinaryRows(activations)
    let pass = try VerificationPass(
      activations, targets: targets, with: dictionary, ordinaryRows,
      judgesAll: options.rows == .all, progress: { progress("encoding", $0, $1) })
    all = pass.all
    ordinary = pass.ordinary
    specialCount = ordinaryRows.specialCount
    sinkCount = ordinaryRows.sinkCount
    undefinedCount = pass.undefinedCount
    activeCounts = pass.activeCounts
    aliveCount = pass.firingCounts.reduce(0) { $0 + ($1 > 0 ? 1 : 0) }
    denseCount = pass.firingCounts.reduce(0) { $0 + ($1 * 10 > pass.judgedCount ? 1 : 0) }
    if let whole = pass.all.variance, let part = pass.ordinary.variance, whole > 0 {
      leftOutVariance = max(0, 1 - part / whole)
    } else {
      leftOutVariance = nil
    }
    progress("comparing decoder rows", 0, 1)
    coherence = DecoderCoherence(dictionary)

    let compares = targets != nil || dictionary.kind == .autoencoder
    let judged = options.rows == .all ? pass.all : pass.ordinary
    try Self.checkVariance(judged, options.rows, compares: compares, of: targets ?? activations)
    warnings =
      judged.rowCount < VerificationBands.fewestRows
      ? [
        "only \(judged.rowCount) rows are judged, which say little: give at least"
          + " \(VerificationBands.fewestRows)"
      ] : []
    var reasons = VerificationBands.complaints(
      judged, expected, width: dictionary.modelWidth, checksFVU: compares)
    var found: [VerificationCause] = []
    var special: (cause: VerificationCause, reason: String?)?
    if options.rows == .all {
      special = Self.special(
        pass, leftOutCount: specialCount + sinkCount, share: leftOutVariance, expected,
        width: dictionary.modelWidth)
      if let reason = special?.reason { reasons.append(reason) }
    }
    // Variants run on ordinary rows: what special ones do is no ground for pairs of changes.
    let triesPairs =
      !VerificationBands.complaints(pass.ordinary, expected, width: dictionary.modelWidth).isEmpty
    var base: VerificationFit?
    if compares {
      let count = options.sampleRows ?? Self.sampleRows(dictionary)
      let places = RowSample.strided(ordinaryRows.isOrdinary, count: count)
      let sample = try RowSample(places, of: activations, targets: targets)
      var others: [(path: String, sample: RowSample)] = []
      for file in neighbours {
        let rows =
          file.rowCount == activations.rowCount
          ? places : RowSample.strided(try OrdinaryRows(file).isOrdinary, count: count)
        // An autoencoder's target is its own row; a transcoder's stays where it was.
        others.append((file.path, try RowSample(rows, of: file, targets: targets)))
      }
      let search = withoutActuallyEscaping(progress) { progress in
        var search = VariantSearch(
          dictionary, expected: expected, sample: sample, neighbours: others,
          progress: { progress("trying variants", $0, max($0, 80)) })
        search?.run(triesPairs: triesPairs)
        return search.map { (fit: $0.baseFit, causes: $0.causes, distance: $0.baseDistance) }
      }
      if let search {
        base = search.fit
        found += search.causes
      }
    }
    if let special { Self.insert(special.cause, into: &found) }
    sampleFit = base
    if reasons.isEmpty, let better = found.first(where: \.explains), let fvu = better.fit.fvu {
      reasons.append("FVU is \(Decimal.fixed(fvu, 3)) if \(better.statement)")
    }
    self.reasons = reasons
    causes = found
    verdict = reasons.isEmpty ? .right : .wrong
    summary = Self.summary(
      judged, verdict: reasons.isEmpty ? .right : .wrong, expected, found.first(where: \.explains),
      specialReason: special?.reason)
  }

  /// Refuses rows that every dictionary would seem to be wrong on.
  private static func checkVariance(
    _ judged: VerificationFit, _ rows: Rows, compares: Bool, of file: Activations
  ) throws(SteeringError) {
    guard judged.rowCount == 0 || (compares && !((judged.variance ?? 0) > 0)) else { return }
    let kind = rows == .all ? "rows" : "ordinary rows"
    throw SteeringError(
      .invalidArgument,
      "\(judged.rowCount) \(kind) without variance cannot judge a dictionary: \(file.path) has"
        + " \(file.rowCount) rows in all")
  }

  /// Puts special rows where they belong: first if nothing else explains the load, else behind what
  /// does, by what they bring.
  private static func insert(
    _ special: VerificationCause, into causes: inout [VerificationCause]
  ) {
    let explaining = causes.lastIndex(where: \.explains)
    if special.explains, explaining == nil {
      causes.insert(special, at: 0)
      return
    }
    let start = special.explains ? (explaining ?? -1) + 1 : 0
    let place = causes[start...].firstIndex { $0.distance > special.distance } ?? causes.endIndex
    causes.insert(special, at: place)
  }

  private static func expected(
    _ dictionary: SparseDictionary, _ options: Options
  ) -> ExpectedFit {
    var expected = ExpectedFit(dictionary)
    if let l0 = options.declaredL0 {
      expected.l0 = l0...l0
      expected.l0Source = "given"
    }
    expected.fvu = options.declaredFVU
    return expected
  }

  private static func check(
    _ dictionary: SparseDictionary, _ activations: Activations, _ targets: Activations?,
    _ neighbours: [Activations], _ expected: ExpectedFit
  ) throws(SteeringError) {
    try activations.checkWidth(dictionary.modelWidth, of: "dictionary's input width")
    for file in neighbours {
      try file.checkWidth(dictionary.modelWidth, of: "dictionary's input width")
    }
    if let targets {
      guard dictionary.kind == .transcoder else {
        throw SteeringError(
          .invalidArgument,
          "targets belong to a transcoder, but \(dictionary.name) is an autoencoder")
      }
      try targets.checkWidth(dictionary.outputWidth, of: "dictionary's output width")
      guard targets.rowCount == activations.rowCount else {
        throw SteeringError(
          .shapeMismatch,
          "\(targets.path) has \(targets.rowCount) rows, expected \(activations.rowCount), one for"
            + " each row of \(activations.path)")
      }
      for file in neighbours where file.rowCount != activations.rowCount {
        throw SteeringError(
          .shapeMismatch,
          "\(file.path) has \(file.rowCount) rows, expected \(activations.rowCount), one for each"
            + " target")
      }
    } else if dictionary.kind == .transcoder, expected.l0 == nil {
      throw SteeringError(
        .invalidArgument,
        "a transcoder without targets and without a declared L0 cannot be judged: give the rows that"
          + " it should write, or L0")
    }
  }

  /// As many rows as about 4·10⁹ multiply-adds encode, 64 to 1,024.
  private static func sampleRows(_ dictionary: SparseDictionary) -> Int {
    let (cost, overflow) = dictionary.featureCount.multipliedReportingOverflow(
      by: dictionary.modelWidth)
    return overflow ? 64 : min(1024, max(64, 4_000_000_000 / max(1, cost)))
  }

  /// What leaving out special rows and sinks would change; a reason where few rows decide the figures.
  private static func special(
    _ pass: VerificationPass, leftOutCount left: Int, share: Double?, _ expected: ExpectedFit,
    width: Int
  ) -> (cause: VerificationCause, reason: String?)? {
    guard left > 0, pass.ordinary.fvu != nil else { return nil }
    let before = VerificationBands.distance(pass.all, expected, width: width)
    let after = VerificationBands.distance(pass.ordinary, expected, width: width)
    let isFew =
      Double(left) <= VerificationBands.fewRows * Double(pass.all.rowCount)
    let decides = isFew && (share ?? 0) > VerificationBands.largestLeftOutVariance
    let isInBands = VerificationBands.complaints(pass.ordinary, expected, width: width).isEmpty
    let cause = VerificationCause(
      kinds: [.specialRows],
      statement: "special tokens and sinks (\(left) rows) are left out",
      advice: "these rows say nothing about the dictionary: judge without --rows all, and mark them"
        + " in the file's 'special' or 'positions'",
      fit: pass.ordinary, gain: before - after,
      explains: isInBands && (decides || VerificationBands.isBetter(after, than: before)),
      distance: after)
    guard decides, let share else { return (cause, nil) }
    let percent = Decimal.fixed(100 * Double(left) / Double(max(1, pass.all.rowCount)), 1)
    return (
      cause,
      "\(left) special or sink rows (\(percent) %) hold \(Decimal.fixed(100 * share, 0)) % of the"
        + " variance"
    )
  }

  private static func summary(
    _ fit: VerificationFit, verdict: Verdict, _ expected: ExpectedFit,
    _ explanation: VerificationCause?, specialReason: String?
  ) -> String {
    let fvu = fit.fvu.map { Decimal.fixed($0, 3) }
    if let explanation, explanation.kinds == [.specialRows], let specialReason,
      let before = fit.fvu, let after = explanation.fit.fvu, after >= before
    {
      return "load looks wrong: \(specialReason): FVU \(Decimal.fixed(after, 3)) without them"
    }
    if verdict == .wrong, let explanation, let before = fvu, let after = explanation.fit.fvu {
      return "load looks wrong: FVU \(before) → \(Decimal.fixed(after, 3)) if"
        + " \(explanation.statement)"
    }
    let declared =
      expected.l0.map {
        expected.l0Source?.hasPrefix("k ") == true
          ? " (declared \(expected.l0Source ?? ""))" : " (declared \(Decimal.range($0)))"
      } ?? ""
    let figures =
      "FVU \(fvu ?? "unknown"), L0 \(fit.l0.map { Decimal.fixed($0, 1) } ?? "unknown")\(declared)"
    return verdict == .right
      ? "load looks right: \(figures)"
      : "load looks wrong: \(figures); no cause that was tried explains it"
  }
}
