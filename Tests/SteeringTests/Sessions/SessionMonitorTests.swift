import Detector
import SAE
import Steering
import Tensors
import TestSupport
import Testing

@Suite struct SessionMonitorTests {
  private let sample = Sample.all[0]

  private func session(_ dictionary: SparseDictionary, _ streams: StreamDetector) throws -> Session
  {
    let interventions = [3, 11].map { Intervention(feature: $0, mode: .clamp, alpha: 4) }
    let session = Session(try Plan(PlanDocument(interventions), dictionary: dictionary))
    try session.watch(with: FeatureMonitor(streams))
    return session
  }

  private func verdict(
    _ rows: [[Float]], _ streams: StreamDetector, special: Int? = 0
  ) throws -> StreamVerdict {
    let monitor = FeatureMonitor(streams)
    for (index, row) in rows.enumerated() {
      try monitor.observe(row.span, isSpecial: index == special)
    }
    return monitor.verdict()
  }

  /// The monitor sees what came, not what the session made of it, alone and in batches of all types.
  @Test(arguments: [ElementType.f32, .bf16, .f16]) func rowsAreWatchedBeforeTheirEdits(
    _ type: ElementType
  ) throws {
    let dictionary = try sample.dictionary()
    let streams = try StreamDetector(
      try Watching.calibrated(try Watching.detector(dictionary)), dictionary)
    let memory = RowMemory(sample.rows(12), type, gap: 2)
    let given = (0..<12).map(memory.row)
    let expected = try verdict(given, streams)

    let together = try session(dictionary, streams)
    let outcomes = try memory.apply(Array(repeating: together, count: 12))
    #expect(outcomes.allSatisfy { $0 == .edited })
    #expect(together.monitor?.verdict() == expected)
    #expect((0..<12).map(memory.row) != given)

    let single = try session(dictionary, streams)
    for row in given {
      let alone = RowMemory([row], type)
      _ = try alone.apply([single])
    }
    #expect(single.monitor?.verdict() == expected)
    if type == .f32 {
      let spans = try session(dictionary, streams)
      for row in given {
        var row = row
        try spans.apply(toArray: &row)
      }
      #expect(spans.monitor?.verdict() == expected)
    }
  }

