import Glibc

/// The chi-squared distribution: what Fisher's combination of p-values is judged by.
public enum ChiSquared {
  /// The probability of a value above `x` with `degrees` degrees of freedom: Q(degrees/2, x/2).
  ///
  /// Above the mean it is a finite sum of positive terms that starts at the largest,
  /// Q(a, h) = Q(a − 1, h) + h^(a−1) e^−h / Γ(a), so nothing cancels: relative error below 1e-12 as long
  /// as the result is above 1e-300. Below the mean it is one minus the series of the lower tail.
  /// `x` at or below 0 gives 1, +∞ gives 0, NaN gives NaN. `degrees` must be at least 1.
  /// - Complexity: O(√degrees) terms near the mean, at most O(degrees).
  public static func survival(_ x: Double, degrees: Int) -> Double {
    precondition(degrees >= 1, "degrees is \(degrees), expected at least 1")
    if x.isNaN { return .nan }
    if x <= 0 { return 1 }
    if x == .infinity { return 0 }
    let a = Double(degrees) / 2
    let h = x / 2
    return h <= a ? 1 - lower(a, h) : upper(a, h, isOdd: !degrees.isMultiple(of: 2))
  }

  /// P(a, h) = h^a e^−h / Γ(a + 1) · (1 + h/(a+1) + h²/((a+1)(a+2)) + ...).
  private static func lower(_ a: Double, _ h: Double) -> Double {
    var term = 1.0
    var sum = 1.0
    var next = a + 1
    while term > sum * 1e-18 {
      term *= h / next
      sum += term
      next += 1
    }
    return SaddlePoint.poisson(a, h) * sum
  }

  private static func upper(_ a: Double, _ h: Double, isOdd: Bool) -> Double {
    // The smallest part of the sum, and all of it with one degree.
    var sum = 0.0
    if a > 0.5 {
      var power = a - 1
      var term = 1.0
      while power >= 0, term > sum * 1e-18 {
        sum += term
        term *= power / h
        power -= 1
      }
      sum *= SaddlePoint.poisson(a - 1, h)
    }
    return isOdd ? sum + erfc(h.squareRoot()) : sum
  }
}
