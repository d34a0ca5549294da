import Detector
import Formats
import Testing

@Suite struct EProcessTests {
  /// Logarithms of wealth: 1e-10 of them, or of 1 where they are small.
  @Test func everyStepMatchesTheOracle() throws {
    for row in try StatisticsVector.rows(StatisticsVector.read("e-processes")) {
      let capacity = try row.integer("capacity")
      var adaptive = AdaptiveLogProcess(capacity: capacity)
      var grenander = GrenanderProcess(capacity: capacity)
      var both = EProcess(capacity: capacity)
      var traces: [[Double]] = [[], [], [], []]
      for p in try row.numbers("p") {
        traces[0].append(adaptive.stake)
        adaptive.update(p: p)
        grenander.update(p: p)
        both.update(p: p)
        traces[1].append(adaptive.logWealth)
        traces[2].append(grenander.logWealth)
        traces[3].append(both.logWealth)
      }
      let names = ["stakes", "adaptive", "grenander", "both"]
      for (name, trace) in zip(names, traces) {
        #expect(areClose(trace, try row.numbers(name), floor: 1), "\(name)")
      }
      #expect(both.maximumLogWealth == max(0, traces[3].max() ?? 0))
    }
  }

  /// f̂ integrates to 1, decreases, and a step is what `density` says inside it.
  @Test func theFittedDensityIsOne() {
    var process = GrenanderProcess(capacity: 40)
    #expect(process.density(at: 0.3) == 1)
    for (index, p) in [0.5, 1, 0.01, 0.5, 1e-300, 0, 0.9, .nan, 0.02, 1.5, -1].enumerated() {
      process.update(p: p)
      let steps = process.steps
      var start = 0.0
      var integral = 0.0
      for step in steps {
        integral += (step.end - start) * step.density
        #expect(process.density(at: step.end) == step.density)
        start = step.end
      }
      #expect(start == 1)
      #expect(abs(integral - 1) < 1e-12, "after \(index + 1) steps")
      #expect(zip(steps, steps.dropFirst()).allSatisfy { $0.density > $1.density })
      #expect(steps.allSatisfy { $0.density > 0 && $0.density.isFinite })
    }
  }

  /// One p of 0.5: masses 1 + ½ and ½ on two halves, over 2.
  @Test func aSmallFitByHand() {
    var process = GrenanderProcess()
    process.update(p: 0.5)
    #expect(process.steps.map(\.end) == [0.5, 1])
    #expect(process.steps.map(\.density) == [1.5, 0.5])
    #expect(process.density(at: 0.5) == 1.5)
    #expect(process.density(at: 0.5.nextUp) == 0.5)
  }

  @Test func afterTheCapacityTheBetsAreFrozen() {
    var adaptive = AdaptiveLogProcess(capacity: 3)
    var grenander = GrenanderProcess(capacity: 3)
    for p in [0.1, 0.7, 0.02] {
      adaptive.update(p: p)
      grenander.update(p: p)
    }
    let (stake, density) = (adaptive.stake, grenander.density(at: 0.015))
    #expect(stake > 0)
    for p in [0.9, 0.8, 1e-9] {
      adaptive.update(p: p)
      grenander.update(p: p)
    }
    #expect(adaptive.stake == stake)
    #expect(grenander.density(at: 0.015) == density)
    #expect(adaptive.count == 6)
    #expect(grenander.count == 6)
  }

  @Test func wealthNeitherOverflowsNorUnderflows() {
    var rich = EProcess(capacity: 8)
    var poor = EProcess(capacity: 8)
    for step in 0..<3000 {
      rich.update(p: 0)
      poor.update(p: step < 8 ? 1e-9 : 1)
    }
    #expect(rich.logWealth.isFinite)
    #expect(rich.logWealth > 100_000)
    #expect(rich.anytimeP == Double.leastNormalMagnitude)
    #expect(poor.logWealth.isFinite)
    #expect(poor.logWealth < -1000)
    #expect(poor.maximumLogWealth > 50)
    #expect(isClose(poor.anytimeP, rich.anytimeP) == false)
  }

  @Test func anytimePNeverRises() {
    var process = EProcess()
    #expect(process.anytimeP == 1)
    var last = 1.0
    for step in 0..<200 {
      process.update(p: step % 3 == 0 ? 0.9 : 0.01)
      #expect(process.anytimeP <= last)
      last = process.anytimeP
    }
    #expect(last < 1e-6)
    #expect(process.count == 200)
  }

  @Test func missingValuesCountAsOne() {
    var missing = EProcess()
    var ones = EProcess()
    for p in [0.2, 0.01, 0.3] {
      missing.update(p: p)
      missing.update(p: .nan)
      ones.update(p: p)
      ones.update(p: 1)
    }
    #expect(missing.logWealth == ones.logWealth)
  }

  @Test func resetIsANewStart() {
    var used = EProcess(capacity: 30)
    for step in 0..<40 { used.update(p: Double(step % 7) / 9) }
    used.reset()
    #expect(used.logWealth == 0)
    #expect(used.count == 0)
    #expect(used.anytimeP == 1)
    var fresh = EProcess(capacity: 30)
    for p in [0.4, 0.03, 0.9, 0.2] {
      used.update(p: p)
      fresh.update(p: p)
      #expect(used.logWealth == fresh.logWealth)
    }
  }

  @Test func impossibleParametersAreABug() async {
    await #expect(processExitsWith: .failure) { _ = EProcess(capacity: 0) }
    await #expect(processExitsWith: .failure) { _ = GrenanderProcess(capacity: -1) }
  }
}
