import SAE
import Tensors

extension SparseDictionary {
  /// A dictionary whose features are the axes of an orthogonal basis: encode xQ, sparsify, decode by Qᵀ.
  ///
  /// ```
  /// z = (x − center) Q        f = sparsify(z)        x̂ = f Qᵀ + center
  /// ```
  ///
  /// The largest |QᵀQ − I| is measured and written to the ``ledger``. Source: CEDAR, as its abstract
  /// describes it; how z becomes sparse and whether rows are centered is not public, and so yours to say.
  ///
  /// - Parameters:
  ///   - rotation: Q, `[modelWidth, modelWidth]` row-major, its columns the axes.
  ///   - center: `[modelWidth]`; nil for none.
  ///   - maximumDeviation: The largest |QᵀQ − I| that passes; nil for 0.004, what rounding to bf16 may cost.
  ///   - acceptsAnyDeviation: Takes the matrix all the same.
  /// - Complexity: O(modelWidth³) for the measurement.
  /// - Throws: `shapeMismatch`, `nonFinite` or `unsupportedDictionary`, naming the part.
  public static func rotated(
    name: String, rotation: [Float], sparsification: RotationSparsification,
    center: [Float]? = nil, maximumDeviation: Double? = nil, acceptsAnyDeviation: Bool = false
  ) throws(SteeringError) -> SparseDictionary {
    let width = Int(Double(rotation.count).squareRoot().rounded())
    do throws(DictionaryError) {
      return try SparseDictionary(
        .rotated(
          name: name,
          rotation: try matrix(rotation, "rotation", rowCount: width, width: width),
          sparsification: sparsification, center: center,
          maximumDeviation: maximumDeviation ?? Parts.rotationBound,
          acceptsAnyDeviation: acceptsAnyDeviation))
    } catch {
      throw SteeringError(error)
    }
  }

  /// A variational dictionary at inference: its mean in place of a sample.
  ///
  /// ```
  /// f = σ(E (x [− decoderBias]) + meanBias)        x̂ = Σ fᵢ Dᵢ + decoderBias
  /// ```
  ///
  /// A learned variance, which only training samples from, is left out. Source: vSAE (arXiv:2509.22994);
  /// that inference takes the mean is how its description is read, and is written to the ``ledger``.
  ///
  /// - Parameters:
  ///   - meanEncoder: E, rows `[featureCount, modelWidth]` row-major.
  ///   - meanBias: `[featureCount]`.
  ///   - decoder: D, rows `[featureCount, modelWidth]` row-major.
  ///   - decoderBias: `[modelWidth]`.
  ///   - subtractsDecoderBias: Whether the decoder bias is taken off a row before it is encoded.
  /// - Throws: `shapeMismatch`, `nonFinite` or `unsupportedDictionary`, naming the part.
  public static func variational(
    name: String, meanEncoder: [Float], meanBias: [Float], decoder: [Float], decoderBias: [Float],
    activation: VariationalActivation, subtractsDecoderBias: Bool
  ) throws(SteeringError) -> SparseDictionary {
    let (count, width) = (meanBias.count, decoderBias.count)
    do throws(DictionaryError) {
      let encoder = try matrix(meanEncoder, "encoder", rowCount: count, width: width)
      let dictionary = try SparseDictionary(
        .variational(
          name: name, meanEncoder: EncoderMatrix(encoder, layout: .featureMajor),
          meanBias: meanBias,
          decoder: try matrix(decoder, "decoder", rowCount: count, width: width),
          decoderBias: decoderBias, activation: activation,
          subtractsDecoderBias: subtractsDecoderBias))
      try dictionary.checkFiniteWeights()
      return dictionary
    } catch {
      throw SteeringError(error)
    }
  }
}
