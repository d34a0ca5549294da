import Detector
import SAE
import Steering
import Tensors
import TestSupport
import Testing

@Suite struct FeatureMonitorTests {
  private func observe(
    _ monitor: FeatureMonitor, _ rows: [[Float]], _ type: ElementType = .f32,
    isSpecial: (Int) -> Bool? = { _ in nil }
  ) throws(RowBatch.Failure) {
    try RowMemory(rows, type, gap: 3).observe(
      Array(repeating: monitor, count: rows.count), isSpecial: isSpecial)
  }

  /// Selective reading of a stream and full encoding of a document: the same bits.
  @Test(arguments: Sample.all) func theScoreOfAStreamIsThatOfItsDocument(_ sample: Sample) throws {
    let dictionary = try sample.dictionary()
    let detector = try Watching.detector(dictionary, sinkNorm: 14)
    var rows = sample.rows(60)
    rows[7] = Array(repeating: 0, count: 37)
    let document = try Watching.document(rows, dictionary, detector.masking)
    #expect(document.counts.sink > 0)
    #expect(document.counts.special == 1)
    let expected = try #require(try Scorer(detector).score(document))

    let monitor = try FeatureMonitor(detector, dictionary)
    try observe(monitor, Array(rows[..<13]))
    for row in rows[13...] { try monitor.observe(row.span) }
    let verdict = monitor.verdict()
    #expect(verdict.tokens == document.counts)
    #expect(verdict.findings.map(\.score) == expected.map { $0 })
  }

  @Test(arguments: [ElementType.bf16, .f16]) func shortRowsAreWidened(_ type: ElementType) throws {
    let sample = Sample.all[0]
    let dictionary = try sample.dictionary()
    let detector = try Watching.detector(dictionary)
    let memory = RowMemory(sample.rows(20), type)
    let short = try FeatureMonitor(detector, dictionary)
    try memory.observe(Array(repeating: short, count: 20))
    let wide = try FeatureMonitor(detector, dictionary)
    try observe(wide, (0..<20).map(memory.row))
    #expect(short.verdict() == wide.verdict())
  }

  @Test func marksOfSpecialRowsReplacePositionZero() throws {
    let sample = Sample.all[0]
    let dictionary = try sample.dictionary()
    let detector = try Watching.detector(dictionary)
    let rows = sample.rows(12)
    let marked = try FeatureMonitor(detector, dictionary)
    try observe(marked, rows, isSpecial: { $0 == 4 || $0 == 5 })
    let document = try Watching.document(
      rows, dictionary, detector.masking, isSpecial: { $0 == 4 || $0 == 5 })
    #expect(marked.tokens == document.counts)
    #expect(marked.tokens.special == 2)
    #expect(
      marked.verdict().findings.map(\.score) == (try Scorer(detector).score(document)?.map { $0 }))
    let one = try FeatureMonitor(detector, dictionary)
    for row in rows[..<2] { try one.observe(row.span, isSpecial: row == rows[0] ? false : nil) }
    #expect(one.tokens.special == 0)
  }

  /// A refused row, wherever it stands, leaves the stream as it was.
  @Test(arguments: [0, 3, 9]) func refusedRowsLeaveTheStream(_ place: Int) throws {
    let sample = Sample.all[0]
    let dictionary = try sample.dictionary()
    let monitor = try FeatureMonitor(
      try Watching.calibrated(try Watching.detector(dictionary)), dictionary)
    try observe(monitor, sample.rows(11, seed: 4))
    let before = monitor.verdict()
    var rows = sample.rows(10)
    rows[place][36] = .nan
    do throws(RowBatch.Failure) {
      try observe(monitor, rows)
      Issue.record("a NaN was taken")
    } catch {
      #expect(error.row == place)
      #expect(error.error.code == .nonFinite)
    }
    #expect(monitor.verdict() == before)
    let (bad, short) = (rows[place], [Float](repeating: 1, count: 2))
    #expect(steeringError { try monitor.observe(bad.span) }?.code == .nonFinite)
    #expect(steeringError { try monitor.observe(short.span) }?.code == .shapeMismatch)
    #expect(monitor.verdict() == before)
  }

  /// Streams of a batch do not see one another, and a refused row leaves all of them.
  @Test func batchesKeepStreamsApart() throws {
    let sample = Sample.all[0]
    let dictionary = try sample.dictionary()
    let streams = try StreamDetector(
      try Watching.calibrated(try Watching.detector(dictionary)), dictionary)
    let owners: [Int?] = [0, 1, 0, nil, 1, 1, 0, 0, 0]
    let rows = sample.rows(9)
    let batched = [FeatureMonitor(streams), FeatureMonitor(streams)]
    func show(_ rows: [[Float]]) throws(RowBatch.Failure) {
      try RowMemory(rows).observe(owners.map { $0.map { batched[$0] } })
    }
    try show(rows)
    let alone = [FeatureMonitor(streams), FeatureMonitor(streams)]
    for (row, owner) in zip(rows, owners) {
      if let owner { try alone[owner].observe(row.span) }
    }
    for index in 0..<2 { #expect(batched[index].verdict() == alone[index].verdict()) }
    let before = batched.map { $0.verdict() }
    var bad = rows
    bad[7][0] = .infinity
    #expect(throws: RowBatch.Failure.self) { try show(bad) }
    #expect(batched.map { $0.verdict() } == before)
    bad[3][0] = .infinity
    bad[7][0] = 0
    // Nobody watches row 3.
    try show(bad)
    #expect(batched[0].tokens.all == 10)
  }

  @Test func resetForksAndAssignment() throws {
    let sample = Sample.all[0]
    let dictionary = try sample.dictionary()
    let streams = try StreamDetector(
      try Watching.calibrated(try Watching.detector(dictionary)), dictionary)
    let monitor = FeatureMonitor(streams)
    try observe(monitor, sample.rows(17))
    #expect(monitor.verdict().isFlagged)
    let fork = monitor.fork()
    #expect(fork.verdict() == monitor.verdict())
    try observe(fork, sample.rows(9, seed: 5))
    #expect(fork.verdict() != monitor.verdict())
    monitor.assign(from: fork)
    #expect(fork.verdict() == monitor.verdict())
    monitor.reset()
    #expect(monitor.verdict() == FeatureMonitor(streams).verdict())
  }

  @Test func otherDictionariesAreRefused() throws {
    let dictionary = try Sample.all[0].dictionary()
    let other = try Sample("other", { _ in .relu }, seed: 8).dictionary()
    let detector = try Watching.detector(dictionary)
    #expect(steeringError { _ = try FeatureMonitor(detector, other) }?.code == .invalidArgument)
    var shape = detector
    shape.structures[1].readout = .profile(ProfileReadout(features: [2], shares: [1]))
    let error = steeringError { _ = try FeatureMonitor(shape, dictionary) }
    #expect(error?.code == .invalidArgument)
  }
}
