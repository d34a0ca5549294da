import Tensors

extension SparseDictionary {
  /// Writes x̃, ready for the encoder's product, to `out`; nil when it is undefined for this row.
  ///
  /// `x` and `out` are `[modelWidth]` and may not overlap. Allocates nothing.
  package func prepareRow(
    _ x: UnsafePointer<Float>, into out: UnsafeMutablePointer<Float>
  ) -> RowTransform? {
    guard let transform = normalisation.apply(x, width: modelWidth, into: out) else { return nil }
    if subtractsDecoderBias {
      decoderBias.withUnsafeBufferPointer { bias in
        for index in 0..<modelWidth { out[index] -= bias[index] }
      }
    }
    return transform
  }
}
