import SAE
import Tensors

extension VariantChange {
  /// The ways in which `dictionary` could have been loaded instead, apart from a scale of its rows.
  ///
  /// `meanNorm` is the mean norm of the rows: √width / meanNorm is the factor by which publishers most
  /// often scale rows. `decoderNorms` are the norms of the stored decoder rows.
  static func candidates(
    _ dictionary: SparseDictionary, expected: ExpectedFit, meanNorm: Double,
    decoderNorms: [Double]
  ) -> [VariantChange] {
    decoderBias(dictionary) + transposed(dictionary) + normalisations(dictionary)
      + thresholds(dictionary, meanNorm: meanNorm, decoderNorms: decoderNorms)
      + decoderNorm(dictionary, decoderNorms) + selection(dictionary, expected)
  }

  private static func decoderBias(_ dictionary: SparseDictionary) -> [VariantChange] {
    guard dictionary.kind == .autoencoder, dictionary.decoderBias.contains(where: { $0 != 0 })
    else { return [] }
    let subtracts = !dictionary.subtractsDecoderBias
    return [
      VariantChange(
        kind: .decoderBias,
        statement: subtracts
          ? "the decoder bias is subtracted before encoding"
          : "the decoder bias is not subtracted before encoding",
        advice: "set apply_b_dec_to_input to \(subtracts) in cfg.json",
        edit: { $0.subtractsDecoderBias = subtracts })
    ]
  }

  private static func transposed(_ dictionary: SparseDictionary) -> [VariantChange] {
    var found: [VariantChange] = []
    if dictionary.featureCount == dictionary.outputWidth,
      let matrix = dictionary.decoder.denseMatrix(dictionary.kernels)
    {
      let kernels = dictionary.kernels
      found.append(
        VariantChange(
          kind: .transposedDecoder, statement: "the decoder is transposed",
          advice: "store W_dec as [features, width]; a square matrix does not show its orientation",
          edit: { $0.decoder = .dense(matrix.transposed(kernels)) }))
    }
    if dictionary.featureCount == dictionary.modelWidth,
      case .dense(let matrix) = dictionary.encoder.stored
    {
      let flipped: EncoderMatrix.Layout =
        dictionary.encoder.layout == .featureMajor ? .modelMajor : .featureMajor
      found.append(
        VariantChange(
          kind: .transposedEncoder, statement: "the encoder is transposed",
          advice: "store W_enc as [width, features]; a square matrix does not show its orientation",
          edit: { $0.encoder = EncoderMatrix(matrix, layout: flipped) }))
    }
    return found
  }

  private static func normalisations(_ dictionary: SparseDictionary) -> [VariantChange] {
    let all: [(Normalisation, String, String)] = [
      (.none, "rows are not normalised", "none"),
      (.rootWidthOverNorm, "each row is rescaled to norm √d", "constant_norm_rescale"),
      (
        .layerNorm(epsilon: 1e-5), "each row is centred and divided by its deviation", "layer_norm"
      ),
    ]
    return all.compactMap { value, statement, name in
      switch (value, dictionary.normalisation) {
      case (.none, .none), (.rootWidthOverNorm, .rootWidthOverNorm), (.layerNorm, .layerNorm):
        return nil
      // Dropping a constant factor is a scale, and found as one.
      case (.none, .constantFactor): return nil
      default: break
      }
      return VariantChange(
        kind: .normalisation, statement: statement,
        advice: "set normalize_activations to \"\(name)\" in cfg.json",
        edit: { $0.normalisation = value })
    }
  }

