import Detector
import TestSupport
import Testing

@Suite struct EvaluatorTests {
  private static let dictionary = FittedDetector.DictionaryReference(
    name: "none", fingerprint: "", featureCount: 4, modelWidth: 2, hook: nil)

  /// Scores feature 0 as `level` and feature 1 as `other`, by the mean.
  private func detector(selection: [Int] = []) -> FittedDetector {
    FittedDetector(
      name: "test", kind: .feature, dictionary: Self.dictionary, masking: Masking(),
      structures: [
        Structure(
          name: "level", readout: .linear(LinearReadout(terms: [.init(feature: 0)])),
          pooling: .mean),
        Structure(
          name: "other", readout: .linear(LinearReadout(terms: [.init(feature: 1)])),
          pooling: .mean),
      ],
      selection: SplitRecord(selection.map { DocumentIdentity(bits: UInt64($0)) }))
  }

  /// The mean row's first column, as `level`.
  private func dense(selection: [Int] = []) -> FittedDetector {
    FittedDetector(
      name: "dense", kind: .dense, dictionary: Self.dictionary, masking: Masking(),
      structures: [
        Structure(
          name: "level", readout: .dense(DenseReadout(weights: [1, 0], intercept: 0)),
          pooling: .mean)
      ], selection: SplitRecord(selection.map { DocumentIdentity(bits: UInt64($0)) }))
  }

  private func document(
    _ number: Int, _ level: Float, other: Float = 0.5, length: Int = 3,
    labels: [String: Bool] = [:], mean: [Float]? = nil
  ) -> DocumentCodes {
    var document = DocumentCodes(
      id: "document-\(number)", identity: DocumentIdentity(bits: UInt64(number)), featureCount: 4)
    for _ in 0..<length {
      document.append(features: [0, 1], values: [level, other], use: .kept)
    }
    document.labels = labels
    document.denseMean = mean
    return document
  }

  private func calibrated() throws -> FittedDetector {
    var generator = SplitMix64(seed: 3)
    let calibrator = try Calibrator(detector(), options: CalibrationOptions(minimumPerBucket: 400))
    for number in 0..<1200 {
      try calibrator.add(
        document(
          100_000 + number, Float.random(in: 1..<2, using: &generator),
          other: Float.random(in: 1..<2, using: &generator), length: 3 + number % 9))
    }
    return try calibrator.finish()
  }

  @Test func labelledDocumentsAreToldApart() throws {
    let evaluator = try Evaluator(detector())
    let positives: [Float] = [1, 2, 3, 4]
    let negatives: [Float] = [0.5, 1, 1.5, 2.5, 0.25]
    for (index, score) in positives.enumerated() {
      try evaluator.add(document(index, score, labels: ["level": true]))
    }
    for (index, score) in negatives.enumerated() {
      try evaluator.add(document(10 + index, score, labels: ["level": false]))
    }
    let evaluation = try evaluator.finish()
    let result = try #require(evaluation.results[0].discrimination)
    #expect(result.positives == 4)
    #expect(result.negatives == 5)
    // 1 beats .5 and .25 and ties with 1, 2 beats all but 2.5, 3 and 4 beat all.
    #expect(abs(result.area - 16.5 / 20) < 1e-12)
    #expect(result.areaInterval.lower < result.area && result.area < result.areaInterval.upper)
    #expect(result.points.map(\.falsePositiveRate) == Evaluator.falsePositiveRates)
    #expect(result.points.map(\.found.successes) == [2, 2, 2, 2])
    #expect(result.points.allSatisfy { $0.threshold == 3 && $0.found.value == 0.5 })
    // TPR .75 at FPR .2 from 2 on; .5 at 0 from 3 on.
    #expect(result.youden.threshold == 2)
    #expect(abs(result.youden.j - 0.55) < 1e-12)
    #expect(evaluation.results[1].discrimination == nil, "nothing is labelled for it")
    #expect(evaluation.macroArea == result.area)
    #expect(evaluation.results[0].flags.isEmpty, "without a calibration nothing is flagged")
    #expect(evaluation.combined.isEmpty)
    #expect(evaluation.documentCount == 9)
  }

