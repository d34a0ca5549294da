import Detector
import Formats
import Testing

@Suite struct ROCTests {
  @Test func curvesMatchTheOracle() throws {
    for row in try StatisticsVector.rows(StatisticsVector.read("roc")) {
      let roc = try roc(row, "positives", "negatives")
      #expect(isClose(roc.area, try row.number("area")))
      let points = roc.points
      #expect(areClose(points.map(\.falsePositiveRate), try row.numbers("fpr")))
      #expect(areClose(points.map(\.truePositiveRate), try row.numbers("tpr")))
      #expect(points.first?.threshold == .infinity)
      #expect(points.dropFirst().map(\.threshold) == (try row.numbers("thresholds")))
      for limit in try StatisticsVector.rows(row["atFPR"]) {
        let rate = roc.truePositiveRate(atFalsePositiveRate: try limit.number("limit"))
        #expect(isClose(rate.rate, try limit.number("rate")))
        #expect(rate.threshold == limit["threshold"]?.asDouble ?? .infinity)
        #expect(rate.successes == (try limit.integer("successes")))
        #expect(rate.trials == roc.positiveCount)
      }
      for wanted in try StatisticsVector.rows(row["atTPR"]) {
        let rate = roc.falsePositiveRate(atTruePositiveRate: try wanted.number("wanted"))
        #expect(isClose(rate.rate, try wanted.number("rate")))
        #expect(rate.threshold == (try wanted.number("threshold")))
        #expect(rate.successes == (try wanted.integer("successes")))
        #expect(rate.trials == roc.negativeCount)
      }
      let youden = try #require(row["youden"])
      #expect(roc.youden.threshold == (try youden.number("threshold")))
      #expect(isClose(roc.youden.j, try youden.number("j")))
      #expect(isClose(roc.youden.tpr, try youden.number("tpr")))
      #expect(isClose(roc.youden.fpr, try youden.number("fpr")))
    }
  }

  @Test func deLongMatchesTheMatrixOfAllPairs() throws {
    for row in try StatisticsVector.rows(StatisticsVector.read("roc")) {
      let first = try roc(row, "positives", "negatives")
      let second = try roc(row, "secondPositives", "secondNegatives")
      #expect(isClose(try #require(first.areaVariance), try row.number("variance")))
      let plain = first.areaInterval()
      #expect(areClose([plain.lower, plain.upper], try row.numbers("interval")))
      let logit = first.areaInterval(scale: .logit)
      #expect(areClose([logit.lower, logit.upper], try row.numbers("logitInterval")))
      #expect(isClose(second.area, try row.number("secondArea")))
      let comparison = try ROC.compare(first, second)
      let expected = try #require(row["comparison"])
      // A difference of two areas: what cancels is measured against 1.
      #expect(isClose(comparison.difference, try expected.number("difference"), floor: 1e-3))
      #expect(isClose(comparison.standardError, try expected.number("standardError")))
      #expect(isClose(comparison.z, try expected.number("z"), floor: 1e-2))
      #expect(isClose(comparison.p, try expected.number("p")))
    }
  }

  @Test func separationDoesNotGiveAnIntervalWithoutWidth() throws {
    let perfect = try ROC(positives: [4, 5, 6], negatives: [1, 2, 3, 3])
    #expect(perfect.area == 1)
    #expect(perfect.areaVariance == 0)
    // The exact bound for 3 of 3.
    let exact = BinomialInterval.clopperPearson(3, of: 3)
    #expect(isClose(perfect.areaInterval().lower, exact.lower))
    #expect(perfect.areaInterval().upper == 1)
    #expect(perfect.areaInterval(scale: .logit) == perfect.areaInterval())
    let reversed = try ROC(positives: [1, 2, 3], negatives: [4, 5, 6, 7])
    #expect(reversed.areaInterval().lower == 0)
    #expect(isClose(reversed.areaInterval().upper, 1 - exact.lower))
    let tied = try ROC(positives: [1, 1, 1], negatives: [1, 1, 1])
    #expect(tied.area == 0.5)
    #expect(isClose(tied.areaInterval().lower, exact.lower / 2))
    #expect(isClose(tied.areaInterval().upper, 1 - exact.lower / 2))
  }

  @Test func oneDocumentSaysNothingAboutTheSpread() throws {
    let single = try ROC(positives: [2], negatives: [1, 3, 4])
    #expect(isClose(single.area, 1.0 / 3))
    #expect(single.areaVariance == nil)
    #expect(single.areaInterval() == Interval(lower: 0, upper: 1))
    #expect(throws: DetectionError(.tooFew(what: "positive scores", found: 1, needed: 2))) {
      try ROC.compare(single, single)
    }
  }

  @Test func comparisonsWithoutVariance() throws {
    let perfect = try ROC(positives: [4, 5, 6], negatives: [1, 2, 3])
    let constant = try ROC(positives: [0, 0, 0], negatives: [0, 0, 0])
    let same = try ROC.compare(perfect, perfect)
    #expect([same.difference, same.standardError, same.z, same.p] == [0, 0, 0, 1])
    let better = try ROC.compare(perfect, constant)
    #expect(better.difference == 0.5)
    #expect(better.standardError == 0)
    #expect(isClose(better.p, 2 / (1.5 * 1.5 * 1.5)))
    #expect(isClose(2 * Normal.survival(better.z), better.p))
    let worse = try ROC.compare(constant, perfect)
    #expect(worse.z == -better.z)
    let other = try ROC(positives: [1, 2], negatives: [0, 0, 0])
    #expect(throws: DetectionError(.count(of: "positive scores", found: 2, expected: 3))) {
      try ROC.compare(perfect, other)
    }
  }

  @Test func detLeavesOutWhatHasNoProbit() throws {
    let roc = try ROC(positives: [1, 2, 3, 4], negatives: [0, 1, 2, 2.5])
    let points = roc.det()
    #expect(points.map(\.threshold) == [2.5, 2])
    #expect(isClose(points[0].falsePositiveProbit, Normal.quantile(0.25)))
    #expect(points[0].missProbit == 0)
    #expect(isClose(points[1].missProbit, Normal.quantile(0.25)))
    #expect(try ROC(positives: [2, 3], negatives: [0, 1]).det().isEmpty)
  }

  @Test func chanceHasNoBestThreshold() throws {
    let youden = try ROC(positives: [1, 2], negatives: [3, 4]).youden
    #expect(youden.threshold == .infinity)
    #expect(youden.j == 0)
  }

  @Test func badScoresAreRefused() async {
    #expect(throws: DetectionError(.tooFew(what: "positive scores", found: 0, needed: 1))) {
      try ROC(positives: [], negatives: [1])
    }
    #expect(throws: DetectionError(.tooFew(what: "negative scores", found: 0, needed: 1))) {
      try ROC(positives: [1], negatives: [])
    }
    #expect(throws: DetectionError(.nonFinite(what: "negative score 1"))) {
      try ROC(positives: [1], negatives: [0, .infinity])
    }
    await #expect(processExitsWith: .failure) {
      _ = try? ROC(positives: [1], negatives: [0]).truePositiveRate(atFalsePositiveRate: 1.5)
    }
  }

  private func roc(_ row: JSONValue, _ positives: String, _ negatives: String) throws -> ROC {
    try ROC(positives: try row.numbers(positives), negatives: try row.numbers(negatives))
  }
}
