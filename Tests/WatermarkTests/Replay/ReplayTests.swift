import Detector
import Glibc
import Steering
import TestSupport
import Testing
import Watermark

@Suite struct ReplayTests {
  /// Replays a text of `length` tokens of a vocabulary of 8, drawn from p or, when `isMarked`, from q.
  private static func reading(
    length: Int, isMarked: Bool, _ generator: inout SplitMix64
  ) -> ReplayReading {
    var reading = ReplayReading(tokens: length)
    for _ in 0..<length {
      let plain = (0..<8).map { _ in exp(Double(generator.normal())) }
      let steered = plain.map { $0 * exp(0.5 * Double(generator.normal())) }
      let p = plain.map { $0 / plain.reduce(0, +) }
      let q = steered.map { $0 / steered.reduce(0, +) }
      let ratio = zip(q, p).map { log($0 / $1) }
      var left = Double.random(in: 0..<1, using: &generator)
      let source = isMarked ? q : p
      let token =
        source.indices.first { place in
          left -= source[place]
          return left < 0
        } ?? 7
      let mean = zip(p, ratio).reduce(0) { $0 + $1.0 * $1.1 }
      reading.innovation += ratio[token] - mean
      reading.variance += zip(p, ratio).reduce(0) { $0 + $1.0 * ($1.1 - mean) * ($1.1 - mean) }
      reading.logRatio += ratio[token]
    }
    return reading
  }

  @Test func plainTextsAreStandardNormalAndMarkedOnesAreNot() {
    var generator = SplitMix64(seed: 6)
    let plain = (0..<4_000).map { _ in
      Self.reading(length: 40, isMarked: false, &generator)
    }
    let z = plain.map(\.z)
    let mean = z.reduce(0, +) / 4_000
    let variance = z.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 4_000
    // Four standard errors.
    #expect(abs(mean) < 4 / (4_000.0).squareRoot())
    #expect(abs(variance - 1) < 4 * (2 / 4_000.0).squareRoot())
    // The e-value's mean is 1 at most, so that 20 is reached by a twentieth of them at most.
    #expect(plain.count { $0.logRatio >= log(20) } <= 4_000 / 20 + 4 * 14)
    let marked = (0..<200).map { _ in Self.reading(length: 60, isMarked: true, &generator) }
    #expect(marked.count { $0.z > 2 } > 150)
    #expect(marked.count { $0.logRatio > 0 } > 180)
  }

  @Test func zOfNothingIsZero() {
    #expect(ReplayReading().z == 0)
    #expect(ReplayReading(tokens: 1, innovation: 3, variance: 0).z == 0)
    #expect(ReplayReading(tokens: 1, innovation: .nan, variance: 1).z == 0)
    #expect(ReplayReading(tokens: 1, innovation: 1, variance: -1).z == 0)
    #expect(ReplayReading(tokens: 1, innovation: 3, variance: 4).z == 1.5)
  }

