import Detector
import Testing

@Suite struct MonitorTests {
  /// The activations of a monitor's features at a token.
  private func row(_ document: DocumentCodes, _ token: Int, _ monitor: Monitor) -> [Float] {
    monitor.monitoredFeatures.map { document.activation($0, at: token) }
  }

  private func observe(
    _ document: DocumentCodes, _ tokens: Range<Int>, _ monitor: Monitor
  ) {
    for token in tokens {
      monitor.observe(row(document, token, monitor).span, use: document.uses[token])
    }
  }

  /// A calibration of streams that knows no document.
  private func calibrated(
    _ detector: FittedDetector, thresholds: [Double], longestStream: Int = 100
  ) throws -> FittedDetector {
    var detector = detector
    let count = detector.structures.count
    let null = try NullSample((0..<99).map { Double($0) / 33 - 1.5 })
    detector.calibration = Calibration(
      buckets: [
        .init(
          lengths: 1...60, nulls: Array(repeating: null, count: count),
          combined: count > 1 ? null : nil)
      ],
      correlation: (0..<count * count).map { $0 % (count + 1) == 0 ? 1 : 0 },
      record: SplitRecord([]),
      sequential: SequentialCalibration(
        blockLength: 4, blocks: Array(repeating: null, count: count),
        thresholds: thresholds.enumerated().map { index, wealth in
          .init(alpha: 0.1 / Double(index + 1), logWealth: Array(repeating: wealth, count: count))
        }, streamCount: 10, longestStream: longestStream))
    return detector
  }

  @Test(arguments: 0..<20) func theScoreOfAStreamIsThatOfItsDocument(_ number: Int) throws {
    let detector = Sample.poolings
    let monitor = try Monitor(detector)
    let scorer = try Scorer(detector)
    let document = Sample.document(number, length: 3 + 5 * number)
    observe(document, 0..<document.tokenCount, monitor)
    let verdict = monitor.verdict()
    #expect(verdict.tokens == document.counts)
    // Bit for bit.
    #expect(verdict.findings.map(\.score) == scorer.score(document)?.map { $0 })
    #expect(verdict.findings.allSatisfy { $0.p == nil && $0.threshold == nil && !$0.isFlagged })
  }

  @Test func monitoredFeaturesAreThoseOfTheTerms() throws {
    let monitor = try Monitor(Sample.poolings)
    var expected: Set<Int> = []
    for structure in monitor.detector.structures {
      guard case .linear(let readout) = structure.readout else { continue }
      expected.formUnion(readout.terms.map(\.feature))
    }
    #expect(monitor.monitoredFeatures == expected.sorted())
  }

  @Test func anEmptyStreamHasNoScore() throws {
    let monitor = try Monitor(Sample.poolings)
    #expect(monitor.verdict().findings.allSatisfy { $0.score == nil })
    monitor.observe([Float]().span, use: .special)
    #expect(monitor.verdict().findings.allSatisfy { $0.score == nil })
    #expect(monitor.tokens.special == 1)
  }

