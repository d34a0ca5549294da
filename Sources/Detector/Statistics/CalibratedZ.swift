/// A p-value on the scale of standard deviations, so that detectors with different scores compare.
public enum CalibratedZ {
  /// From here on a document is flagged: 2.0, which a null document reaches with probability 2.28 %.
  public static let flagThreshold = 2.0

  /// The values that there can be: −5 to 15.
  public static let range: ClosedRange<Double> = -5...15

  /// −Φ⁻¹(p), clipped to [−5, 15]; p at or below 0 gives 15, at or above 1 and NaN give −5.
  ///
  /// The scale and the clipping of the evaluation of structural marks (arXiv 2605.05443).
  public static func z(ofP p: Double) -> Double {
    min(max(-Normal.quantile(Probability.cleaned(p)), range.lowerBound), range.upperBound)
  }
}

/// What is done with numbers that are meant to be p-values.
enum Probability {
  /// `p` in [0, 1]: NaN counts as 1, no evidence; what is outside goes to the nearer end.
  static func cleaned(_ p: Double) -> Double {
    p.isNaN ? 1 : min(max(p, 0), 1)
  }
}
