import Formats
import SAE
import Tensors

/// Reads Llama Scope 1: `hyperparams.json` and `checkpoints/final.safetensors`.
///
/// Facts and decisions, each with the vector that pins it: `docs/importers/llama-scope.md`.
enum LlamaScopeImporter: SingleLayerImporter {
  static let format = DictionaryFormat.llamaScope
  static let layout =
    "a folder with hyperparams.json and checkpoints/final.safetensors (llama-scope)"
  static let configName = "hyperparams.json"
  static let weightsName = "checkpoints/final.safetensors"
  static let arrays = DenseLayout(
    encoder: "encoder.weight", encoderOrientation: .featureMajor,
    decoder: "decoder.weight", decoderOrientation: .modelMajor,
    encoderBias: "encoder.bias", decoderBias: "decoder.bias", isTranscoder: true)
  /// Every name that the files may hold, apart from settings of training.
  static var acceptedNames: [String] { LlamaScopeConfig.keys + arrays.names }

  static func recognises(_ source: DictionarySource) throws(ImportError) -> Bool {
    guard source.names.contains(configName) else { return false }
    return try source.has(weightsName)
  }

  static func read(
    _ source: DictionarySource, options: ImportOptions, kernels: Kernels
  ) throws(ImportError) -> SparseDictionary.Parts {
    try options.check(uses: [.activationUnits], in: format)
    let document = try source.json(configName)
    let config = try ImportError.located(at: source.path(of: configName)) {
      () throws(ImportError) in
      try LlamaScopeConfig(document, ignoring: options.ignoredConfigKeys)
    }
    let weights = WeightReader(
      tensors: try source.safetensors(weightsName), architecture: format.rawValue,
      kernels: kernels)
    return try ImportError.located(at: weights.path) { () throws(ImportError) in
      var parts = try assemble(config, weights, name: source.name)
      try convert(&parts, config, options, kernels)
      parts.files.insert(source.path(of: configName), at: 0)
      return parts
    }
  }

  private static func assemble(
    _ config: LlamaScopeConfig, _ weights: WeightReader, name: String
  ) throws(ImportError) -> SparseDictionary.Parts {
    try weights.checkNames(needed: arrays.names)
    for (name, count, key) in [
      (arrays.encoderBias, config.featureCount, "d_sae"),
      (arrays.decoderBias, config.width, "d_model"),
    ] {
      let found = try weights.length(of: name)
      guard found == count else {
        throw ImportError(
          .shape(tensor: name, found: [found], expected: [count], from: "config \(key)"))
      }
    }
    var parts = try arrays.read(weights, name: name)
    parts.kind = config.hookIn == config.hookOut ? .autoencoder : .transcoder
    parts.input = Tap(hook: config.hookIn)
    parts.output = Tap(hook: config.hookOut)
    parts.ledger += [
      .architecture("jumprelu", source: config.activationSource),
      .strictThreshold, .decoderBias(isSubtracted: false),
    ]
    return parts
  }

  /// Takes the file's numbers to the units that are asked for.
  ///
  /// With s = √d/in and t = √d/out, the average norms of the two places: rows are multiplied by s, the
  /// threshold in the file is one of raw rows, so that it is θ·s there, and the output is divided by t.
  /// In raw units everything before the output is divided by s instead.
  private static func convert(
    _ parts: inout SparseDictionary.Parts, _ config: LlamaScopeConfig, _ options: ImportOptions,
    _ kernels: Kernels
  ) throws(ImportError) {
    let root = Double(config.width).squareRoot()
    let (scaleIn, scaleOut) = (root / config.normIn, root / config.normOut)
    let isSame = config.normIn == config.normOut && parts.kind == .autoencoder
    var threshold = config.threshold
    switch options.activationUnits ?? .normalised {
    case .normalised:
      threshold *= scaleIn
      parts.normalisation = .constantFactor(Float(scaleIn))
      if !isSame { parts.outputScale = .factor(Float(1 / scaleOut)) }
      parts.ledger.append(
        LedgerEntry(
          "activation units",
          "rows are multiplied by \(Float(scaleIn)) first and the output by \(Float(1 / scaleOut)):"
            + " activations are in scaled units",
          source: .config(key: "dataset_average_activation_norm")))
    case .raw:
      parts.encoderBias = parts.encoderBias.map { Float(Double($0) / scaleIn) }
      parts.decoderBias = parts.decoderBias.map { Float(Double($0) / scaleIn) }
      if config.normIn != config.normOut {
        parts.outputScale = .factor(Float(scaleIn / scaleOut))
      }
      parts.ledger.append(
        LedgerEntry(
          "activation units",
          "those of the rows as given: biases were divided by \(Float(scaleIn))",
          source: .option("activation units raw")))
    }
    guard Float(threshold).isFinite else {
      throw ImportError(
        .value(
          key: "jump_relu_threshold", found: "\(config.threshold)",
          expected: "a number within f32 after scaling"))
    }
    var thresholds = Array(repeating: Float(threshold), count: config.featureCount)
    if config.gatesByDecoderNorm, let decoder = parts.decoder.denseMatrix(kernels) {
      thresholds = DecoderNorms.folding(thresholds, decoder, kernels)
      parts.ledger.append(
        .decoderNormGate(source: .config(key: "sparsity_include_decoder_norm")))
    }
    parts.activation = .jumpReLU(threshold: thresholds)
    parts.ledger.append(
      LedgerEntry(
        "threshold units", "\(Float(config.threshold)) in the file counts for raw rows",
        source: .formatRule))
  }
}