  private static func thresholds(
    _ dictionary: SparseDictionary, meanNorm: Double, decoderNorms: [Double]
  ) -> [VariantChange] {
    switch dictionary.activation {
    case .jumpReLU, .batchTopK: break
    default: return []
    }
    var factors: [(value: Double, name: String)] = []
    if case .constantFactor(let factor) = dictionary.normalisation {
      factors.append((Double(factor), "the activation scale"))
    }
    if meanNorm > 0 {
      factors.append((Double(dictionary.modelWidth).squareRoot() / meanNorm, "√d / mean norm"))
    }
    if let median = OrdinaryRows.median(decoderNorms), median > 0 {
      factors.append((1 / median, "1 / median decoder norm"))
    }
    var used: [Double] = [1]
    var found: [VariantChange] = []
    for (value, name) in factors {
      for (factor, verb) in [(value, "multiplied"), (1 / value, "divided")] {
        guard Float(factor).isFinite, factor > 0,
          !used.contains(where: { abs($0 / factor - 1) < 0.02 })
        else { continue }
        used.append(factor)
        let origin = verb == "divided" ? "1 / (\(name))" : name
        found.append(threshold(by: factor, name: origin))
      }
    }
    guard case .jumpReLU(let threshold) = dictionary.activation,
      decoderNorms.contains(where: { abs($0 - 1) > 1e-3 })
    else { return found }
    for divides in [false, true] {
      let values = zip(threshold, decoderNorms).map { value, norm in
        let scaled = divides ? Double(value) / max(norm, 1e-30) : Double(value) * norm
        return Float(scaled)
      }
      guard values.allSatisfy(\.isFinite) else { continue }
      found.append(
        VariantChange(
          kind: .thresholdUnits,
          statement: "each threshold is \(divides ? "divided" : "multiplied") by its decoder norm",
          advice: "decoder norms were folded into the weights but not into the threshold: fold them"
            + " there too",
          edit: { $0.activation = .jumpReLU(threshold: values) }))
    }
    return found
  }

  /// A factor on the threshold; `name` says where it comes from.
  static func threshold(by factor: Double, name: String) -> VariantChange {
    let number = Decimal.significant(factor)
    return VariantChange(
      kind: .thresholdUnits, statement: "the threshold is multiplied by \(number) (\(name))",
      advice: "the threshold is in other units than the pre-activations: store it multiplied by"
        + " \(number)",
      edit: { $0.activation = $0.activation.scalingThreshold(by: Float(factor)) })
  }

  private static func decoderNorm(
    _ dictionary: SparseDictionary, _ norms: [Double]
  ) -> [VariantChange] {
    guard norms.contains(where: { abs($0 - 1) > 1e-3 }) else { return [] }
    var found: [VariantChange] = []
    if dictionary.activation.k != nil {
      let rescales = dictionary.decoderNormRole == .none
      found.append(
        VariantChange(
          kind: .decoderNorm,
          statement: rescales
            ? "features are selected by activation × decoder norm"
            : "features are selected without their decoder norm",
          advice: "set rescale_acts_by_decoder_norm to \(rescales) in cfg.json",
          edit: { $0.decoderNormRole = rescales ? .rescalesActivations : .none }))
    }
    let decoder = dictionary.decoder
    let kernels = dictionary.kernels
    found.append(
      VariantChange(
        kind: .decoderNorm, statement: "decoder rows are brought to norm 1",
        advice: "divide each decoder row by its norm, as the publisher's loader does",
        edit: { parts in
          parts.decoder = decoder.scaling(kernels) { norms[$0] > 0 ? 1 / norms[$0] : 0 }
        }))
    return found
  }

