import TestSupport
import Testing
import Watermark

/// Words that were thought out beforehand.
private struct Words: RandomNumberGenerator {
  var words: [UInt64]
  mutating func next() -> UInt64 { words.removeFirst() }
}

@Suite struct UniformDrawingTests {
  /// 2⁶⁴ mod (2⁶³ + 1) is 2⁶³ - 1: so many words are drawn again.
  @Test func wordsThatWouldBiasAreDrawnAgain() {
    let bound: UInt64 = 1 << 63 + 1
    let excess: UInt64 = 1 << 63 - 1
    var words = Words(words: [0, 1, excess - 1, excess, bound, bound + 5, .max, 17])
    #expect(words.uniform(below: bound) == excess)
    #expect(words.uniform(below: bound) == 0)
    #expect(words.uniform(below: bound) == 5)
    #expect(words.uniform(below: bound) == .max - bound)
    #expect(words.words == [17])
  }

  @Test func powersOfTwoDrawNothingAgain() {
    for exponent in 0..<64 {
      var words = Words(words: [0, .max])
      let bound: UInt64 = 1 << UInt64(exponent)
      #expect(words.uniform(below: bound) == 0)
      #expect(words.uniform(below: bound) == bound - 1)
    }
  }

  /// Of 2⁶⁴ words 6 are left over by 10, and none more.
  @Test func theFirstWordsOfSmallBounds() {
    var words = Words(words: [0, 5, 6, 0, 1, 1])
    #expect(words.uniform(below: 10) == 6)
    #expect(words.uniform(below: 3) == 1)
    #expect(words.words == [1])
  }

  /// Modulo alone would put half of the numbers below 3 · 2⁶² into their lowest third.
  @Test func largeBoundsAreEven() {
    var generator = SplitMix64(seed: 9)
    let third: UInt64 = 1 << 62
    var counts = [0, 0, 0]
    for _ in 0..<30_000 { counts[Int(generator.uniform(below: 3 * third) / third)] += 1 }
    #expect(chiSquared(counts) < ChiSquared.limit(2))
  }

  @Test func noNumberIsBelowZero() async {
    await #expect(processExitsWith: .failure) {
      var generator = SplitMix64(seed: 1)
      _ = generator.uniform(below: 0)
    }
  }
}

/// Σ (count - mean)² / mean.
func chiSquared(_ counts: [Int]) -> Double {
  let mean = Double(counts.reduce(0, +)) / Double(counts.count)
  return counts.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) / mean }
}

enum ChiSquared {
  /// The value that a chi-squared of so many degrees of freedom exceeds once in a thousand times.
  ///
  /// Wilson and Hilferty, 1931: good to a percent from one degree on.
  static func limit(_ degrees: Int) -> Double {
    let spread = 2 / (9 * Double(degrees))
    let root = 1 - spread + 3.0902 * spread.squareRoot()
    return Double(degrees) * root * root * root
  }
}
