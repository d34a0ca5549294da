import Formats
import SAE
import Tensors

/// Reads autoencoders and transcoders of llamascopium 2: `config.json` with `sae_type`, and weights.
///
/// Facts and decisions, each with the vector that pins it: `docs/importers/llamascopium.md`.
enum LlamascopiumImporter: SingleLayerImporter {
  static let format = DictionaryFormat.llamascopium
  static let layout =
    "a folder with config.json that has sae_type, and sae_weights.safetensors (llamascopium)"
  static let arrays = DenseLayout(
    encoder: "W_E", encoderOrientation: .modelMajor,
    decoder: "W_D", decoderOrientation: .featureMajor, encoderBias: "b_E", decoderBias: "b_D")
  /// Every name that the files may hold, apart from settings of training.
  static var acceptedNames: [String] {
    LlamascopiumConfig.keys + LlamascopiumConfig.autoencoderKeys + arrays.names
      + [LlamascopiumWeights.thresholdName, LlamascopiumWeights.normPrefix]
  }

  static func recognises(_ source: DictionarySource) throws(ImportError) -> Bool {
    guard let type = try type(source), type != "clt" else { return false }
    return try hasOwnWeights(source)
  }

  /// The `sae_type` of the configuration in the folder, or beside the file.
  static func type(_ source: DictionarySource) throws(ImportError) -> String? {
    guard try source.hasBeside(LlamascopiumConfig.fileName) else { return nil }
    return LlamascopiumConfig.type(try source.json(LlamascopiumConfig.fileName))
  }

  /// Whether the weights are not those of Llama Scope R1, whose configuration may look the same.
  private static func hasOwnWeights(_ source: DictionarySource) throws(ImportError) -> Bool {
    guard let name = try LlamascopiumWeights.name(source) else { return false }
    guard name.hasSuffix(".safetensors") else {
      return name.hasSuffix(".pt") || name.hasSuffix(".dcp")
    }
    return try source.safetensors(name)[LlamaScopeR1Importer.arrays.encoder] == nil
  }

  static func read(
    _ source: DictionarySource, options: ImportOptions, kernels: Kernels
  ) throws(ImportError) -> SparseDictionary.Parts {
    try options.check(uses: [.activationScale, .k], in: format)
    let path = source.path(of: LlamascopiumConfig.fileName)
    let document = try source.json(LlamascopiumConfig.fileName)
    let config = try ImportError.located(at: path) { () throws(ImportError) in
      let config = try LlamascopiumConfig(document, ignoring: options.ignoredConfigKeys)
      guard config.hooksIn.count == 1, LlamascopiumConfig.type(document) == "sae" else {
        throw ImportError(
          .value(key: "sae_type", found: "\"clt\"", expected: "sae with this layout"))
      }
      return config
    }
    let weights = WeightReader(
      tensors: try LlamascopiumWeights.read(source), architecture: config.activation.rawValue,
      kernels: kernels)
    return try ImportError.located(at: weights.path) { () throws(ImportError) in
      var parts = try assemble(config, weights, name: source.name)
      try ImportError.located(at: path) { () throws(ImportError) in
        try select(&parts, config, options, weights)
        try normalise(&parts, config, options, weights)
      }
      parts.files.insert(path, at: 0)
      return parts
    }
  }

  private static func assemble(
    _ config: LlamascopiumConfig, _ weights: WeightReader, name: String
  ) throws(ImportError) -> SparseDictionary.Parts {
    var needed = [arrays.encoder, arrays.decoder, arrays.encoderBias]
    if config.hasDecoderBias { needed.append(arrays.decoderBias) }
    if config.activation == .jumprelu { needed.append(LlamascopiumWeights.thresholdName) }
    let hooks = Set(config.hooksIn + config.hooksOut).sorted()
    try weights.checkNames(
      needed: needed, optional: hooks.map { LlamascopiumWeights.normPrefix + $0 })
    let (n, width) = (config.featureCount, config.width)
    let source = "config d_model, expansion_factor"
    let encoder = try weights.matrix(arrays.encoder, [width, n], from: source)
    let decoder = try weights.matrix(arrays.decoder, [n, width], from: source)
    var parts = SparseDictionary.Parts(
      name: name, encoder: EncoderMatrix(encoder.matrix, layout: .modelMajor),
      decoder: decoder.matrix,
      encoderBias: try weights.vector(arrays.encoderBias, n, from: source),
      decoderBias: config.hasDecoderBias
        ? try weights.vector(arrays.decoderBias, width, from: source)
        : Array(repeating: 0, count: width),
      activation: .relu)
    parts.kind = config.hooksIn == config.hooksOut ? .autoencoder : .transcoder
    parts.input = Tap(hook: config.hooksIn[0])
    parts.output = Tap(hook: config.hooksOut[0])
    parts.files = weights.tensors.paths
    parts.ledger =
      encoder.notes + decoder.notes + [
        .architecture(config.activation.rawValue, source: config.activationSource),
        .decoderBias(isSubtracted: false),
      ]
    return parts
  }

