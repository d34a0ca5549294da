import Detector
import Testing
import TestSupport

@Suite struct SPRTTests {
  @Test func stepsAndBoundsAreWalds() {
    var test = SPRT(falseAlarmRate: 0.02, missRate: 0.1, drift: 1.5)
    #expect(isClose(test.rejectionBound, 3.8066624897703196))  // ln 45
    #expect(isClose(test.acceptanceBound, -2.2823823856765264))  // ln(0.1/0.98)
    test.update(z: 2)
    #expect(test.logLikelihoodRatio == 1.5 * 2 - 1.125)
    #expect(test.decision == .continuing)
    test.update(z: 1)
    test.update(z: .nan)
    test.update(z: .infinity)
    #expect(test.logLikelihoodRatio == 2.25)
    test.update(z: 2)
    #expect(test.decision == .rejects)
    #expect(test.logLikelihoodRatio == 4.125)
    test.update(z: -100)
    #expect(test.decision == .rejects)
    #expect(test.logLikelihoodRatio == 4.125)
    #expect(test.count == 6)
    test.reset()
    #expect(test == SPRT(falseAlarmRate: 0.02, missRate: 0.1, drift: 1.5))
    test.update(z: -1)
    #expect(test.decision == .accepts)
  }

  /// Shares of wrong decisions over 4,000 streams, against Wald's bounds on them.
  @Test func errorRatesAreThoseOfWald() {
    var random = SplitMix64(seed: 77)
    for drift in [0.0, 0.8] {
      var decisions: [SPRT.Decision: Int] = [:]
      for _ in 0..<4000 {
        var test = SPRT(falseAlarmRate: 0.05, missRate: 0.1, drift: 0.8)
        while test.decision == .continuing { test.update(z: drift + Double(random.normal())) }
        decisions[test.decision, default: 0] += 1
      }
      let wrong = decisions[drift == 0 ? .rejects : .accepts, default: 0]
      #expect(wrong > 0)
      #expect(Double(wrong) / 4000 <= (drift == 0 ? 0.05 / 0.9 : 0.1 / 0.95))
    }
  }

  @Test func impossibleRatesAreABug() async {
    await #expect(processExitsWith: .failure) { _ = SPRT(falseAlarmRate: 0.5, missRate: 0.5) }
    await #expect(processExitsWith: .failure) { _ = SPRT(falseAlarmRate: 0, missRate: 0.5) }
    await #expect(processExitsWith: .failure) { _ = SPRT(drift: 0) }
  }
}
