/// How the coordinates z = xQ of a rotated row become sparse.
///
/// The published description names an invertible rotation that gathers meaning on few axes, and leaves
/// the rule open; so it is stated here. Either way feature j is axis j, and an activation keeps its sign.
public enum RotationSparsification: Sendable, Equatable {
  /// The `k` largest |z|. Ties: the lower axis wins.
  case absTopK(k: Int)

  /// z where |z| > `threshold` (strict; finite, 0 or more), else 0.
  case magnitudeThreshold(Float)
}
