import Glibc

/// The beta distribution: what exact intervals of a share are made of.
public enum BetaDistribution {
  /// The probability of a value at or below `x`: the regularised incomplete beta function Iₓ(a, b).
  ///
  /// The continued fraction of DLMF 8.17.22 by Lentz's method, on the side of the mean where it
  /// converges; relative error below 1e-11 in the lower tail as long as the result is above 1e-300.
  /// `x` at or below 0 gives 0, at or above 1 gives 1, NaN gives NaN. `a` and `b` must be finite and
  /// above 0.
  /// - Complexity: O(√max(a, b)).
  public static func cdf(_ x: Double, _ a: Double, _ b: Double) -> Double {
    check(a, b)
    if x.isNaN { return .nan }
    if x <= 0 { return 0 }
    if x >= 1 { return 1 }
    let rest = 1 - x
    return x < (a + 1) / (a + b + 2)
      ? tail(a, b, x, rest: rest) : 1 - tail(b, a, rest, rest: x)
  }

  /// The value that a share `p` of the distribution lies below: the smallest x with Iₓ(a, b) ≥ p.
  ///
  /// Found by bisection over all numbers from 0 to 1, so to the last bit that `cdf` allows. `p` at or
  /// below 0 gives 0, at or above 1 gives 1, NaN gives NaN. `a` and `b` must be finite and above 0.
  public static func quantile(_ p: Double, _ a: Double, _ b: Double) -> Double {
    check(a, b)
    if p.isNaN { return .nan }
    if p <= 0 { return 0 }
    if p >= 1 { return 1 }
    // Bit patterns of positive numbers are in the order of the numbers.
    var low: UInt64 = 0
    var high = (1.0).bitPattern
    while high - low > 1 {
      let middle = low + (high - low) / 2
      if cdf(Double(bitPattern: middle), a, b) >= p { high = middle } else { low = middle }
    }
    return Double(bitPattern: high)
  }

  private static func check(_ a: Double, _ b: Double) {
    precondition(a > 0 && a.isFinite, "a is \(a), expected a finite value above 0")
    precondition(b > 0 && b.isFinite, "b is \(b), expected a finite value above 0")
  }

  /// Iₓ(a, b) for x below the mean or not far above it.
  private static func tail(_ a: Double, _ b: Double, _ x: Double, rest: Double) -> Double {
    // x^a (1 − x)^b / (a B(a, b)), over the continued fraction.
    let front = b / (a + b) * SaddlePoint.binomial(a, b, x, rest: rest)
    let tiny = 1e-300
    func kept(_ value: Double) -> Double { abs(value) < tiny ? tiny : value }
    var c = 1.0
    var d = 1 / kept(1 - (a + b) * x / (a + 1))
    var fraction = d
    for step in 1...100_000 {
      let m = Double(step)
      let even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
      d = 1 / kept(1 + even * d)
      c = kept(1 + even / c)
      fraction *= d * c
      let odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
      d = 1 / kept(1 + odd * d)
      c = kept(1 + odd / c)
      let change = d * c
      fraction *= change
      if abs(change - 1) < 4e-16 { break }
    }
    return front * fraction
  }
}
