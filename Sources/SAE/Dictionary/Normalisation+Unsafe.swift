import Tensors

extension Normalisation {
  /// Writes x̃ to `out` and returns how to undo it, or nil when x̃ is undefined for this row.
  ///
  /// `x` and `out` are `[width]` and may not overlap. Norms, means and deviations are summed in f64 and
  /// rounded once. Allocates nothing.
  package func apply(
    _ x: UnsafePointer<Float>, width: Int, into out: UnsafeMutablePointer<Float>
  ) -> RowTransform? {
    switch self {
    case .none:
      out.update(from: x, count: width)
      return .identity
    case .constantFactor(let factor):
      for index in 0..<width { out[index] = x[index] * factor }
      return RowTransform(scale: 1 / factor, offset: 0)
    case .rootWidthOverNorm:
      var sum = 0.0
      for index in 0..<width { sum += Double(x[index]) * Double(x[index]) }
      let coefficient = Float((Double(width) / sum).squareRoot())
      let inverse = Float((sum / Double(width)).squareRoot())
      guard coefficient.isFinite, inverse.isFinite, inverse > 0 else { return nil }
      for index in 0..<width { out[index] = x[index] * coefficient }
      return RowTransform(scale: inverse, offset: 0)
    case .layerNorm(let epsilon):
      guard width > 1 else { return nil }
      var sum = 0.0
      for index in 0..<width { sum += Double(x[index]) }
      let mean = sum / Double(width)
      var squares = 0.0
      for index in 0..<width {
        let centred = Double(x[index]) - mean
        squares += centred * centred
      }
      let deviation = Float((squares / Double(width - 1)).squareRoot())
      let offset = Float(mean)
      guard deviation.isFinite, offset.isFinite else { return nil }
      let divisor = deviation + epsilon
      for index in 0..<width { out[index] = (x[index] - offset) / divisor }
      return RowTransform(scale: deviation, offset: offset)
    }
  }
}
