import SAE
import Tensors

extension SparseDictionary {
  /// Builds a dictionary from weights in memory; what they compute is in the type's own description.
  ///
  /// Of what is left out nothing happens: no normalisation, no linear path, norms that play no role.
  /// Weights are copied and checked whole.
  ///
  /// - Parameters:
  ///   - encoder: Rows `[featureCount, modelWidth]`; nil for a tied dictionary, whose encoder is the
  ///     decoder's own memory.
  ///   - decoder: Rows `[featureCount, outputWidth]`.
  ///   - encoderBias: `[featureCount]`; zeros where σ carries its own biases.
  ///   - decoderBias: `[outputWidth]`.
  ///   - activation: σ, with arrays of `[featureCount]` where it has some.
  ///   - subtractsDecoderBias: Whether the decoder bias is taken off a row before it is encoded.
  ///   - kind: What it is; a transcoder may have a `skip`, and does not undo its normalisation.
  ///   - modelWidth: Width of the rows that are read; nil where it is that of the rows that are written.
  ///   - skip: `[outputWidth, modelWidth]` row-major, y += skip · x; nil for no linear path.
  ///   - normalisation: What is done to a row before it is encoded.
  ///   - decoderNormRole: What the norms of decoder rows have to do with activations.
  ///   - outputScale: How a decoded row comes back to the output's units; nil for undoing the
  ///     normalisation of an autoencoder, and nothing of a transcoder.
  ///   - prefixes: Feature counts of nested dictionaries, ascending, the last the whole.
  ///   - input: Where rows are read.
  ///   - output: Where rows are written; nil for an autoencoder's own place.
  /// - Throws: `shapeMismatch`, `unsupportedDictionary` or `nonFinite`, naming the part.
  public convenience init(
    name: String, encoder: FeatureWeights?, decoder: FeatureWeights, encoderBias: [Float],
    decoderBias: [Float], activation: ActivationFunction, subtractsDecoderBias: Bool,
    kind: Kind = .autoencoder, modelWidth: Int? = nil, skip: [Float]? = nil,
    normalisation: Normalisation = .none, decoderNormRole: DecoderNormRole = .none,
    outputScale: OutputScale? = nil, prefixes: [Int] = [], input: Tap = Tap(), output: Tap? = nil
  ) throws(SteeringError) {
    do throws(DictionaryError) {
      let count = encoderBias.count
      let width = modelWidth ?? decoderBias.count
      let written = try decoder.rows("decoder", rowCount: count, width: decoderBias.count)
      var parts = Parts(
        name: name,
        encoder: EncoderMatrix(
          try encoder?.rows("encoder", rowCount: count, width: width) ?? written),
        decoder: written, encoderBias: encoderBias, decoderBias: decoderBias,
        activation: activation)
      parts.kind = kind
      parts.subtractsDecoderBias = subtractsDecoderBias
      if let skip {
        parts.skip = try Self.matrix(skip, "skip", rowCount: decoderBias.count, width: width)
      }
      parts.normalisation = normalisation
      parts.decoderNormRole = decoderNormRole
      parts.outputScale = outputScale
      parts.prefixes = prefixes
      parts.input = input
      parts.output = output ?? (kind == .autoencoder ? input : Tap())
      parts.ledger = [
        LedgerEntry(
          "decoder bias",
          subtractsDecoderBias ? "subtracted before encoding" : "not subtracted before encoding",
          source: .option("subtractsDecoderBias"))
      ]
      try self.init(parts)
      try checkFiniteWeights()
    } catch {
      throw SteeringError(error)
    }
  }

  /// A dense matrix `[rowCount, width]`, copied; `name` is for messages.
  static func matrix(
    _ values: [Float], _ name: String, rowCount: Int, width: Int
  ) throws(DictionaryError) -> RowMatrix {
    guard Tensor.elementCount(of: [rowCount, width]) == values.count else {
      throw DictionaryError(
        .shape(tensor: name, found: [values.count], expected: [rowCount, width]))
    }
    return RowMatrix(rowCount: rowCount, width: width, values: values)
  }
}

extension EncoderMatrix {
  /// Rows that are features already.
  fileprivate convenience init(_ rows: FeatureRows) {
    switch rows {
    case .dense(let matrix): self.init(matrix, layout: .featureMajor)
    case .turned(let matrix): self.init(matrix.stored, layout: .modelMajor)
    case .expander(let matrix): self.init(matrix)
    }
  }
}

extension BiJumpReLU {
  /// Folds a sign-aware gate into two thresholds, exactly.
  ///
  /// ```
  /// opens upwards where z + gate⁺ > 0:   f = scale⁺·z + offset⁺
  /// opens downwards where z − gate⁻ < 0: f = scale⁻·z + offset⁻
  /// ```
  ///
  /// Arrays are `[featureCount]`: `gate` and `offset` are biases, `scale` is exp(r), the same array twice
  /// where it is tied. SA-GSAE (arXiv:2605.28149) publishes no formula; this is how its description is
  /// read, see docs/architectures/bi-jump-relu.md.
  ///
  /// - Throws: `shapeMismatch` when lengths differ; `unsupportedDictionary` where both gates could open
  ///   at once.
  public init(
    gatePositive: [Float], gateNegative: [Float], scalePositive: [Float], scaleNegative: [Float],
    offsetPositive: [Float], offsetNegative: [Float]
  ) throws(SteeringError) {
    do throws(DictionaryError) {
      self = try .folding(
        gateBiasPositive: gatePositive, gateBiasNegative: gateNegative,
        magnitudeScalePositive: scalePositive, magnitudeScaleNegative: scaleNegative,
        magnitudeBiasPositive: offsetPositive, magnitudeBiasNegative: offsetNegative)
    } catch {
      throw SteeringError(error)
    }
  }
}
