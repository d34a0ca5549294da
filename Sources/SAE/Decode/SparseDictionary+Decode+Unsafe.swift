import Tensors

extension SparseDictionary {
  /// Writes x̂ of row `row` of `codes` to `out`, `[outputWidth]`; the skip path is not included.
  ///
  /// Features are summed in ascending order in f32, then the bias, then the normalisation is undone
  /// with `transform` or the output is scaled, by ``outputScale``. Reads only the decoder rows of active
  /// features below `limit`.
  package func decode(
    _ codes: SparseCodes, row: Int, transform: RowTransform, below limit: Int,
    into out: UnsafeMutablePointer<Float>
  ) {
    out.update(repeating: 0, count: outputWidth)
    for position in codes.range(ofRow: row) {
      let feature = Int(codes.indices[position])
      if feature >= limit { break }
      decoder.axpy(
        feature, scale: codes.values[position] * decodeScale(of: feature), into: out, kernels)
    }
    decoderBias.withUnsafeBufferPointer { bias in
      for index in 0..<outputWidth { out[index] += bias[index] }
    }
    switch outputScale {
    case .none: break
    case .factor(let factor):
      for index in 0..<outputWidth { out[index] *= factor }
    case .undoesNormalisation:
      guard transform != .identity else { return }
      for index in 0..<outputWidth { out[index] = out[index] * transform.scale + transform.offset }
    }
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
