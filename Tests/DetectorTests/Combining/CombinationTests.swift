import Detector
import Formats
import Testing

@Suite struct CombinationTests {
  @Test func pValuesMatchTheOracle() throws {
    for row in try StatisticsVector.rows(StatisticsVector.read("combinations")["p"]) {
      let (p, weights) = (try row.numbers("p"), try row.numbers("weights"))
      #expect(isClose(Combination.fisher(p), try row.number("fisher")), "fisher of \(p)")
      #expect(isClose(Combination.cauchy(p), try row.number("cauchy")), "cauchy of \(p)")
      let weighted = Combination.cauchy(p, weights: weights)
      #expect(isClose(weighted, try row.number("cauchyWeighted")), "cauchy of \(p)")
      #expect(isClose(Combination.bonferroni(p), try row.number("bonferroni")))
      #expect(areClose(BenjaminiHochberg.adjusted(p), try row.numbers("adjusted")))
    }
  }

  @Test func stoufferMatchesTheOracle() throws {
    for row in try StatisticsVector.rows(StatisticsVector.read("combinations")["z"]) {
      let (z, weights) = (try row.numbers("z"), try row.numbers("weights"))
      let correlation = try row.numbers("correlation")
      let plain = try Combination.stouffer(z)
      #expect(isClose(plain, try row.number("plain")))
      let weighted = try Combination.stouffer(z, weights: weights)
      #expect(isClose(weighted, try row.number("weighted")))
      let correlated = try Combination.stouffer(z, correlation: correlation)
      #expect(isClose(correlated, try row.number("correlated")))
      let both = try Combination.stouffer(z, weights: weights, correlation: correlation)
      #expect(isClose(both, try row.number("both")))
      let scaled = try Combination.stouffer(z, weights: weights.map { $0 * 1e-200 })
      #expect(isClose(scaled, weighted))
    }
  }

  @Test func whatCannotBeCombinedIsRefused() {
    let cases: [([Double], [Double]?, [Double]?, DetectionError.Reason)] = [
      ([], nil, nil, .tooFew(what: "z-values", found: 0, needed: 1)),
      ([1, .infinity], nil, nil, .nonFinite(what: "z-value 1")),
      ([1, 2], [1], nil, .count(of: "weights", found: 1, expected: 2)),
      (
        [1, 2], [1, -1], nil,
        .field(name: "weight 1", found: "-1.0", expected: "finite, at least 0")
      ),
      ([1, 2], [0, 0], nil, .field(name: "weights", found: "all 0", expected: "one above 0")),
      ([1, 2], nil, [1, 0, 1], .count(of: "correlation entries", found: 3, expected: 4)),
      (
        [1, 2], nil, [1, 0.5, 0.4, 1],
        .field(
          name: "correlation [0, 1]", found: "0.5",
          expected: "-1 to 1 and the same as [1, 0]")
      ),
      (
        [1, 2], nil, [1, .nan, .nan, 1],
        .field(
          name: "correlation [0, 1]", found: "nan",
          expected: "-1 to 1 and the same as [1, 0]")
      ),
      (
        [1, 2], nil, [2, 0, 0, 1],
        .field(name: "correlation [0, 0]", found: "2.0", expected: "1 on the diagonal")
      ),
      (
        [1, 2], nil, [1, -1, -1, 1],
        .field(
          name: "variance of the weighted sum", found: "0.0",
          expected: "above 0: the weighted z-values cancel under this correlation")
      ),
    ]
    for (z, weights, correlation, reason) in cases {
      #expect(throws: DetectionError(reason)) {
        try Combination.stouffer(z, weights: weights, correlation: correlation)
      }
    }
  }

  @Test func emptyAndImpossibleValues() async {
    for combine in [Combination.fisher, Combination.bonferroni, { Combination.cauchy($0) }] {
      #expect(combine([]) == 1)
      #expect(combine([0, 0.4]) == 0)
      #expect(combine([.nan, .nan]) == 1)
      #expect(isClose(combine([7, 0.01]), combine([1, 0.01])))
      #expect(combine([-3, 0.01]) == 0)
    }
    #expect(Combination.cauchy([1, 0]) == 1)
    #expect(isClose(Combination.cauchy([1, 0.2], weights: [0, 3]), 0.2))
    #expect(BenjaminiHochberg.adjusted([]) == [])
    #expect(BenjaminiHochberg.adjusted([.nan, 0.01]) == [1, 0.02])
    await #expect(processExitsWith: .failure) { _ = Combination.cauchy([0.1], weights: [0]) }
    await #expect(processExitsWith: .failure) { _ = Combination.cauchy([0.1], weights: [1, 2]) }
    await #expect(processExitsWith: .failure) { _ = Combination.cauchy([0.1], weights: [.nan]) }
  }
}
