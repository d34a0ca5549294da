import Glibc

// Powers over factorials without the cancellation of log-gamma differences.
// Source: Loader, Fast and Accurate Computation of Binomial Probabilities, 2000.

/// Poisson and binomial terms of real arguments, right to a few ulps of the exponent.
enum SaddlePoint {
  /// h^a e^−h / Γ(a + 1), for a ≥ 0 and h > 0.
  static func poisson(_ a: Double, _ h: Double) -> Double {
    if a == 0 { return exp(-h) }
    return exp(-stirlingError(a) - deviance(a, h)) / (2 * Double.pi * a).squareRoot()
  }

  /// Γ(a + b + 1) / (Γ(a + 1) Γ(b + 1)) · x^a (1 − x)^b, for a, b > 0 and x in (0, 1).
  ///
  /// `rest` is 1 − x, given by who knows it better than by subtraction.
  static func binomial(_ a: Double, _ b: Double, _ x: Double, rest: Double) -> Double {
    let n = a + b
    let exponent =
      stirlingError(n) - stirlingError(a) - stirlingError(b) - deviance(a, n * x)
      - deviance(b, n * rest)
    return exp(exponent) * (n / (2 * Double.pi * a * b)).squareRoot()
  }

  /// ln Γ(a + 1) minus Stirling's approximation of it: (a + ½) ln a − a + ½ ln 2π.
  private static func stirlingError(_ a: Double) -> Double {
    if a < 16 {
      return log(tgamma(a + 1)) - (a + 0.5) * log(a) + a - 0.918_938_533_204_672_741_78
    }
    let s = 1 / (a * a)
    let series = 1.0 / 360 - s * (1.0 / 1260 - s * (1.0 / 1680 - s / 1188))
    return (1.0 / 12 - s * series) / a
  }

  /// a ln(a/m) + m − a, which is never below 0.
  private static func deviance(_ a: Double, _ m: Double) -> Double {
    let e = (m - a) / a
    guard abs(e) < 0.1 else { return a * log(a / m) + m - a }
    // e − ln(1 + e) = e²/2 − e³/3 + ...
    var sum = 0.0
    var power = e * e
    for k in 2...18 {
      sum += power / Double(k)
      power *= -e
    }
    return a * sum
  }
}