  @Test func pIsTheRankAmongTextsOfItsLength() throws {
    // z = tokens + k/1000, so that only the right bucket gives the right rank.
    let samples = (0..<300).map { number -> (tokens: Int, z: Double) in
      let tokens = 10 + number % 3
      return (tokens, Double(tokens) + Double(number) / 1_000)
    }
    let nulls = try ReplayNulls(
      samples: samples.reversed(), strength: 1, minimumPerBucket: 100, maximumBuckets: 4)
    #expect(
      try nulls
        == ReplayNulls(samples: samples, strength: 1, minimumPerBucket: 100, maximumBuckets: 4))
    #expect(nulls.buckets.map(\.lengths) == [10...10, 11...11, 12...12])
    func reading(_ tokens: Int, _ z: Double) -> ReplayReading {
      ReplayReading(tokens: tokens, innovation: 2 * z, variance: 4)
    }
    #expect(try nulls.p(of: reading(11, 20)) == 1.0 / 101)
    #expect(try nulls.p(of: reading(11, 0)) == 1)
    #expect(try nulls.p(of: reading(12, 11.9)) == 1)
    #expect(try nulls.p(of: reading(9, 20)) == nil)
    let verdict = try nulls.verdict(
      of: "text",
      readings: [
        ("a", .constant, reading(11, 11.2)), ("b", .window(3), reading(11, 20)),
      ])
    #expect(verdict.bestCandidate == 1)
    #expect(verdict.correctedP == 2.0 / 101)
    #expect(verdict.nullCount == 100)
    #expect(verdict.tokens.kept == 11)
    #expect(verdict.isFlagged)
    for (tokens, limit) in [(0, Verdict.Limit.empty), (9, .tooShort), (13, .tooLong)] {
      let verdict = try nulls.verdict(of: "t", readings: [("a", .constant, reading(tokens, 9))])
      #expect(verdict.limit == limit)
      #expect(verdict.correctedP == nil)
    }
    func message(
      _ readings: [(key: String, identifier: DocumentIdentifier, ReplayReading)],
      rate: Double = 0.1
    ) -> String? {
      refusal { () throws(SteeringError) in
        try nulls.verdict(of: "t", readings: readings, rate: rate)
      }?.message
    }
    #expect(message([]) == "0 readings, expected at least 1")
    #expect(
      message([("a", .constant, reading(11, 1)), ("b", .constant, reading(12, 1))])
        == "document 't' has readings of 11 and of 12 tokens, expected readings of one text")
    #expect(
      message([("a", .constant, reading(11, 1))], rate: 0)
        == "'rate' is 0.0, expected above 0 and below 1")
  }

  /// The z of unmarked text depends on the strength of the plan that it is replayed with.
  @Test func readingsOfAnotherStrengthHaveNoP() throws {
    let nulls = try ReplayNulls(
      samples: (0..<100).map { (tokens: 10, z: Double($0)) }, strength: 2.5, minimumPerBucket: 100)
    #expect(nulls.strength == 2.5)
    func reading(_ strength: Double) -> ReplayReading {
      ReplayReading(tokens: 10, innovation: 99.5, variance: 1, strength: strength)
    }
    #expect(try nulls.p(of: reading(2.5)) == 1.0 / 101)
    #expect(try ReplayVerdict(reading(2.5), among: nulls, rate: 0.1).isFlagged)
    let other = ReplayReading(tokens: 10, innovation: 99.5, variance: 1)
    #expect(other.strength == 1)
    for reading in [other, reading(2.5.nextUp), reading(0), reading(.nan)] {
      let expected =
        "text was replayed at strength \(reading.strength), expected 2.5, at which the bank's null texts"
        + " were replayed"
      let refusals = [
        refusal { () throws(SteeringError) in try nulls.p(of: reading) },
        refusal { () throws(SteeringError) in
          try ReplayVerdict(reading, among: nulls, rate: 0.1)
        },
        refusal { () throws(SteeringError) in
          try nulls.verdict(of: "t", readings: [("a", .constant, reading)])
        },
      ]
      for refusal in refusals {
        #expect(refusal?.code == .invalidArgument && refusal?.message == expected)
      }
    }
  }

  @Test func badSamplesAreRefused() {
    let good = (0..<400).map { (tokens: 1 + $0, z: 0.5) }
    func message(_ samples: [(tokens: Int, z: Double)], _ maximum: Int = 8) -> String? {
      refusal { () throws(SteeringError) in
        try ReplayNulls(samples: samples, strength: 1, maximumBuckets: maximum)
      }?.message
    }
    #expect(message(good) == nil)
    #expect(
      message(Array(good.dropLast())) == "399 replayed null texts, expected at least 400")
    #expect(
      message(good + [(0, 1)])
        == "replayed null text 400 has 0 tokens, expected 1 to 2147483647")
    #expect(
      message(good + [(1, .nan)]) == "z of replayed null text 400 is nan, expected a finite number")
    for strength in [0, -1, .nan, .infinity] {
      #expect(
        refusal { () throws(SteeringError) in
          try ReplayNulls(samples: good, strength: strength)
        }?.message == "'strength' is \(strength), expected a finite number above 0")
    }
    #expect(
      message(good, 0)?.hasPrefix("replay has buckets of at least 400 texts, at most 0") == true)
  }
}
