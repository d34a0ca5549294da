import Tensors

extension SparseDictionary {
  /// Writes x̂ of row `row` of `codes` to `out`, `[outputWidth]`; the skip path is not included.
  ///
  /// Features are summed in ascending order in f32, then the bias, then the normalisation is undone
  /// with `transform` or the output is scaled, by ``outputScale``. Reads only the decoder rows of active
  /// features below `limit`. Returns whether all of x̂ is finite.
  package func decode(
    _ codes: SparseCodes, row: Int, transform: RowTransform, below limit: Int,
    into out: UnsafeMutablePointer<Float>
  ) -> Bool {
    let isFinite = decoderBias.withUnsafeBufferPointer { bias in
      guard let bias = bias.baseAddress else { return true }
      return decoder.combine(base: bias, into: out, kernels) { add in
        for position in codes.range(ofRow: row) {
          let feature = Int(codes.indices[position])
          if feature >= limit { break }
          add(feature, codes.values[position] * decodeScale(of: feature))
        }
      }
    }
    switch outputScale {
    case .none: return isFinite
    case .factor(let factor):
      for index in 0..<outputWidth { out[index] *= factor }
    case .undoesNormalisation:
      guard transform != .identity else { return isFinite }
      for index in 0..<outputWidth { out[index] = out[index] * transform.scale + transform.offset }
    }
    return kernels.firstNonfinite(out, count: outputWidth) == outputWidth
  }

  /// Adds the linear path, `out += skip · x`, with `x` the row as given; nothing without one.
  package func addSkip(
    _ x: UnsafePointer<Float>, scratch: UnsafeMutablePointer<Float>,
    into out: UnsafeMutablePointer<Float>
  ) {
    guard let skip else { return }
    skip.matvec(from: 0, count: skip.rowCount, x, into: scratch, kernels)
    for index in 0..<outputWidth { out[index] += scratch[index] }
  }
}
