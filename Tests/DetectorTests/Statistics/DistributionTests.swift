import Detector
import Formats
import Testing

@Suite struct DistributionTests {
  @Test func normalTailsMatchTheOracle() throws {
    for row in try StatisticsVector.rows(StatisticsVector.read("normal")["tails"]) {
      let x = try row.number("x")
      #expect(isClose(Normal.density(x), try row.number("density")), "density at \(x)")
      #expect(isClose(Normal.cdf(x), try row.number("cdf")), "cdf at \(x)")
      #expect(isClose(Normal.survival(x), try row.number("survival")), "survival at \(x)")
    }
  }

  @Test func normalQuantileIsRightToThirteenDigits() throws {
    for row in try StatisticsVector.rows(StatisticsVector.read("normal")["quantiles"]) {
      let (p, expected) = (try row.number("p"), try row.number("z"))
      let error = abs(Normal.quantile(p) - expected)
      #expect(error <= 1e-13 * abs(expected), "\(p): \(Normal.quantile(p)), not \(expected)")
    }
  }

  @Test func normalTailsKeepThirteenDigitsTo1e300() throws {
    for row in try StatisticsVector.rows(StatisticsVector.read("normal")["tails"]) {
      let expected = try row.number("survival")
      let error = abs(Normal.survival(try row.number("x")) - expected)
      #expect(error <= 5e-13 * expected)
    }
  }

  @Test func normalOfWhatHasNoPlace() {
    #expect(Normal.quantile(0) == -.infinity)
    #expect(Normal.quantile(1) == .infinity)
    for p in [-1e-9, 1.0000001, Double.nan, .infinity] { #expect(Normal.quantile(p).isNaN) }
    #expect(Normal.survival(.infinity) == 0)
    #expect(Normal.survival(-.infinity) == 1)
    #expect(Normal.cdf(.nan).isNaN)
  }

  @Test func quantileIsAntisymmetric() {
    for p in [0.5, 0.4375, 0.25, 0.0625, 0x1p-20, 0x1p-52] {
      #expect(Normal.quantile(1 - p) == -Normal.quantile(p))
    }
  }

  @Test func chiSquaredMatchesTheOracle() throws {
    for row in try StatisticsVector.rows(StatisticsVector.read("chi-squared")) {
      let (x, degrees) = (try row.number("x"), try row.integer("degrees"))
      let actual = ChiSquared.survival(x, degrees: degrees)
      let expected = try row.number("survival")
      #expect(isClose(actual, expected), "\(degrees) degrees at \(x): \(actual), not \(expected)")
    }
  }

  @Test func chiSquaredOfWhatHasNoPlace() async {
    #expect(ChiSquared.survival(0, degrees: 3) == 1)
    #expect(ChiSquared.survival(-4, degrees: 3) == 1)
    #expect(ChiSquared.survival(.infinity, degrees: 3) == 0)
    #expect(ChiSquared.survival(.nan, degrees: 3).isNaN)
    await #expect(processExitsWith: .failure) { _ = ChiSquared.survival(1, degrees: 0) }
  }

  @Test func betaMatchesTheOracle() throws {
    let vector = try StatisticsVector.read("beta")
    for row in try StatisticsVector.rows(vector["cdf"]) {
      let (a, b, x) = (try row.number("a"), try row.number("b"), try row.number("x"))
      let actual = BetaDistribution.cdf(x, a, b)
      #expect(isClose(actual, try row.number("cdf")), "I(\(x); \(a), \(b)) is \(actual)")
    }
    for row in try StatisticsVector.rows(vector["quantile"]) {
      let (a, b, p) = (try row.number("a"), try row.number("b"), try row.number("p"))
      let actual = BetaDistribution.quantile(p, a, b)
      #expect(isClose(actual, try row.number("x")), "quantile \(p) of \(a), \(b) is \(actual)")
    }
  }

  @Test func betaOfWhatHasNoPlace() async {
    #expect(BetaDistribution.cdf(-1, 2, 3) == 0)
    #expect(BetaDistribution.cdf(1, 2, 3) == 1)
    #expect(BetaDistribution.cdf(.nan, 2, 3).isNaN)
    #expect(BetaDistribution.quantile(0, 2, 3) == 0)
    #expect(BetaDistribution.quantile(2, 2, 3) == 1)
    #expect(BetaDistribution.quantile(.nan, 2, 3).isNaN)
    await #expect(processExitsWith: .failure) { _ = BetaDistribution.cdf(0.5, 0, 1) }
    await #expect(processExitsWith: .failure) { _ = BetaDistribution.quantile(0.5, 1, .infinity) }
  }
}
