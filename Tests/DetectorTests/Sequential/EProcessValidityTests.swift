import Detector
import Testing
import TestSupport

/// What an e-process promises, on 10,000 streams of 200 blocks with fixed seeds.
@Suite struct EProcessValidityTests {
  static let streams = 10_000
  static let blocks = 200
  static let rates = [0.0228, 0.01]

  /// Per rate, the share of streams that ever reach 1/rate.
  private static func crossing(
    seed: UInt64, _ next: (inout SplitMix64) -> Double
  ) -> [Double] {
    var random = SplitMix64(seed: seed)
    var process = EProcess(capacity: 200)
    var counts = rates.map { _ in 0 }
    for _ in 0..<streams {
      process.reset()
      for _ in 0..<blocks { process.update(p: next(&random)) }
      for (index, rate) in rates.enumerated() where process.anytimeP <= rate { counts[index] += 1 }
    }
    return counts.map { Double($0) / Double(streams) }
  }

  @Test func uniformStreamsRarelyAlarm() {
    let shares = Self.crossing(seed: 1) { Double.random(in: 0..<1, using: &$0) }
    for (share, rate) in zip(shares, Self.rates) {
      #expect(share > 0)
      #expect(share <= rate)
    }
  }

  /// Null scores at the 201-quantiles make every p a multiple of 1/201, each as likely.
  @Test func discreteStreamsRarelyAlarm() throws {
    let null = try NullSample((1...200).map { Double($0) / 201 })
    let shares = Self.crossing(seed: 2) { null.p(of: Double.random(in: 0..<1, using: &$0)) }
    for (share, rate) in zip(shares, Self.rates) {
      #expect(share > 0)
      #expect(share <= rate)
    }
  }

  /// p ~ Beta(½, 1), the square of a uniform: wealth grows, and soon enough for every stream.
  @Test func smallPValuesAreFound() {
    var random = SplitMix64(seed: 3)
    var process = EProcess(capacity: 200)
    var means = [0.0, 0.0]
    var found = 0
    for _ in 0..<500 {
      process.reset()
      for block in 1...Self.blocks {
        let uniform = Double.random(in: 0..<1, using: &random)
        process.update(p: uniform * uniform)
        if block == 50 { means[0] += process.logWealth / 500 }
      }
      means[1] += process.logWealth / 500
      if process.anytimeP <= 0.01 { found += 1 }
    }
    #expect(means[0] > 3)
    #expect(means[1] > 3 * means[0])
    #expect(found == 500)
  }

  /// 50 null scores for 200 blocks: p-values of one small sample, whose chance deviations all blocks share,
  /// break the promise by far. That is why streams have a threshold of their own.
  @Test func smallNullSamplesBreakThePromise() throws {
    var random = SplitMix64(seed: 4)
    var alarms = 0
    var process = EProcess(capacity: Self.blocks)
    for _ in 0..<1000 {
      let null = try NullSample((0..<50).map { _ in Double.random(in: 0..<1, using: &random) })
      process.reset()
      for _ in 0..<Self.blocks {
        process.update(p: null.p(of: Double.random(in: 0..<1, using: &random)))
      }
      if process.anytimeP <= 0.0228 { alarms += 1 }
    }
    #expect(alarms > 100)
  }
}