  @Test func rowsOutOfScopeAreWatchedToo() throws {
    let dictionary = try sample.dictionary()
    let streams = try StreamDetector(try Watching.detector(dictionary), dictionary)
    let plan = try Plan(
      PlanDocument([
        Intervention(
          feature: 3, mode: .add, alpha: 1, scope: Scope(phase: .generated))
      ]), dictionary: dictionary)
    let session = Session(plan, promptLength: 100)
    try session.watch(with: FeatureMonitor(streams))
    let rows = sample.rows(6)
    #expect(
      try RowMemory(rows).apply(Array(repeating: session, count: 6))
        == Array(repeating: .untouched, count: 6))
    #expect(try session.monitor?.verdict() == verdict(rows, streams))
  }

  /// A refused row leaves rows, sessions and monitors, those of the other sessions too.
  @Test(arguments: [0, 2, 5]) func refusedRowsAreNotWatched(_ place: Int) throws {
    let dictionary = try sample.dictionary()
    let streams = try StreamDetector(try Watching.detector(dictionary), dictionary)
    let sessions = [try session(dictionary, streams), try session(dictionary, streams)]
    var rows = sample.rows(6)
    _ = try RowMemory(rows).apply(sessions + sessions + sessions)
    let before = sessions.map { $0.monitor?.verdict() }
    rows[place][1] = .nan
    let memory = RowMemory(rows)
    #expect(throws: RowBatch.Failure.self) { _ = try memory.apply(sessions + sessions + sessions) }
    #expect(sessions.map { $0.monitor?.verdict() } == before)
    #expect(sessions.map(\.position) == [3, 3])
    var row = rows[place]
    #expect(steeringError { try sessions[0].apply(toArray: &row) }?.code == .nonFinite)
    #expect(sessions.map { $0.monitor?.verdict() } == before)
  }

  @Test func positionZeroIsSpecialWhateverTheOrder() throws {
    let dictionary = try sample.dictionary()
    let streams = try StreamDetector(try Watching.detector(dictionary), dictionary)
    let session = try session(dictionary, streams)
    let rows = sample.rows(4)
    _ = try RowMemory(rows).apply(
      Array(repeating: session, count: 4), positions: [7, 8, 0, 1])
    #expect(try session.monitor?.verdict() == verdict(rows, streams, special: 2))
  }

  @Test func resetStartsAStreamAndForksHaveNoMonitor() throws {
    let dictionary = try sample.dictionary()
    let streams = try StreamDetector(try Watching.detector(dictionary), dictionary)
    let session = try session(dictionary, streams)
    let rows = sample.rows(5)
    _ = try RowMemory(rows).apply(Array(repeating: session, count: 5))
    #expect(session.fork().monitor == nil)
    let other = Session(session.plan)
    try other.watch(with: FeatureMonitor(streams))
    other.assign(session)
    #expect(other.position == 5)
    #expect(other.monitor?.tokens.all == 0)
    session.seek(to: 2)
    #expect(session.monitor?.tokens.all == 5)
    session.reset()
    #expect(session.monitor?.tokens.all == 0)
    try session.watch(with: nil)
    _ = try RowMemory(rows).apply(Array(repeating: session, count: 5))
    #expect(session.counts.rows == 5)
  }

  @Test func monitorsOfAnotherWidthAreRefused() throws {
    let dictionary = try sample.dictionary()
    let session = try session(
      dictionary, StreamDetector(try Watching.detector(dictionary), dictionary))
    let before = session.monitor
    let wide = RandomDictionary(featureCount: 48, width: 38, seed: 3)
    let other = try SparseDictionary(wide.parts(.relu))
    let monitor = try FeatureMonitor(try Watching.detector(other), other)
    #expect(steeringError { try session.watch(with: monitor) }?.code == .shapeMismatch)
    #expect(session.monitor === before)
  }

  /// Rows of two places are not the same rows, however wide.
  @Test(
    arguments: [
      (nil, nil, true), ("blocks.1.hook_mlp_in", nil, true), (nil, "blocks.1.hook_mlp_out", true),
      ("blocks.1.hook_resid_post", "blocks.1.hook_resid_post", true),
      ("blocks.1.hook_resid_pre", "blocks.1.hook_resid_post", false),
    ] as [(String?, String?, Bool)])
  func monitorsOfAnotherPlaceAreRefused(_ read: String?, _ edited: String?, _ fits: Bool) throws {
    func dictionary(_ hook: String?) throws -> SparseDictionary {
      var parts = sample.parts()
      parts.input.hook = hook
      parts.output.hook = hook
      return try SparseDictionary(parts)
    }
    let watched = try dictionary(read)
    let monitor = try FeatureMonitor(try Watching.detector(watched), watched)
    let session = Session(
      try Plan(
        PlanDocument([Intervention(feature: 3, mode: .add, alpha: 1)]),
        dictionary: try dictionary(edited)))
    let error = steeringError { try session.watch(with: monitor) }
    #expect((error == nil) == fits)
    #expect((session.monitor === monitor) == fits)
    guard !fits else { return }
    #expect(error?.code == .invalidArgument)
    #expect(
      error?.message
        == "the monitor reads rows of 'blocks.1.hook_resid_pre', expected those that the"
        + " session edits, of 'blocks.1.hook_resid_post'")
  }

  /// A monitor in two sessions would mix their streams; it is free again when its session lets go of it.
  @Test func monitorsBelongToOneSession() throws {
    let dictionary = try sample.dictionary()
    let streams = try StreamDetector(try Watching.detector(dictionary), dictionary)
    var first: Session? = try session(dictionary, streams)
    let second = try session(dictionary, streams)
    let own = second.monitor
    let monitor = FeatureMonitor(streams)
    try first?.watch(with: monitor)
    try first?.watch(with: monitor)
    first?.reset()
    let error = steeringError { try second.watch(with: monitor) }
    #expect(error?.code == .invalidArgument)
    #expect(error?.message.hasPrefix("the monitor is another session's") == true)
    #expect(second.monitor === own)
    try first?.watch(with: nil)
    try second.watch(with: monitor)
    #expect(steeringError { try first?.watch(with: monitor) } != nil)
    try second.watch(with: FeatureMonitor(streams))
    try first?.watch(with: monitor)
    first = nil
    try second.watch(with: monitor)
    // A fork is a monitor of its own.
    try second.fork().watch(with: monitor.fork())
  }
}
