import Glibc
import TestSupport
import Testing
import Watermark

@Suite struct MarkedSpanTests {
  @Test func largestRunIsFound() {
    #expect(MarkedSpan.largest([]) == nil)
    #expect(MarkedSpan.largest([-1, 0, -2]) == nil)
    #expect(MarkedSpan.largest([.nan, 1, .infinity]) == MarkedSpan(range: 1..<2, evidence: 1))
    #expect(MarkedSpan.largest([-1, 2, -1, 3, -4, 3]) == MarkedSpan(range: 1..<4, evidence: 4))
    // Of equal runs the one that ends first, and of those the shortest.
    #expect(MarkedSpan.largest([1, -2, 1]) == MarkedSpan(range: 0..<1, evidence: 1))
    #expect(MarkedSpan.largest([0, 1, -1, 1, 0]) == MarkedSpan(range: 1..<2, evidence: 1))
  }

  @Test func noRunIsLarger() {
    var generator = SplitMix64(seed: 4)
    for length in 1..<40 {
      let increments = (0..<length).map { _ in
        Double(Int.random(in: -5...4, using: &generator))
      }
      var best = MarkedSpan(range: 0..<0, evidence: 0)
      for end in 1...length {
        for start in (0..<end).reversed() {
          let sum = increments[start..<end].reduce(0, +)
          if sum > best.evidence { best = MarkedSpan(range: start..<end, evidence: sum) }
        }
      }
      #expect(MarkedSpan.largest(increments) == (best.evidence > 0 ? best : nil))
    }
  }

  @Test func eValueHasMeanOne() {
    let steps = 1 << 20
    let mean =
      (0..<steps).reduce(0.0) {
        $0 + exp(MarkedSpan.logEValue(ofP: (Double($1) + 0.5) / Double(steps)))
      } / Double(steps)
    #expect(abs(mean - 1) < 1e-6)
    #expect(abs(MarkedSpan.logEValue(ofP: 1) - log(0.1)) < 1e-15)
    #expect(abs(MarkedSpan.logEValue(ofP: exp(-1))) < 1e-15)
    #expect(MarkedSpan.logEValue(ofP: .nan) == MarkedSpan.logEValue(ofP: 1))
    #expect(MarkedSpan.logEValue(ofP: 0).isFinite)
  }
}
