import Tensors

/// What follows the mean of a variational autoencoder's latents, at inference.
public enum VariationalActivation: Sendable, Equatable {
  /// f = TopK(max(μ, 0)): the published TopK variant. Ties: the lower feature index wins.
  case topKAfterReLU(k: Int)
  /// f = max(μ, 0).
  case relu
}

/// The encoder of a learned variance, which only training samples from.
package struct VariationalVariance: Sendable {
  /// W_var.
  package var encoder: EncoderMatrix
  /// b_var, `[featureCount]`.
  package var bias: [Float]

  package init(encoder: EncoderMatrix, bias: [Float]) {
    self.encoder = encoder
    self.bias = bias
  }
}

extension SparseDictionary.Parts {
  /// The deterministic path of a variational sparse autoencoder: its mean in place of a sample.
  ///
  /// ```
  /// training:   z ~ N(μ(x), s²), μ(x) = E (x [− decoderBias]) + meanBias, s = 1 or learned
  /// inference:  f = σ(μ(x))        x̂ = Σ fᵢ Dᵢ + decoderBias
  /// ```
  ///
  /// `meanEncoder` rows are `[featureCount, modelWidth]`, `meanBias` `[featureCount]`, `decoder` rows
  /// `[featureCount, outputWidth]`, `decoderBias` `[outputWidth]`. TopK after ReLU keeps the same
  /// features as ReLU after TopK: a value that is not positive is never active.
  ///
  /// A `variance` is checked for its shape, written to the ledger and otherwise not used: nothing is
  /// sampled at inference.
  ///
  /// Source: vSAE (arXiv:2509.22994), which uses s = 1 and a TopK variant. That inference takes the mean
  /// is the reading of that description, not a quotation, and is written to the ledger.
  ///
  /// - Throws: `shape` for a variance that does not fit the mean; the rest is checked by
  ///   ``SparseDictionary``.
  package static func variational(
    name: String, meanEncoder: EncoderMatrix, meanBias: [Float], decoder: RowMatrix,
    decoderBias: [Float], activation: VariationalActivation, subtractsDecoderBias: Bool,
    variance: VariationalVariance? = nil
  ) throws(DictionaryError) -> SparseDictionary.Parts {
    let sigma: ActivationFunction
    let rule: String
    switch activation {
    case .topKAfterReLU(let k): (sigma, rule) = (.topK(k: k), "topK(max(μ, 0)) with k = \(k)")
    case .relu: (sigma, rule) = (.relu, "max(μ, 0)")
    }
    var parts = SparseDictionary.Parts(
      name: name, encoder: meanEncoder, decoder: decoder, encoderBias: meanBias,
      decoderBias: decoderBias, activation: sigma)
    parts.subtractsDecoderBias = subtractsDecoderBias
    parts.ledger.append(
      LedgerEntry(
        "latents", "\(rule) of the mean; nothing is sampled", source: .option("activation")))
    guard let variance else { return parts }
    let expected = [meanEncoder.featureCount, meanEncoder.modelWidth]
    let found = [variance.encoder.featureCount, variance.encoder.modelWidth]
    guard found == expected else {
      throw DictionaryError(.shape(tensor: "W_var", found: found, expected: expected))
    }
    guard variance.bias.count == expected[0] else {
      throw DictionaryError(
        .shape(tensor: "b_var", found: [variance.bias.count], expected: [expected[0]]))
    }
    parts.ledger.append(
      LedgerEntry(
        "variance", "W_var and b_var are present and not used: only training samples",
        source: .formatRule))
    return parts
  }
}