  @Test func pValuesAreThoseOfTheWholeDocument() throws {
    let detector = try calibrated(Sample.poolings, thresholds: [5])
    let monitor = try Monitor(detector)
    let scorer = try Scorer(detector)
    let document = Sample.document(11, length: 90)
    for token in 0..<document.tokenCount {
      observe(document, token..<token + 1, monitor)
      let kept = monitor.tokens.kept
      #expect(
        monitor.verdict().findings.map { $0.p == nil }
          == Array(repeating: !(1...60).contains(kept), count: 4))
    }
    let short = Sample.document(11, length: 40)
    monitor.reset()
    observe(short, 0..<40, monitor)
    #expect(monitor.verdict().findings.map(\.p) == scorer.verdict(of: short).findings.map(\.p))
  }

  @Test func evidenceComesFromCompleteBlocksOfKeptTokens() throws {
    let detector = try calibrated(Sample.poolings, thresholds: [0.5, 1.5])
    let monitor = try Monitor(detector)
    let scorer = try Scorer(detector)
    let document = Sample.document(21, length: 60)
    var processes = detector.structures.map { _ in
      EProcess(capacity: SequentialCalibration.learningBlocks)
    }
    var crossed = Array(repeating: [Int?](repeating: nil, count: 4), count: 2)
    var block = DocumentCodes(
      id: "block", identity: DocumentIdentity(bits: 0), featureCount: Sample.featureCount)
    for token in 0..<document.tokenCount {
      observe(document, token..<token + 1, monitor)
      if document.uses[token] == .kept {
        let range = document.offsets[token]..<document.offsets[token + 1]
        block.append(
          features: document.features[range], values: document.values[range], use: .kept)
      }
      if block.tokenCount == 4 {
        let scores = try #require(scorer.score(block))
        for index in scores.indices {
          processes[index].update(
            p: try #require(detector.calibration?.sequential).blocks[index].p(of: scores[index]))
          for (place, wealth) in [0.5, 1.5].enumerated()
          where crossed[place][index] == nil && processes[index].logWealth >= wealth {
            crossed[place][index] = token + 1
          }
        }
        block = DocumentCodes(
          id: "block", identity: DocumentIdentity(bits: 0), featureCount: Sample.featureCount)
      }
      for (rate, place) in [(0.1, 0), (0.07, 1), (0.05, 1)] {
        let findings = monitor.verdict(rate: rate).findings
        #expect(findings.map(\.logWealth) == processes.map(\.logWealth))
        #expect(findings.map(\.anytimeP) == processes.map(\.anytimeP))
        #expect(findings.map(\.blockCount) == processes.map(\.count))
        #expect(findings.map(\.crossedAtToken) == crossed[place])
        #expect(findings.map(\.isFlagged) == crossed[place].map { $0 != nil })
      }
    }
    #expect(crossed[0].contains { $0 != nil })
    #expect(crossed[0].contains { $0 == nil })
    #expect(monitor.verdict(rate: 0.04).findings.allSatisfy { $0.threshold == nil })
  }

  @Test func streamsBeyondTheNullStreamsRaiseNoNewFlag() throws {
    let document = Sample.document(21, length: 60)
    let wealth = 0.5
    let free = try Monitor(try calibrated(Sample.poolings, thresholds: [wealth]))
    observe(document, 0..<60, free)
    let first = try #require(
      free.verdict(rate: 0.1).findings.compactMap(\.crossedAtToken).max())
    let blocks = document.uses[..<first].count { $0 == .kept } / 4
    #expect(free.verdict(rate: 0.1).findings.allSatisfy { $0.limit == nil })
    for longest in [blocks - 1, blocks] {
      let monitor = try Monitor(
        try calibrated(Sample.poolings, thresholds: [wealth], longestStream: longest))
      for token in 0..<60 {
        observe(document, token..<token + 1, monitor)
        for finding in monitor.verdict(rate: 0.1).findings {
          #expect((finding.limit == .beyondCalibration) == (finding.blockCount > longest))
        }
      }
      let found = monitor.verdict(rate: 0.1).findings
      // Those that crossed in time stay, with the same evidence; the last one is not there.
      for (one, other) in zip(found, free.verdict(rate: 0.1).findings) {
        let isInTime = other.crossedAtToken.map { $0 < first || longest == blocks } ?? false
        #expect(one.isFlagged == isInTime)
        #expect(one.crossedAtToken == (isInTime ? other.crossedAtToken : nil))
        #expect(one.logWealth == other.logWealth)
      }
    }
  }

  @Test func resetForksAndAssignmentCarryTheWholeState() throws {
    let detector = try calibrated(Sample.poolings, thresholds: [0.5])
    let first = Sample.document(31, length: 57)
    let second = Sample.document(32, length: 46)
    let monitor = try Monitor(detector)
    observe(first, 0..<30, monitor)
    let fork = monitor.fork()
    #expect(fork.verdict(rate: 0.2) == monitor.verdict(rate: 0.2))
    observe(first, 30..<57, monitor)
    observe(second, 0..<46, fork)
    #expect(fork.verdict(rate: 0.2) != monitor.verdict(rate: 0.2))

    let straight = try Monitor(detector)
    observe(first, 0..<57, straight)
    #expect(straight.verdict(rate: 0.2) == monitor.verdict(rate: 0.2))
    fork.assign(from: monitor)
    #expect(fork.verdict(rate: 0.2) == monitor.verdict(rate: 0.2))
    observe(second, 0..<46, fork)
    observe(second, 0..<46, straight)
    #expect(fork.verdict(rate: 0.2) == straight.verdict(rate: 0.2))

    fork.reset()
    let empty = try Monitor(detector)
    #expect(fork.verdict(rate: 0.2) == empty.verdict(rate: 0.2))
    observe(second, 0..<46, fork)
    observe(second, 0..<46, empty)
    #expect(fork.verdict(rate: 0.2) == empty.verdict(rate: 0.2))
  }

  @Test func readoutsOfWholeDocumentsAreRefused() throws {
    let profile = Structure(
      name: "shape", readout: .profile(ProfileReadout(features: [1], shares: [1])), pooling: .mean)
    #expect(
      throws: DetectionError(
        .unsupported(
          what: "watching structure 'shape' token by token", expected: "linear readouts"))
    ) { _ = try Monitor(Sample.detector([profile], kind: .profile)) }
  }

  @Test func strangersAreNotAssigned() async {
    await #expect(processExitsWith: .failure) {
      try Monitor(Sample.poolings).assign(from: Monitor(Sample.poolings))
    }
  }
}
