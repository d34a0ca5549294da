import Detector
import Testing
import TestSupport

@Suite struct CalibratorTests {
  private static func lengths(_ count: Int, seed: UInt64 = 5) -> [Int] {
    var generator = SplitMix64(seed: seed)
    return (0..<count).map { _ in Int.random(in: 20...120, using: &generator) }
  }

  private func calibrated(
    _ detector: FittedDetector, _ documents: [DocumentCodes], minimum: Int = 100
  ) throws -> FittedDetector {
    let calibrator = try Calibrator(
      detector,
      options: CalibrationOptions(minimumPerBucket: minimum, maximumBuckets: 4, blockLength: 8))
    for document in documents { try calibrator.add(document) }
    return try calibrator.finish()
  }

  private static let documents = lengths(650).enumerated().map {
    Sample.document($0.offset, length: $0.element, seed: 77)
  }

  @Test func bucketsCoverEveryNullLengthWithEnoughDocumentsEach() throws {
    let calibration = try #require(
      try calibrated(Sample.poolings, Self.documents).calibration)
    let kept = Self.documents.map(\.counts.kept)
    #expect(calibration.buckets.count == 4)
    #expect(calibration.buckets.first?.lengths.lowerBound == kept.min())
    #expect(calibration.buckets.last?.lengths.upperBound == kept.max())
    for (one, next) in zip(calibration.buckets, calibration.buckets.dropFirst()) {
      #expect(one.lengths.upperBound + 1 == next.lengths.lowerBound)
    }
    for bucket in calibration.buckets {
      let members = kept.count { bucket.lengths.contains($0) }
      #expect(members >= 100)
      #expect(bucket.nulls.map(\.count) == Array(repeating: members, count: 4))
      #expect(bucket.combined?.count == members)
    }
  }

  @Test func documentsOfOneLengthShareABucket() throws {
    let documents = (0..<300).map { Sample.oneLength($0, length: $0 < 120 ? 9 : 10) }
    let calibration = try #require(
      try calibrated(Sample.poolings, documents).calibration)
    #expect(calibration.buckets.map(\.lengths) == [9...9, 10...10])
    #expect(calibration.buckets.map { $0.nulls[0].count } == [120, 180])
  }

  @Test func nullScoresAreTheScorersAndTheOrderOfDocumentsIsNothing() throws {
    let detector = try calibrated(Sample.poolings, Self.documents)
    #expect(try calibrated(Sample.poolings, Self.documents.reversed()) == detector)
    let calibration = try #require(detector.calibration)
    let scorer = try Scorer(Sample.poolings)
    for bucket in calibration.buckets {
      let scores = Self.documents.filter { bucket.lengths.contains($0.counts.kept) }
        .compactMap { scorer.score($0) }
      for index in 0..<4 {
        #expect(
          bucket.nulls[index].sorted == scores.map { Double(Float($0[index])) }.sorted())
      }
    }
    #expect(calibration.record == SplitRecord(Self.documents.map(\.identity)))
  }

  @Test func calibratingAgainForgetsTheFirstTime() throws {
    let once = try calibrated(Sample.poolings, Self.documents)
    #expect(try calibrated(once, Self.documents) == once)
  }

  @Test func flagsAreThePValuesAtOrBelowTheRate() throws {
    let scorer = try Scorer(try calibrated(Sample.poolings, Self.documents))
    var flagged = 0
    for number in 0..<400 {
      let document = Sample.document(10_000 + number, length: 60)
      for rate in [0.02, 0.1] {
        let verdict = scorer.verdict(of: document, rate: rate, localises: false)
        for finding in verdict.findings {
          let p = try #require(finding.p)
          let threshold = try #require(finding.threshold)
          #expect(finding.isFlagged == (p <= rate))
          #expect(finding.isFlagged == (finding.score > threshold))
          if finding.isFlagged { flagged += 1 }
        }
      }
    }
    // 1,600 tests at 2 % and as many at 10 %: 192 expected.
    #expect((120...270).contains(flagged))
  }

  @Test func lengthsOutsideTheCalibrationGetNoPValue() throws {
    let scorer = try Scorer(try calibrated(Sample.poolings, Self.documents))
    let short = scorer.verdict(of: Sample.document(1, length: 6))
    #expect(short.limit == .tooShort)
    #expect(short.findings.count == 4)
    #expect(short.findings.allSatisfy { $0.p == nil && $0.threshold == nil && !$0.isFlagged })
    #expect(short.combinedP == nil)
    #expect(scorer.verdict(of: Sample.document(1, length: 400)).limit == .tooLong)
    #expect(scorer.verdict(of: Sample.document(1, length: 60)).limit == nil)
    let bare = try Scorer(Sample.poolings)
    #expect(bare.verdict(of: Sample.document(1, length: 60)).limit == .notCalibrated)
  }

  @Test func theCombinedPValueIsCalibratedUnderCorrelation() throws {
    // Two of the structures are nearly one.
    let twin = Sample.linear("twin", pooling: .mean, seed: 5)
    var detector = Sample.detector([
      Sample.linear("mean", pooling: .mean, seed: 5), twin,
      Sample.linear("rate", pooling: .rate, seed: 9),
    ])
    detector.name = "twins"
    let calibrated = try calibrated(detector, Self.documents)
    let calibration = try #require(calibrated.calibration)
    #expect(calibration.correlation[1] > 0.999)
    #expect(abs(calibration.correlation[2]) < 0.9)
    for index in 0..<3 { #expect(calibration.correlation[index * 4] == 1) }
    let scorer = try Scorer(calibrated)
    let p = (0..<2_000).compactMap { number in
      scorer.verdict(
        of: Sample.document(20_000 + number, length: 60), localises: false
      ).combinedP
    }
    #expect(p.count == 2_000)
    // A null sample of about 160 has a standard error of its own: 0.1 ± 0.025.
    let share = Double(p.count { $0 <= 0.1 }) / 2_000
    #expect((0.04...0.17).contains(share))
  }

  /// Structures that share a part, each silent in a share of documents: silent ones tie at the lowest score.
  private static func tied(_ number: Int, _ share: Float) -> DocumentCodes {
    var generator = SplitMix64(seed: 7_000_003 &* UInt64(number + 1))
    var document = DocumentCodes(
      id: "tied-\(number)", identity: DocumentIdentity(bits: generator.next()),
      featureCount: Sample.featureCount)
    let common = generator.normal()
    var values: [Float] = []
    for _ in 0..<14 {
      let isSilent = Float(generator.next() >> 40) / Float(1 << 24) < share
      values.append(isSilent ? 0 : 20 + common + generator.normal())
    }
    document.append(features: (0..<14).map(Int32.init), values: values, use: .kept)
    return document
  }

  /// At most one null document in so many gets a smaller p, whichever the statistic, and about as many do.
  @Test(arguments: Calibration.Combination.allCases, [0.3, 0.6] as [Float])
  func theCombinedRateIsHeldWhereLowestScoresTie(
    _ combination: Calibration.Combination, _ share: Float
  ) throws {
    let detector = Sample.detector(
      (0..<14).map { index in
        Structure(
          name: "s\(index)", readout: .linear(LinearReadout(terms: [.init(feature: index)])),
          pooling: .maximum)
      })
    let calibrator = try Calibrator(
      detector, options: CalibrationOptions(combination: combination))
    let (nullCount, count) = (2_000, 4_000)
    for number in 0..<nullCount { try calibrator.add(Self.tied(number, share)) }
    let scorer = try Scorer(try calibrator.finish())
    #expect(scorer.detector.calibration?.combination == combination)
    for rate in [0.5, 0.1, 0.0228] {
      let verdicts = (0..<count).map {
        scorer.verdict(of: Self.tied(nullCount + $0, share), rate: rate, localises: false)
      }
      let realised = Double(verdicts.count(where: \.isFlagged)) / Double(count)
      #expect(
        verdicts.allSatisfy { $0.isFlagged == ($0.combinedP.map { $0 <= rate } ?? false) })
      let spread = (rate * (1 - rate) * (1 / Double(nullCount) + 1 / Double(count))).squareRoot()
      #expect(abs(realised - rate) <= 3 * spread, "\(realised) at \(rate)")
      // What any of 14 structures would flag.
      let any = verdicts.count { $0.findings.contains(where: \.isFlagged) }
      #expect(Double(any) > 1.5 * rate * Double(count))
    }
  }

  @Test func aDocumentOfOneStructureIsFlaggedWithIt() throws {
    let detector = Sample.detector([Sample.linear("a", pooling: .mean)])
    let scorer = try Scorer(try calibrated(detector, Self.documents))
    let verdicts = (0..<200).map {
      scorer.verdict(of: Sample.document(30_000 + $0, length: 60), rate: 0.2, localises: false)
    }
    #expect(verdicts.allSatisfy { $0.isFlagged == $0.findings[0].isFlagged })
    #expect((10...80).contains(verdicts.count(where: \.isFlagged)))
  }

  @Test func documentsWithTheStructureAreNoNulls() throws {
    let calibrator = try Calibrator(Sample.poolings)
    var document = Self.documents[0]
    let name = Sample.poolings.structures[1].name
    document.labels = ["other": true, name: true]
    #expect(
      throws: DetectionError(
        .unsupported(
          what: "calibrating on document 'document-0', labelled with '\(name)',",
          expected: "documents without the detector's structures"))
    ) { try calibrator.add(document) }
    document.labels = ["other": true, name: false]
    try calibrator.add(document)
    #expect(calibrator.documentCount == 1)
  }

  /// A block may overflow where the whole document's mean does not.
  @Test func blocksWithoutAFiniteScoreNameTheirDocument() throws {
    let detector = Sample.detector([
      Structure(
        name: "steep",
        readout: .linear(LinearReadout(terms: [.init(feature: 0, weight: 1e38)])), pooling: .mean)
    ])
    let calibrator = try Calibrator(
      detector, options: CalibrationOptions(minimumPerBucket: 1, blockLength: 1))
    var document = DocumentCodes(
      id: "burst", identity: DocumentIdentity(bits: 3), featureCount: Sample.featureCount)
    document.append(features: [0], values: [8], use: .kept)
    for _ in 0..<7 { document.append(features: [Int32](), values: [Float](), use: .kept) }
    #expect(
      throws: DetectionError(
        .nonFinite(what: "score of structure 'steep' on block 0 of document 'burst'"))
    ) { try calibrator.add(document) }
    #expect(calibrator.documentCount == 0)
  }

  @Test func splitsAreKeptApart() throws {
    var detector = Sample.poolings
    detector.selection = SplitRecord([Self.documents[3].identity])
    let calibrator = try Calibrator(detector)
    try calibrator.add(Self.documents[0])
    #expect(
      throws: DetectionError(
        .splitOverlap(document: "document-3", first: "selection", second: "calibration"))
    ) { try calibrator.add(Self.documents[3]) }
    #expect(
      throws: DetectionError(.duplicate(document: "document-0", split: "calibration"))
    ) { try calibrator.add(Self.documents[0]) }
    #expect(calibrator.documentCount == 1)
    #expect(
      throws: DetectionError(
        .tooFew(what: "null documents with kept tokens", found: 1, needed: 400))
    ) { _ = try calibrator.finish() }
  }

  @Test func optionsOutOfRangeAreNamed() {
    func name(_ options: CalibrationOptions) -> String? {
      do throws(DetectionError) {
        _ = try Calibrator(Sample.poolings, options: options)
        return nil
      } catch {
        guard case .field(let name, _, _) = error.reason else { return nil }
        return name
      }
    }
    #expect(name(CalibrationOptions(minimumPerBucket: 0)) == "minimumPerBucket")
    #expect(name(CalibrationOptions(maximumBuckets: 0)) == "maximumBuckets")
    #expect(name(CalibrationOptions(blockLength: 0)) == "blockLength")
    #expect(name(CalibrationOptions(rates: [0.1, 1])) == "rates")
    #expect(name(CalibrationOptions(rates: [0.1, 0.1])) == "rates")
    #expect(name(CalibrationOptions()) == nil)
  }

  @Test func documentsWithoutKeptTokensAreCountedNotScored() throws {
    let calibrator = try Calibrator(
      Sample.poolings, options: CalibrationOptions(minimumPerBucket: 1))
    var empty = DocumentCodes(
      id: "empty", identity: DocumentIdentity(bits: 8), featureCount: Sample.featureCount)
    empty.append(features: [], values: [], use: .sink)
    try calibrator.add(empty)
    try calibrator.add(Self.documents[0])
    #expect(calibrator.emptyCount == 1)
    let calibration = try #require(try calibrator.finish().calibration)
    #expect(calibration.buckets[0].nulls[0].count == 1)
    #expect(calibration.record.contains(DocumentIdentity(bits: 8)))
  }
}

extension Sample {
  /// A document of kept tokens alone.
  static func oneLength(_ number: Int, length: Int) -> DocumentCodes {
    var generator = SplitMix64(seed: UInt64(number) + 900)
    var document = DocumentCodes(
      id: "even-\(number)", identity: DocumentIdentity(bits: generator.next()),
      featureCount: featureCount)
    for _ in 0..<length {
      let features = (0..<featureCount).map { Int32($0) }
      document.append(
        features: features, values: generator.normals(featureCount), use: .kept)
    }
    return document
  }
}
