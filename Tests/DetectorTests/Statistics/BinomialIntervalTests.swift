import Detector
import Formats
import Testing

@Suite struct BinomialIntervalTests {
  @Test func bothIntervalsMatchTheOracle() throws {
    for row in try StatisticsVector.rows(StatisticsVector.read("binomial")) {
      let (s, n) = (try row.integer("successes"), try row.integer("trials"))
      let confidence = try row.number("confidence")
      let wilson = BinomialInterval.wilson(s, of: n, confidence: confidence)
      #expect(areClose([wilson.lower, wilson.upper], try row.numbers("wilson")), "\(s) of \(n)")
      let exact = BinomialInterval.clopperPearson(s, of: n, confidence: confidence)
      #expect(areClose([exact.lower, exact.upper], try row.numbers("exact")), "\(s) of \(n)")
    }
  }

  @Test func theEndsAreExact() {
    #expect(BinomialInterval.wilson(0, of: 7).lower == 0)
    #expect(BinomialInterval.wilson(7, of: 7).upper == 1)
    #expect(BinomialInterval.clopperPearson(0, of: 7).lower == 0)
    #expect(BinomialInterval.clopperPearson(7, of: 7).upper == 1)
    #expect(BinomialInterval.wilson(0, of: 0) == Interval(lower: 0, upper: 1))
    #expect(BinomialInterval.clopperPearson(0, of: 0) == Interval(lower: 0, upper: 1))
  }

  @Test func impossibleCountsAreABug() async {
    await #expect(processExitsWith: .failure) { _ = BinomialInterval.wilson(3, of: 2) }
    await #expect(processExitsWith: .failure) { _ = BinomialInterval.wilson(-1, of: 2) }
    await #expect(processExitsWith: .failure) {
      _ = BinomialInterval.clopperPearson(1, of: 2, confidence: 1)
    }
  }
}
