/// How the coordinates z = xQ of a rotated row become sparse.
///
/// The published description names an invertible rotation that gathers meaning on few axes, and leaves
/// the rule open; so it is stated here.
package enum RotationSparsification: Sendable, Equatable {
  /// The `k` largest |z|, sign kept: one feature per axis. Ties: the lower axis wins.
  case absTopK(k: Int)

  /// z where |z| > `threshold` (strict, 0 or more), else 0.
  ///
  /// The two poles of an axis are two features: feature j fires with z_j > threshold, feature d + j with
  /// −z_j > threshold, so that activations stay positive and each pole can be steered alone.
  case magnitudeThreshold(Float)
}
