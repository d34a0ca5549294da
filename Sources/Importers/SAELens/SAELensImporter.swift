import Formats
import SAE
import Tensors

/// Reads a folder as SAELens writes it: `cfg.json` beside `sae_weights.safetensors`.
///
/// Facts and decisions, each with the vector that pins it: `docs/importers/saelens.md`.
enum SAELensImporter: SingleLayerImporter {
  static let format = DictionaryFormat.saelens
  static let layout = "a folder with cfg.json and sae_weights.safetensors (saelens)"
  static let configName = "cfg.json"
  static let weightsStem = "sae_weights"
  static var acceptedNames: [String] {
    let architectures = SAELensArchitecture.allCases
    let names =
      SAELensConfigKeys.common + architectures.flatMap { SAELensConfigKeys.extra($0) }
      + architectures.flatMap(\.tensorNames) + [SAELensWeights.finetuningScale]
    return Set(names).sorted()
  }

  static func recognises(_ source: DictionarySource) throws(ImportError) -> Bool {
    if source.file == weightsStem + ".safetensors" { return try source.hasBeside(configName) }
    guard source.names.contains(configName) else { return false }
    // A lone configuration is one whose weights are missing: reading says so.
    return source.hasSafetensors(stem: weightsStem)
      || !source.names.contains { $0.hasSuffix(".safetensors") || $0.hasSuffix(".pt") }
  }

  /// Reads the configuration, checks every tensor against it, and folds what must be folded.
  ///
  /// Matrices stay in the file's mapping; only vectors are read.
  static func read(
    _ source: DictionarySource, options: ImportOptions, kernels: Kernels
  ) throws(ImportError) -> SparseDictionary.Parts {
    try options.check(uses: [.activationScale], in: format)
    let object = try source.json(configName)
    var config: SAELensConfig
    do throws(ImportError) {
      config = try SAELensConfig.read(object, ignoring: options.ignoredConfigKeys)
    } catch {
      throw ImportError(error.reason, path: source.path(of: configName))
    }
    let weights = SAELensWeights(
      try source.shardedSafetensors(stem: weightsStem), config: config, kernels: kernels)
    do throws(ImportError) {
      return try assemble(
        &config, weights, name: source.name, folder: source.folder, options: options,
        kernels: kernels)
    } catch {
      throw ImportError(error.reason, path: error.path ?? weights.path)
    }
  }

  static func readJSON(_ path: String) throws(ImportError) -> JSONValue {
    do throws(FormatError) {
      return try JSONValue.read(path: path)
    } catch {
      throw ImportError(.format(error), path: error.path ?? path)
    }
  }

  private static func assemble(
    _ config: inout SAELensConfig, _ weights: SAELensWeights, name: String, folder: String,
    options: ImportOptions, kernels: Kernels
  ) throws(ImportError) -> SparseDictionary.Parts {
    try weights.checkNames()
    if let pursuit = config.pursuit {
      return try assemble(
        pursuit, &config, weights, name: name, folder: folder, options: options, kernels: kernels)
    }
    let n = config.featureCount
    let outputKey = config.architecture.isTranscoder ? "d_out" : "d_in"
    let encoder = try weights.matrix("W_enc", [config.inputWidth, n], from: "d_in, d_sae")
    let decoder = try weights.matrix("W_dec", [n, config.outputWidth], from: "d_sae, \(outputKey)")
    config.ledger += encoder.notes + decoder.notes
    var parts = SparseDictionary.Parts(
      name: name, encoder: EncoderMatrix(encoder.matrix, layout: .modelMajor),
      decoder: decoder.matrix,
      encoderBias: config.architecture == .gated
        ? Array(repeating: 0, count: n) : try weights.vector("b_enc", n, from: "d_sae"),
      decoderBias: try weights.vector("b_dec", config.outputWidth, from: outputKey),
      activation: .relu)
    parts.kind = config.architecture.isTranscoder ? .transcoder : .autoencoder
    parts.input = config.input
    parts.output = config.output
    parts.flattensHeads = config.flattensHeads
    parts.excludesSpecialTokens = config.excludesSpecialTokens
    parts.subtractsDecoderBias = config.subtractsDecoderBias
    parts.decoderNormRole = config.rescalesByDecoderNorm ? .rescalesActivations : .none
    parts.activation = try activation(config, weights)
    if config.architecture.hasSkip {
      let skip = try weights.matrix(
        "W_skip", [config.outputWidth, config.inputWidth], from: "d_out, d_in")
      parts.skip = skip.matrix
      config.ledger += skip.notes
      config.ledger.append(
        LedgerEntry(
          "skip path", "forward adds W_skip · x of the raw row", source: .formatRule))
    }
    try applyFinetuningScale(&parts, &config, weights, kernels)
    try normalise(&parts, &config, folder: folder, options: options, kernels: kernels)
    parts.ledger = config.ledger
    parts.files += [folder + "/" + configName] + weights.paths
    return parts
  }

  private static func activation(
    _ config: SAELensConfig, _ weights: SAELensWeights
  ) throws(ImportError) -> ActivationFunction {
    let n = config.featureCount
    switch config.architecture {
    case .standard, .transcoder, .skipTranscoder: return .relu
    case .matchingPursuit: fatalError("a matching pursuit has no activation of its own")
    case .jumprelu, .jumpreluTranscoder, .jumpreluSkipTranscoder:
      return .jumpReLU(threshold: try weights.vector("threshold", n, from: "d_sae"))
    case .topk, .abstopk:
      guard let k = config.k else { fatalError("a top-k configuration has k") }
      return config.architecture == .topk ? .topK(k: k) : .absTopK(k: k)
    case .gated:
      return .gated(
        gateBias: try weights.vector("b_gate", n, from: "d_sae"),
        magnitudeBias: try weights.vector("b_mag", n, from: "d_sae"),
        scale: try weights.vector("r_mag", n, from: "d_sae").map { Exponential.of($0) })
    }
  }

  /// Folds `scaling_factor`, which older versions applied when decoding, into the decoder rows.
  private static func applyFinetuningScale(
    _ parts: inout SparseDictionary.Parts, _ config: inout SAELensConfig,
    _ weights: SAELensWeights, _ kernels: Kernels
  ) throws(ImportError) {
    guard weights.has(SAELensWeights.finetuningScale) else { return }
    let scale = try weights.vector(
      SAELensWeights.finetuningScale, config.featureCount, from: "d_sae")
    // The publisher's own test for "all ones" (torch.allclose): within 1e-5 relative + 1e-8.
    if scale.allSatisfy({ abs($0 - 1) <= 1e-5 + 1e-8 }) {
      config.ledger.append(
        LedgerEntry("finetuning scale", "all ones: dropped", source: .measured))
      return
    }
    guard config.hasFinetuningScale else {
      throw ImportError(
        .value(
          key: "finetuning_scaling_factor", found: "false beside a tensor 'scaling_factor'",
          expected: "true, or a 'scaling_factor' of ones"))
    }
    var values: [Float] = []
    values.reserveCapacity(parts.decoder.rowCount * parts.decoder.width)
    for feature in 0..<parts.decoder.rowCount {
      for value in parts.decoder.values(ofRow: feature, kernels) {
        values.append(value * scale[feature])
      }
    }
    parts.decoder = .dense(
      RowMatrix(rowCount: parts.decoder.rowCount, width: parts.decoder.width, values: values))
    config.ledger.append(
      LedgerEntry(
        "finetuning scale", "folded into the decoder rows; activations are unscaled",
        source: .config(key: "finetuning_scaling_factor")))
  }
}