  private static func selection(
    _ dictionary: SparseDictionary, _ expected: ExpectedFit
  ) -> [VariantChange] {
    func change(
      _ activation: ActivationFunction, _ statement: String, _ advice: String,
      isCommonlyBetter: Bool = false
    ) -> VariantChange {
      VariantChange(
        kind: .selection, statement: statement, advice: advice, isCommonlyBetter: isCommonlyBetter,
        edit: {
          $0.activation = activation
          if activation.k == nil { $0.decoderNormRole = .none }
        })
    }
    var declared: Int?
    if let l0 = expected.l0, let k = Int(exactly: l0.upperBound.rounded()),
      (1...dictionary.featureCount).contains(k)
    {
      declared = k
    }
    func declaredK(
      insteadOf k: Int, _ make: (Int) -> ActivationFunction
    ) -> [VariantChange] {
      guard let declared, declared != k else { return [] }
      var found = change(
        make(declared), "k is \(declared), as declared, and not \(k)",
        "set k to \(declared) in cfg.json, or pass --top-k \(declared)")
      found.restoresL0 = true
      return [found]
    }
    switch dictionary.activation {
    case .topK(let k):
      return declaredK(insteadOf: k) { .topK(k: $0) } + [
        change(
          .absTopK(k: k), "the k largest |z| are kept, with their sign",
          "the architecture may be abstopk: look at the publisher's code")
      ]
    case .signedTopK(let k):
      return declaredK(insteadOf: k) { .signedTopK(k: $0) }
    case .absTopK(let k):
      return declaredK(insteadOf: k) { .absTopK(k: $0) } + [
        change(
          .topK(k: k), "the k largest z are kept, and negative ones dropped",
          "the ReLU is missing: the architecture may be topk")
      ]
    case .jumpReLU, .batchTopK:
      return [
        change(
          .relu, "no threshold is applied",
          "the architecture may be standard: look for a threshold", isCommonlyBetter: true)
      ]
    case .relu:
      guard let k = declared else { return [] }
      return [
        change(
          .topK(k: k), "only the \(k) largest are kept", "the architecture may be topk, k = \(k)")
      ]
    default: return []
    }
  }

  /// A constant factor on rows, undone after decoding; `name` is nil where it was fitted.
  static func activationScale(
    _ factor: Double, _ name: String?, of dictionary: SparseDictionary, meanNorm: Double = 0
  ) -> VariantChange {
    let number = Decimal.significant(factor)
    var ratio = factor
    if case .constantFactor(let value) = dictionary.normalisation { ratio /= Double(value) }
    if dictionary.normalisation.dependsOnRow, meanNorm > 0 {
      // What each row is multiplied by now, on average.
      ratio *= meanNorm / Double(dictionary.modelWidth).squareRoot()
    }
    return VariantChange(
      kind: .activationScale,
      statement: "rows are scaled by \(number)" + (name.map { " (\($0))" } ?? ""),
      advice: dictionary.kind == .autoencoder
        ? "the files lack the factor: pass --activation-scale \(number)"
        : "scale the rows by \(number) before they are given",
      isFitted: name == nil,
      isCommonlyBetter: name == nil && VerificationBands.isShrinkage(ratio),
      edit: { $0.normalisation = .constantFactor(Float(factor)) })
  }

  /// A constant factor on the reconstruction.
  static func outputScale(_ factor: Double, of dictionary: SparseDictionary) -> VariantChange {
    let decoder = dictionary.decoder
    let kernels = dictionary.kernels
    let number = Decimal.significant(factor)
    return VariantChange(
      kind: .outputScale, statement: "the reconstruction is multiplied by \(number)",
      advice: "W_dec and b_dec are in other units than the rows: multiply both by \(number)",
      isFitted: true, isCommonlyBetter: VerificationBands.isShrinkage(factor),
      edit: { parts in
        parts.decoder = decoder.scaling(kernels) { _ in factor }
        parts.decoderBias = parts.decoderBias.map { Float(Double($0) * factor) }
      })
  }
}

extension ActivationFunction {
  /// Whether a number decides which features are active.
  var hasThreshold: Bool {
    switch self {
    case .jumpReLU, .batchTopK: true
    default: false
    }
  }

  /// The same function with its threshold multiplied; itself where it has none.
  func scalingThreshold(by factor: Float) -> ActivationFunction {
    switch self {
    case .jumpReLU(let threshold): .jumpReLU(threshold: threshold.map { $0 * factor })
    case .batchTopK(let threshold): .batchTopK(threshold: threshold * factor)
    default: self
    }
  }
}

extension FeatureRows {
  /// A dense copy in f32 with each row multiplied by its own factor.
  func scaling(_ kernels: Kernels, _ factor: (Int) -> Double) -> FeatureRows {
    var all: [Float] = []
    all.reserveCapacity(rowCount * width)
    for row in 0..<rowCount {
      let scale = factor(row)
      for value in values(ofRow: row, kernels) { all.append(Float(Double(value) * scale)) }
    }
    return .dense(RowMatrix(rowCount: rowCount, width: width, values: all))
  }
}
