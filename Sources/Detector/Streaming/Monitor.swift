/// Scores a stream token by token, as it is generated or read, with linear readouts.
///
/// Two accounts are kept: the score of all tokens so far, which ends as the score of the whole document bit
/// for bit, and an e-process over blocks of ``SequentialCalibration/blockLength`` kept tokens, which may
/// be looked at after every token. A block counts when it is complete: streams shorter than one never flag.
/// After ``SequentialCalibration/longestStream`` blocks no flag is raised any more: nothing is known of how far
/// null streams get by then.
/// One monitor per stream, one thread at a time. ``observe(_:use:)``, ``reset()`` and ``assign(from:)``
/// allocate nothing.
public final class Monitor {
  /// What the stream is watched for.
  package let streams: StreamPlan

  private let plan: LinearPlan
  /// Kept tokens per block; 0 without a calibration of streams.
  private let blockLength: Int
  /// Blocks after which nothing is flagged for the first time.
  private let longestStream: Int
  /// Null block scores, `[structures]`.
  private let nulls: [NullSample]
  private let thresholds: [SequentialCalibration.Threshold]
  // Exclusive access to the state below is not checked at run time: a monitor belongs to one thread at a
  // time, and no code of a caller runs while it is read or changed.

  /// Tokens so far, by use.
  @exclusivity(unchecked)
  public private(set) var tokens = TokenCounts()
  @exclusivity(unchecked)
  private var whole: LinearPools
  @exclusivity(unchecked)
  private var block: LinearPools
  /// Per structure; none without a calibration of streams.
  @exclusivity(unchecked)
  private var processes: ContiguousArray<EProcess>
  /// Tokens when each threshold was first reached, `[thresholds, structures]`; 0 where it was not.
  @exclusivity(unchecked)
  private var crossings: ContiguousArray<Int>

  /// A monitor of an empty stream.
  package init(_ streams: StreamPlan) {
    self.streams = streams
    plan = streams.plan
    let sequential = streams.detector.calibration?.sequential
    blockLength = sequential?.blockLength ?? 0
    longestStream = sequential?.longestStream ?? 0
    nulls = sequential?.blocks ?? []
    thresholds = sequential?.thresholds ?? []
    whole = LinearPools(plan)
    block = LinearPools(plan)
    (processes, crossings) = Self.start(
      sequential, structures: streams.detector.structures.count)
  }

  /// A monitor of an empty stream, for one stream alone.
  ///
  /// - Throws: As ``StreamPlan``.
  package convenience init(_ detector: FittedDetector) throws(DetectionError) {
    self.init(try StreamPlan(detector))
  }

  private static func start(
    _ sequential: SequentialCalibration?, structures: Int
  ) -> (ContiguousArray<EProcess>, ContiguousArray<Int>) {
    guard let sequential else { return ([], []) }
    // Each with storage of its own: repeating one value would share it, and copy it later.
    let processes = ContiguousArray(
      (0..<structures).map { _ in EProcess(capacity: SequentialCalibration.learningBlocks) })
    return (
      processes, ContiguousArray(repeating: 0, count: sequential.thresholds.count * structures)
    )
  }

  /// Takes the next token.
  ///
  /// - Parameter activations: Of ``monitoredFeatures``, in their order, `[monitoredFeatures.count]`, as
  ///   the dictionary's encoder gives them; not read for a token that is not kept. NaN counts as 0.
  /// - Parameter use: Whether the token enters pooling.
  public func observe(_ activations: Span<Float>, use: TokenUse = .kept) {
    tokens.add(use)
    guard use == .kept else { return }
    precondition(
      activations.count == plan.features.count, "one activation per monitored feature")
    whole.beginToken()
    let hasBlocks = blockLength > 0
    if hasBlocks { block.beginToken() }
    for place in 0..<activations.count {
      let activation = activations[place]
      // Neither zero nor NaN.
      guard activation < 0 || activation > 0 else { continue }
      whole.add(activation, at: place)
      if hasBlocks { block.add(activation, at: place) }
    }
    if hasBlocks, block.tokenCount == blockLength { finishBlock() }
  }

  private func finishBlock() {
    let structures = processes.count
    for structure in 0..<structures {
      let score = block.score(structure: structure) ?? 0
      processes[structure].update(p: nulls[structure].p(of: score))
      guard processes[structure].count <= longestStream else { continue }
      let wealth = processes[structure].logWealth
      for index in thresholds.indices
      where crossings[index * structures + structure] == 0
        && wealth >= thresholds[index].logWealth[structure]
      {
        crossings[index * structures + structure] = tokens.all
      }
    }
    block.reset()
  }

  /// The detector that scores.
  public var detector: FittedDetector { streams.detector }
  /// The features whose activations it reads, ascending, without repetition.
  public var monitoredFeatures: [Int] { streams.monitoredFeatures }

  /// What can be said of the stream so far, at a false-alarm rate above 0 and below 1.
  ///
  /// Streams have thresholds for the rates that they were calibrated for; another rate takes that of the
  /// largest smaller one.
  public func verdict(rate: Double = Verdict.defaultRate) -> StreamVerdict {
    StreamVerdict(
      tokens: tokens, rate: rate,
      findings: streams.detector.structures.indices.map { finding(ofStructure: $0, rate: rate) })
  }

  /// What can be said of one structure; allocates nothing.
  public func finding(
    ofStructure structure: Int, rate: Double = Verdict.defaultRate
  ) -> StreamFinding {
    precondition(rate > 0 && rate < 1, "rate must be above 0 and below 1")
    precondition(streams.detector.structures.indices.contains(structure), "structure out of range")
    let score = whole.score(structure: structure)
    var finding = StreamFinding(
      structure: streams.detector.structures[structure].name, score: score, p: nil, blockCount: 0,
      logWealth: 0, anytimeP: 1, threshold: nil, isFlagged: false, crossedAtToken: nil, limit: nil)
    if let score, let calibration = streams.detector.calibration,
      let bucket = calibration.bucket(ofLength: tokens.kept)
    {
      finding.p = calibration.buckets[bucket].nulls[structure].p(of: score)
    }
    guard blockLength > 0 else { return finding }
    finding.blockCount = processes[structure].count
    finding.logWealth = processes[structure].logWealth
    finding.anytimeP = processes[structure].anytimeP
    if finding.blockCount > longestStream { finding.limit = .beyondCalibration }
    guard let index = thresholds.firstIndex(where: { $0.alpha <= rate }) else { return finding }
    finding.threshold = thresholds[index].logWealth[structure]
    let crossing = crossings[index * processes.count + structure]
    finding.isFlagged = crossing > 0
    finding.crossedAtToken = crossing > 0 ? crossing : nil
    return finding
  }

  /// Starts another stream.
  public func reset() {
    tokens = TokenCounts()
    whole.reset()
    block.reset()
    for structure in processes.indices { processes[structure].reset() }
    for index in crossings.indices { crossings[index] = 0 }
  }

  /// A monitor in the same state: for a beam, or a copied cache of keys and values.
  public func fork() -> Monitor {
    let copy = Monitor(streams)
    copy.assign(from: self)
    return copy
  }

  /// Takes over the state of another monitor of the same plan: one that is a fork of the other is.
  public func assign(from other: Monitor) {
    precondition(other.streams === streams, "monitors of different detectors")
    guard other !== self else { return }
    tokens = other.tokens
    whole.assign(other.whole)
    block.assign(other.block)
    for structure in processes.indices {
      processes[structure].assign(other.processes[structure])
    }
    for index in crossings.indices { crossings[index] = other.crossings[index] }
  }
}
