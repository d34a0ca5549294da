import Detector
import Testing
import TestSupport

@Suite struct NullSampleTests {
  @Test func pCountsTheScoreItselfAndTiesAgainstIt() throws {
    let null = try NullSample([3, 1, 2, 2])
    #expect(null.sorted == [1, 2, 2, 3])
    #expect(null.count == 4)
    #expect(null.p(of: 4) == 1.0 / 5)
    #expect(null.p(of: 3) == 2.0 / 5)
    #expect(null.p(of: 2.5) == 2.0 / 5)
    #expect(null.p(of: 2) == 4.0 / 5)
    #expect(null.p(of: 1) == 1)
    #expect(null.p(of: -.infinity) == 1)
    #expect(null.p(of: .infinity) == 1.0 / 5)
    #expect(null.p(of: .nan) == 1)
    #expect(null.smallestP == 0.2)
  }

  /// Above the threshold and p ≤ alpha are the same, for every alpha, also where alpha(N + 1) is whole.
  @Test func exceedingTheThresholdIsPAtMostAlpha() throws {
    var random = SplitMix64(seed: 5)
    for count in [1, 2, 3, 9, 19, 48, 99, 200] {
      let scores = (0..<count).map { _ in Double(Int.random(in: 0..<count, using: &random)) }
      let null = try NullSample(scores)
      var alphas = (0...(2 * count + 2)).map { Double($0) / Double(2 * count + 2) }
      alphas += [0.01, 0.0228, 0.05, 0.1, 0.3, 0.6, 0.7, 1.5]
      let probes = (-1...(count + 1)).flatMap { [Double($0), Double($0) + 0.5] }
      for alpha in alphas {
        let threshold = null.threshold(at: alpha)
        #expect((threshold == nil) == (null.smallestP > alpha))
        for score in probes {
          let isFlagged = threshold.map { score > $0 } ?? false
          #expect(isFlagged == (null.p(of: score) <= alpha), "\(score) at \(alpha) of \(count)")
        }
      }
    }
  }

  @Test func theThresholdIsAScoreOfTheNullAndTheLowestOne() throws {
    let null = try NullSample((1...99).map(Double.init))
    #expect(null.threshold(at: 0.05) == 95)
    #expect(null.threshold(at: 0.01) == 99)
    #expect(null.threshold(at: 0.0099) == nil)
    #expect(null.threshold(at: .nan) == nil)
    #expect(null.threshold(at: 1) == -.infinity)
  }

  /// What differs beyond f32 is equal: against the score, on both sides of the comparison.
  @Test func scoresAreComparedAsSinglePrecision() throws {
    let null = try NullSample([0.1, 1, 1 + 1e-12])
    #expect(null.sorted == [Double(Float(0.1)), 1, 1])
    #expect(null.p(of: 1 + 1e-10) == 3.0 / 4)
    #expect(null.p(of: 1 - 1e-10) == 3.0 / 4)
    #expect(null.p(of: 1 + 1e-6) == 1.0 / 4)
    #expect(null.p(of: 0.1) == 1)
    #expect(null.p(of: 1e300) == 1.0 / 4)
    #expect(throws: DetectionError(.nonFinite(what: "null score 0"))) { try NullSample([1e300]) }
  }

  @Test func badScoresAreRefused() {
    #expect(throws: DetectionError(.tooFew(what: "null scores", found: 0, needed: 1))) {
      try NullSample([])
    }
    #expect(throws: DetectionError(.nonFinite(what: "null score 1"))) {
      try NullSample([1, .nan, .infinity])
    }
  }

  @Test func calibratedZIsClipped() {
    #expect(isClose(CalibratedZ.z(ofP: 0.022750131948179195), 2))
    #expect(isClose(CalibratedZ.z(ofP: 0.975), -1.959963984540054))
    #expect(CalibratedZ.z(ofP: 0.5) == 0)
    #expect(CalibratedZ.z(ofP: 0) == 15)
    #expect(CalibratedZ.z(ofP: 1e-60) == 15)
    #expect(CalibratedZ.z(ofP: 1) == -5)
    #expect(CalibratedZ.z(ofP: .nan) == -5)
    #expect(CalibratedZ.flagThreshold == 2)
  }
}
