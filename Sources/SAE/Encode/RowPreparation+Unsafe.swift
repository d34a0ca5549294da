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

  /// Turns products E x̃ of the features from `start` on into what σ compares: plus the encoder bias,
  /// times ‖Dᵢ‖ where the norms have a role. In place, `[count]`.
  package func finishPreActivations(
    _ z: UnsafeMutablePointer<Float>, from start: Int, count: Int
  ) {
    encoderBias.withUnsafeBufferPointer { bias in
      for offset in 0..<count { z[offset] += bias[start + offset] }
    }
    guard decoderNormRole != .none else { return }
    decoderNorms.withUnsafeBufferPointer { norms in
      for offset in 0..<count { z[offset] *= norms[start + offset] }
    }
  }
}
