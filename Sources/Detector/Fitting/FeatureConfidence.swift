// Source: LinguaLens (arXiv:2502.20344): probability of sufficiency and of necessity, and their harmonic
// mean. Interval: delta method on the table of pairs with one pseudo-pair per cell, which adds two
// successes and two failures to each margin (Agresti and Coull, The American Statistician 52, 1998; for
// paired tables Bonett and Price, JEBS 37, 2012).

/// In how many contrast pairs a feature fires on which side.
package struct PairTable: Sendable, Equatable {
  /// Pairs in which it fires in both texts.
  package var both = 0
  /// Only in the text with the structure.
  package var present = 0
  /// Only in the text without it.
  package var absent = 0
  /// In neither.
  package var neither = 0

  package init(both: Int = 0, present: Int = 0, absent: Int = 0, neither: Int = 0) {
    self.both = both
    self.present = present
    self.absent = absent
    self.neither = neither
  }

  /// Number of pairs.
  package var count: Int { both + present + absent + neither }

  /// The table of the structure's absence: the sides change places.
  package var reversed: PairTable {
    PairTable(both: both, present: absent, absent: present, neither: neither)
  }

  /// PS, PN, FRC and the interval of FRC; all zeros without pairs.
  package func evidence() -> LinearReadout.Evidence {
    let n = Double(count)
    guard n > 0 else {
      return LinearReadout.Evidence(
        sufficiency: 0, necessity: 0, confidence: 0, interval: Interval(lower: 0, upper: 1),
        pairCount: 0)
    }
    let sufficiency = Double(both + present) / n
    let necessity = Double(present + neither) / n
    let confidence = Self.harmonicMean(sufficiency, necessity)
    return LinearReadout.Evidence(
      sufficiency: sufficiency, necessity: necessity, confidence: confidence,
      interval: interval(about: confidence), pairCount: count)
  }

  /// 2ab / (a + b); 0 where both are 0.
  package static func harmonicMean(_ a: Double, _ b: Double) -> Double {
    a + b > 0 ? 2 * a * b / (a + b) : 0
  }

  /// 95 % interval of FRC.
  ///
  /// With S, N the shares after adding one pair to each cell, n' = n + 4, and ∂FRC/∂S = 2N²/(S + N)²,
  /// ∂FRC/∂N = 2S²/(S + N)²: FRC(S, N) ± 1.96·√((g_S²·S(1 − S) + g_N²·N(1 − N) + 2·g_S·g_N·cov)/n') with
  /// cov = P(fires with, silent without) − S·N; cut to [0, 1] and widened to hold FRC itself.
  ///
  /// Measured, it covers the true FRC in 86 to 100 % of samples, depending on the table: least
  /// where a feature hardly ever errs. It is of a feature by itself: that the features shown are the best
  /// of many makes them look better than they are.
  private func interval(about confidence: Double) -> Interval {
    let n = Double(count + 4)
    let s = Double(both + present + 2) / n
    let c = Double(present + neither + 2) / n
    let gs = 2 * c * c / ((s + c) * (s + c))
    let gn = 2 * s * s / ((s + c) * (s + c))
    let covariance = Double(present + 1) / n - s * c
    let variance = gs * gs * s * (1 - s) + gn * gn * c * (1 - c) + 2 * gs * gn * covariance
    // Φ⁻¹(0.975)
    let reach = 1.959963984540054 * (max(variance, 0) / n).squareRoot()
    let centre = Self.harmonicMean(s, c)
    return Interval(
      lower: min(max(centre - reach, 0), confidence), upper: max(min(centre + reach, 1), confidence)
    )
  }
}
