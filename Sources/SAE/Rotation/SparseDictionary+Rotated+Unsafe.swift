import Tensors

extension SparseDictionary.Parts {
  /// The largest |QᵀQ − I| with which a rotation passes as orthogonal.
  ///
  /// Rounding an orthogonal matrix to bf16 changes each number by at most 2⁻⁹ of itself, and so a product
  /// of two columns by at most 2⁻⁸ + 2⁻¹⁸ = 0.00391; the rest is for the f32 of the measurement.
  package static let rotationBound = 0.004

  /// A dictionary whose features are the axes of an orthogonal basis: encode xQ, sparsify, decode by Qᵀ.
  ///
  /// ```
  /// z = (x − center) Q        f = sparsify(z)        x̂ = f Qᵀ + center
  /// ```
  ///
  /// `rotation` is Q `[modelWidth, modelWidth]`, its columns the axes; encoder and decoder rows are
  /// those columns, one feature per axis. `center` is `[modelWidth]`, nil for none: the method's description has none, and
  /// whoever stores one says so here. The largest |QᵀQ − I| is measured in f32 products and written to
  /// the ledger; above `maximumDeviation` it is refused, unless `acceptsAnyDeviation`.
  ///
  /// Source: CEDAR, as described by its abstract (an invertible rotation that concentrates semantics
  /// on axes); the exact sparsification is not public, see ``RotationSparsification``.
  ///
  /// - Complexity: O(modelWidth³) for the measurement.
  /// - Throws: `shape`, `nonFiniteWeight` and `field`, naming the part.
  package static func rotated(
    name: String, rotation: RowMatrix, sparsification: RotationSparsification,
    center: [Float]? = nil, maximumDeviation: Double = rotationBound,
    acceptsAnyDeviation: Bool = false, kernels: Kernels = .best
  ) throws(DictionaryError) -> SparseDictionary.Parts {
    let width = rotation.rowCount
    guard width > 0, rotation.width == width else {
      throw DictionaryError(
        .shape(
          tensor: "rotation", found: [rotation.rowCount, rotation.width],
          expected: [max(width, 1), max(width, 1)]))
    }
    if let bad = rotation.firstNonFinite(in: 0..<width, kernels) {
      throw DictionaryError(
        .nonFiniteWeight(tensor: "rotation", row: bad.row, column: bad.column))
    }
    let axes = rotation.transposed(kernels)
    let deviation = deviationFromOrthogonal(axes, kernels)
    guard acceptsAnyDeviation || deviation <= maximumDeviation else {
      throw DictionaryError(
        .field(
          name: "rotation", found: "max |QᵀQ − I| = \(deviation)",
          expected: "at most \(maximumDeviation)"))
    }
    let isCentered = center != nil
    var parts = SparseDictionary.Parts(
      name: name, encoder: EncoderMatrix(rotation, layout: .modelMajor), decoder: axes,
      encoderBias: Array(repeating: 0, count: width),
      decoderBias: center ?? Array(repeating: 0, count: width),
      activation: try activation(sparsification, width))
    parts.subtractsDecoderBias = isCentered
    parts.ledger = [
      LedgerEntry("rotation", "max |QᵀQ − I| is \(deviation)", source: .measured),
      LedgerEntry(
        "decoder bias",
        isCentered
          ? "the given center, subtracted before encoding" : "none: rows are not centered",
        source: .option("center")),
    ]
    return parts
  }

  /// max |a_i · a_j − δ_ij| over the rows of `axes`.
  private static func deviationFromOrthogonal(_ axes: RowMatrix, _ kernels: Kernels) -> Double {
    let width = axes.rowCount
    let products = FloatBuffer(count: width)
    var worst = 0.0
    for row in 0..<width {
      let count = width - row
      axes.matvec(
        from: row, count: count, axes.values(ofRow: row, kernels), into: products.base, kernels)
      for index in 0..<count {
        let error = abs(Double(products.base[index]) - (index == 0 ? 1 : 0))
        // An overflowed product compares false with everything, and must not pass.
        if !(error <= worst) { worst = error.isNaN ? .infinity : error }
      }
    }
    return worst
  }

  /// σ on `width` axes; a threshold on |z| opens both sides of zero, with gain 1 and no offset.
  private static func activation(
    _ sparsification: RotationSparsification, _ width: Int
  ) throws(DictionaryError) -> ActivationFunction {
    switch sparsification {
    case .absTopK(let k): return .absTopK(k: k)
    case .magnitudeThreshold(let threshold):
      guard threshold.isFinite, threshold >= 0 else {
        throw DictionaryError(
          .field(
            name: "threshold", found: "\(threshold)", expected: "a finite number, 0 or more"))
      }
      let thresholds = [Float](repeating: threshold, count: width)
      let ones = [Float](repeating: 1, count: width)
      let zeros = [Float](repeating: 0, count: width)
      return .biJumpReLU(
        BiJumpReLU(
          positiveThreshold: thresholds, negativeThreshold: thresholds, positiveGain: ones,
          negativeGain: ones, positiveOffset: zeros, negativeOffset: zeros))
    }
  }
}
