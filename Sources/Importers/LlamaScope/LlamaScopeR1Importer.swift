import Formats
import SAE
import Tensors

/// Reads Llama Scope R1 Distill: `config.json` and `sae_weights.safetensors` with a log threshold.
///
/// Facts and decisions, each with the vector that pins it: `docs/importers/llama-scope-r1.md`.
enum LlamaScopeR1Importer: SingleLayerImporter {
  static let format = DictionaryFormat.llamaScopeR1
  static let layout =
    "a folder with config.json and sae_weights.safetensors that has log_jumprelu_threshold"
    + " (llama-scope-r1)"
  static let configName = "config.json"
  static let weightsName = "sae_weights.safetensors"
  static let thresholdName = "log_jumprelu_threshold"
  static let arrays = LlamaScopeImporter.arrays
  static let keys = [
    "d_model", "expansion_factor", "d_sae", "hook_point_in", "hook_point_out", "act_fn",
    "norm_activation", "sparsity_include_decoder_norm", "use_decoder_bias", "use_glu_encoder",
    "apply_decoder_bias_to_pre_encoder", "sae_type",
  ]
  /// Settings of training runs and of the machine, none of which matters for inference.
  static let trainingKeys =
    LlamaScopeConfig.trainingKeys + [
      "jump_relu_threshold_window", "jumprelu_threshold_window", "model_parallel_size_running",
      "model_parallel_size_training",
    ]
  /// Every name that the files may hold, apart from settings of training.
  static var acceptedNames: [String] { keys + arrays.names + [thresholdName] }

  static func recognises(_ source: DictionarySource) throws(ImportError) -> Bool {
    guard source.names.contains(weightsName), try source.hasBeside(configName) else { return false }
    let tensors = try source.safetensors(weightsName)
    return tensors[thresholdName] != nil && tensors[arrays.encoder] != nil
  }

  static func read(
    _ source: DictionarySource, options: ImportOptions, kernels: Kernels
  ) throws(ImportError) -> SparseDictionary.Parts {
    try options.check(uses: [.activationScale], in: format)
    let document = try source.json(configName)
    let path = source.path(of: configName)
    let reader = try ImportError.located(at: path) { () throws(ImportError) in
      try checked(document, ignoring: options.ignoredConfigKeys)
    }
    let weights = WeightReader(
      tensors: try source.safetensors(weightsName), architecture: format.rawValue,
      kernels: kernels)
    return try ImportError.located(at: weights.path) { () throws(ImportError) in
      try weights.checkNames(needed: arrays.names + [thresholdName])
      var parts = try arrays.read(weights, name: source.name)
      let n = parts.encoderBias.count
      let logarithms = try weights.vector(thresholdName, n, from: "the length of 'encoder.bias'")
      try ImportError.located(at: path) { () throws(ImportError) in
        try describe(&parts, reader)
        try scale(&parts, reader, options)
      }
      try open(&parts, reader, logarithms, weights)
      parts.files.insert(path, at: 0)
      return parts
    }
  }

  private static func checked(
    _ document: JSONValue, ignoring ignored: Set<String>
  ) throws(ImportError) -> ConfigReader {
    let reader = try ConfigReader(document: document, file: configName)
    try reader.checkKeys(keys, ignoring: ignored.union(trainingKeys))
    _ = try reader.choice("act_fn", of: ["jumprelu"], default: "jumprelu")
    _ = try reader.choice("sae_type", of: ["sae"], default: "sae")
    guard try reader.bool("use_decoder_bias", default: true) else {
      throw reader.mismatch("use_decoder_bias", "true: the layout has 'decoder.bias'")
    }
    try reader.refuse(
      "use_glu_encoder", why: "a gated linear encoder has a second matrix and a sigmoid",
      advice: "use another dictionary")
    try reader.refuse(
      "apply_decoder_bias_to_pre_encoder",
      why: "no published dictionary of this layout does it, and its units are not pinned",
      advice: "use another dictionary")
    return reader
  }

  private static func describe(
    _ parts: inout SparseDictionary.Parts, _ reader: ConfigReader
  ) throws(ImportError) {
    let (n, width) = (parts.encoder.featureCount, parts.encoder.modelWidth)
    let declared = try reader.integer("d_model", in: SAELensConfig.widths)
    guard declared == width else {
      throw reader.mismatch("d_model", "\(width), the width of '\(arrays.encoder)'")
    }
    if reader.has("d_sae"), try reader.integer("d_sae", in: SAELensConfig.featureCounts) != n {
      throw reader.mismatch("d_sae", "\(n), the length of '\(arrays.encoderBias)'")
    }
    if reader.has("expansion_factor") {
      let factor = try reader.positive("expansion_factor")
      guard (factor * Double(width)).rounded(.towardZero) == Double(n) else {
        throw reader.mismatch(
          "expansion_factor", "\(n) features over a width of \(width), as the weights have")
      }
    }
    let hookIn = try reader.requiredString("hook_point_in", "the name of a hook")
    let hookOut = try reader.string("hook_point_out") ?? hookIn
    parts.kind = hookIn == hookOut ? .autoencoder : .transcoder
    parts.input = Tap(hook: hookIn)
    parts.output = Tap(hook: hookOut)
    parts.ledger += [
      .architecture("jumprelu", source: reader.decided("act_fn")), .strictThreshold,
      .decoderBias(isSubtracted: false),
    ]
  }

  /// Rows were rescaled in training by a factor that is in none of the files.
  private static func scale(
    _ parts: inout SparseDictionary.Parts, _ reader: ConfigReader, _ options: ImportOptions
  ) throws(ImportError) {
    let mode = try reader.choice(
      "norm_activation", of: ["dataset-wise", "inference"], default: "dataset-wise")
    guard mode == "dataset-wise" else {
      guard options.activationScale == .fromFiles else {
        throw reader.mismatch(
          "norm_activation", "\"dataset-wise\" when an activation scale is given")
      }
      parts.ledger.append(
        LedgerEntry(
          "activation units", "those of the rows as given: the publisher folded the scale",
          source: .config(key: "norm_activation")))
      return
    }
    switch options.activationScale {
    case .fromFiles: throw ActivationScaling.missing("norm_activation 'dataset-wise'")
    case .alreadyApplied: parts.ledger.append(ActivationScaling.alreadyApplied)
    case .factor(let factor):
      guard parts.kind == .autoencoder else { throw ActivationScaling.transcoder }
      parts.normalisation = .constantFactor(Float(factor))
      parts.ledger.append(
        ActivationScaling.applied(factor, source: .option("activation scale \(factor)")))
    }
  }

  private static func open(
    _ parts: inout SparseDictionary.Parts, _ reader: ConfigReader, _ logarithms: [Float],
    _ weights: WeightReader
  ) throws(ImportError) {
    var thresholds = logarithms.map { Exponential.of($0) }
    if let feature = thresholds.firstIndex(where: { !$0.isFinite }) {
      throw ImportError(
        .value(
          key: "\(thresholdName)[\(feature)]", found: "\(logarithms[feature])",
          expected: "a number whose exponential is finite"))
    }
    if try reader.bool("sparsity_include_decoder_norm", default: false),
      let decoder = parts.decoder.denseMatrix(weights.kernels)
    {
      thresholds = DecoderNorms.folding(thresholds, decoder, weights.kernels)
      parts.ledger.append(
        .decoderNormGate(source: .config(key: "sparsity_include_decoder_norm")))
    }
    parts.activation = .jumpReLU(threshold: thresholds)
  }
}