  @Test func splitsMayNotOverlap() throws {
    let fitted = try calibrated()
    var chosen = fitted
    chosen.selection = SplitRecord([DocumentIdentity(bits: 7)])
    let evaluator = try Evaluator(chosen, baseline: dense(selection: [8]))
    func refusal(_ number: Int) -> DetectionError.Reason? {
      do throws(DetectionError) {
        try evaluator.add(document(number, 1, mean: [1, 1]))
        return nil
      } catch { return error.reason }
    }
    #expect(
      refusal(7)
        == .splitOverlap(document: "document-7", first: "selection", second: "evaluation"))
    #expect(
      refusal(8)
        == .splitOverlap(document: "document-8", first: "selection", second: "evaluation"))
    #expect(
      refusal(100_003)
        == .splitOverlap(document: "document-100003", first: "calibration", second: "evaluation"))
    #expect(refusal(9) == nil)
    #expect(refusal(9) == .duplicate(document: "document-9", split: "evaluation"))
    #expect(evaluator.documentCount == 1, "refused documents leave no trace")
  }

  @Test func realisedRatesAreCountedByBucket() throws {
    let fitted = try calibrated()
    let calibration = try #require(fitted.calibration)
    let evaluator = try Evaluator(fitted)
    var generator = SplitMix64(seed: 4)
    var expected = [Int](repeating: 0, count: calibration.buckets.count)
    var trials = expected
    for number in 0..<3000 {
      let sample = document(
        number, Float.random(in: 1..<2, using: &generator),
        other: Float.random(in: 1..<2, using: &generator), length: 3 + number % 9)
      try evaluator.add(sample)
      let bucket = try #require(calibration.bucket(ofLength: 3 + number % 9))
      trials[bucket] += 1
      // The rule that defines p, by counting.
      let score = try #require(try Scorer(fitted).score(sample))[0]
      let above = calibration.buckets[bucket].nulls[0].sorted.count { $0 >= score }
      if Double(1 + above) <= 0.01 * Double(calibration.buckets[bucket].nulls[0].count + 1) {
        expected[bucket] += 1
      }
    }
    for number in 0..<40 {
      try evaluator.add(document(5000 + number, 1.99, labels: ["level": number < 20]))
    }
    try evaluator.add(document(6000, 1, length: 0))
    try evaluator.add(document(6001, 1, length: 60))
    let evaluation = try evaluator.finish()
    #expect(evaluation.emptyCount == 1)
    #expect(evaluation.uncalibratedCount == 1)
    #expect(evaluation.documentCount == 3042)
    #expect(evaluation.buckets == calibration.buckets.map(\.lengths))
    let rates = try #require(evaluation.results[0].flags[.unlabelled])
    #expect(rates.map(\.nominal) == Evaluator.rates)
    #expect(rates[1].buckets.map(\.successes) == expected)
    #expect(rates[1].buckets.map(\.trials) == trials)
    #expect(rates[1].flagged.successes == expected.reduce(0, +))
    // Of the same distribution: the nominal rate, give or take both samples' scatter.
    #expect(abs((rates[0].flagged.value ?? 1) - rates[0].nominal) < 0.015)
    #expect(evaluation.combined.count == 3)
    #expect(abs((evaluation.combined[0].flagged.value ?? 1) - rates[0].nominal) < 0.015)
    #expect(evaluation.results[0].flags[.with]?[0].flagged.trials == 20)
    #expect(evaluation.results[0].flags[.without]?[0].flagged.trials == 20)
    // 1.99 is beyond 97.7 % of uniform numbers from 1 to 2.
    #expect(evaluation.results[0].flags[.with]?[0].flagged.value == 1)
    #expect(evaluation.results[0].flags[.without]?[0].holdsNominal == false)
    #expect(evaluation.results[1].flags[.with] == nil)
  }

  @Test func theNominalRateIsJudgedByBothSamples() {
    func holds(
      _ flagged: Int, of trials: Int, nulls: Int, structures: Int = 1, rate: Double = 0.0228
    ) -> Bool? {
      Evaluation.FlagRate(
        nominal: rate, flagged: Evaluation.Share(flagged, of: trials),
        buckets: [Evaluation.Share(flagged, of: trials)], nullCounts: [nulls],
        structureCount: structures
      ).holdsNominal
    }
    #expect(holds(0, of: 0, nulls: 400) == nil)
    // 3.4 % of 2,000 at 2.28 %: 1.12 points off, where √(.02228 (1/2000 + 1/400)) is .82 points and
    // the documents' own share of it .33.
    #expect(holds(68, of: 2_000, nulls: 400) == true)
    #expect(holds(68, of: 2_000, nulls: 1_000_000) == false)
    // 4 % is 2.1 deviations off: too far for one structure, not for the farthest of fourteen.
    #expect(holds(81, of: 2_000, nulls: 400) == false)
    #expect(holds(81, of: 2_000, nulls: 400, structures: 14) == true)
    #expect(holds(200, of: 2_000, nulls: 400, structures: 14) == false)
    #expect(holds(1, of: 100, nulls: 400, rate: 0.001) == true)
  }

  @Test func baselinesAreComparedOnTheSameDocuments() throws {
    let evaluator = try Evaluator(detector(), baseline: dense())
    #expect(evaluator.needsDenseMean)
    #expect(throws: DetectionError.self) { try evaluator.add(document(99, 1)) }
    var generator = SplitMix64(seed: 8)
    for number in 0..<200 {
      let isPositive = number < 100
      let signal = generator.normal() + (isPositive ? 2 : 0)
      try evaluator.add(
        document(
          number, max(signal + 5, 0), labels: ["level": isPositive],
          mean: [generator.normal() + (isPositive ? 0.3 : 0), 1]))
    }
    let evaluation = try evaluator.finish()
    let result = evaluation.results[0]
    let baseline = try #require(result.baseline)
    let own = try #require(result.discrimination)
    #expect(own.area > 0.85 && baseline.area < 0.75)
    #expect(abs(baseline.difference - (own.area - baseline.area)) < 1e-12)
    #expect(baseline.p < 1e-6)
    #expect(evaluation.macroBaselineArea == baseline.area)
    #expect(evaluation.results[1].baseline == nil)
  }

  @Test func unusableInputIsRefused() throws {
    var foreign = dense()
    foreign.structures[0].name = "something"
    #expect(throws: DetectionError.self) { try Evaluator(detector(), baseline: foreign) }
    foreign = dense()
    foreign.dictionary.featureCount = 5
    #expect(
      throws: DetectionError(.count(of: "features of the baseline", found: 5, expected: 4))
    ) { try Evaluator(detector(), baseline: foreign) }
    #expect(
      throws: DetectionError(.tooFew(what: "documents with kept tokens", found: 0, needed: 1))
    ) { try Evaluator(detector()).finish() }
  }

  /// A text that serves two structures' pairs is one document with both labels.
  @Test func labelsOfOneTextComeTogether() throws {
    let evaluator = try Evaluator(detector())
    for number in 0..<4 {
      try evaluator.add(document(number, Float(number), labels: ["level": number > 1]))
    }
    try evaluator.add(document(0, 0, other: 0.5, labels: ["other": true]))
    #expect(
      throws: DetectionError(.duplicate(document: "document-1", split: "evaluation"))
    ) { try evaluator.add(document(1, 1, labels: ["level": false])) }
    #expect(
      throws: DetectionError(.duplicate(document: "document-2", split: "evaluation"))
    ) { try evaluator.add(document(2, 1)) }
    try evaluator.add(document(3, 3, labels: ["other": false]))
    let evaluation = try evaluator.finish()
    #expect(evaluation.documentCount == 4)
    #expect(evaluation.results[0].discrimination?.area == 1)
    #expect(evaluation.results[1].discrimination?.positives == 1)
    #expect(evaluation.results[1].discrimination?.negatives == 1)
  }

  @Test func orderOfDocumentsChangesNothing() throws {
    func evaluation(_ order: [Int]) throws -> Evaluation {
      let evaluator = try Evaluator(detector())
      for number in order {
        let level = Float((number * 7) % 23)
        try evaluator.add(document(number, level, labels: ["level": number % 3 == 0]))
      }
      return try evaluator.finish()
    }
    #expect(try evaluation(Array(0..<60)) == evaluation(Array((0..<60).reversed())))
  }
}
