extension Verdict {
  /// The usual false-alarm rate: 1 − Φ(2), so that a flag means a calibrated z of 2 or more.
  public static let defaultRate = 0.022_750_131_948_179_21
}