  /// Decides σ, and what decoder norms have to do with it.
  private static func select(
    _ parts: inout SparseDictionary.Parts, _ config: LlamascopiumConfig, _ options: ImportOptions,
    _ weights: WeightReader
  ) throws(ImportError) {
    if options.k != nil, config.activation != .batchtopk {
      throw ImportError(
        .value(
          key: "act_fn", found: "\"\(config.activation.rawValue)\"",
          expected: "batchtopk when the option k is given"))
    }
    switch config.activation {
    case .relu: break
    case .jumprelu:
      let name = LlamascopiumWeights.thresholdName
      var thresholds = try LlamascopiumWeights.thresholds(
        try weights.vector(name, config.featureCount, from: "config d_model, expansion_factor"))
      if config.gatesByDecoderNorm, let decoder = parts.decoder.denseMatrix(weights.kernels) {
        thresholds = DecoderNorms.folding(thresholds, decoder, weights.kernels)
        parts.ledger.append(.decoderNormGate(source: config.gateSource))
      }
      parts.activation = .jumpReLU(threshold: thresholds)
      parts.ledger.append(.strictThreshold)
    case .topk: try rank(&parts, config, k: config.k)
    case .batchtopk:
      guard let k = options.k else {
        throw ImportError(
          .refused(
            what: "act_fn 'batchtopk'",
            why: "the library keeps the top_k · rows largest of a whole batch, so that a row's"
              + " activations depend on the rows beside it",
            advice:
              "give k to keep the k largest of each row (here top_k is \(config.k)), or convert"
              + " it to jumprelu in llamascopium"))
      }
      try rank(&parts, config, k: k)
      parts.ledger.append(
        LedgerEntry(
          "k", "the \(k) largest of each row, where training kept as many on average",
          source: .option("k \(k)")))
    case .layertopk, .batchlayertopk:
      throw ImportError(
        .value(
          key: "act_fn", found: "\"\(config.activation.rawValue)\"",
          expected: "relu, jumprelu, topk or batchtopk with sae_type 'sae'"))
    }
  }

  private static func rank(
    _ parts: inout SparseDictionary.Parts, _ config: LlamascopiumConfig, k: Int
  ) throws(ImportError) {
    guard k <= config.featureCount else {
      throw ImportError(
        .value(
          key: "top_k", found: "\(k)",
          expected: "1 to \(config.featureCount), the number of features"))
    }
    parts.activation = .topK(k: k)
    parts.decoderNormRole = config.gatesByDecoderNorm ? .ranksOnly : .none
    parts.ledger += [
      LedgerEntry(
        "selection", "ReLU, then the k largest; ties go to the lower index", source: .formatRule),
      LedgerEntry(
        "decoder norms",
        config.gatesByDecoderNorm
          ? "features are ranked by pre-activation · ‖D‖; activations are without the norm"
          : "no part in the ranking", source: config.gateSource),
    ]
  }

  /// Decides how rows are rescaled before encoding and the output after decoding.
  private static func normalise(
    _ parts: inout SparseDictionary.Parts, _ config: LlamascopiumConfig, _ options: ImportOptions,
    _ weights: WeightReader
  ) throws(ImportError) {
    if options.activationScale != .fromFiles, config.norm != .datasetWise {
      throw ImportError(
        .value(
          key: "norm_activation", found: "\"\(config.norm.rawValue)\"",
          expected: "\"dataset-wise\" when an activation scale is given"))
    }
    switch config.norm {
    case .inference:
      parts.ledger.append(
        LedgerEntry(
          "activation units", "those of the rows as given: the publisher folded the scale",
          source: config.normSource))
    case .tokenWise:
      guard parts.kind == .autoencoder else {
        throw ImportError(
          .refused(
            what: "norm_activation 'token-wise' of a transcoder",
            why: "its output is in units of the norm of the very row that it predicts",
            advice: "use another dictionary"))
      }
      parts.normalisation = .rootWidthOverNorm
      parts.ledger.append(
        LedgerEntry(
          "activation units", "each row is rescaled to norm √d first; a zero row is undefined",
          source: config.normSource))
    case .batchWise:
      throw ImportError(
        .refused(
          what: "norm_activation 'batch-wise'",
          why: "a row's scale is the mean norm of the batch that it happens to be in",
          advice: "use another dictionary"))
    case .datasetWise: try scale(&parts, config, options, weights)
    }
  }

  private static func scale(
    _ parts: inout SparseDictionary.Parts, _ config: LlamascopiumConfig, _ options: ImportOptions,
    _ weights: WeightReader
  ) throws(ImportError) {
    let normIn = try LlamascopiumWeights.norm(at: config.hooksIn[0], weights)
    let normOut = try LlamascopiumWeights.norm(at: config.hooksOut[0], weights)
    switch options.activationScale {
    case .fromFiles:
      guard let normIn, let normOut else {
        throw ActivationScaling.missing("norm_activation 'dataset-wise'")
      }
      let factor = Double(config.width).squareRoot() / normIn
      parts.normalisation = .constantFactor(Float(factor))
      guard parts.kind == .transcoder else {
        parts.ledger.append(
          ActivationScaling.applied(
            factor, source: .config(key: LlamascopiumWeights.normPrefix + config.hooksIn[0])))
        return
      }
      let back = normOut / Double(config.width).squareRoot()
      parts.outputScale = .factor(Float(back))
      parts.ledger.append(
        LedgerEntry(
          "activation units",
          "rows are multiplied by \(Float(factor)) first and the output by \(Float(back)):"
            + " activations are in scaled units",
          source: .config(key: LlamascopiumWeights.normPrefix + config.hooksIn[0])))
    case .alreadyApplied: parts.ledger.append(ActivationScaling.alreadyApplied)
    case .factor(let factor):
      guard normIn == nil else {
        throw ImportError(
          .value(
            key: LlamascopiumWeights.normPrefix + config.hooksIn[0],
            found: "\(normIn ?? 0) in the weights",
            expected: "nothing when an activation scale is given"))
      }
      guard parts.kind == .autoencoder else { throw ActivationScaling.transcoder }
      parts.normalisation = .constantFactor(Float(factor))
      parts.ledger.append(
        ActivationScaling.applied(factor, source: .option("activation scale \(factor)")))
    }
  }
}
