import Formats
import SAE
import Tensors

/// Reads EleutherAI's sparsify: `cfg.json` beside `sae.safetensors`.
///
/// Facts and decisions, each with the vector that pins it: `docs/importers/sparsify.md`.
enum SparsifyImporter: SingleLayerImporter {
  static let format = DictionaryFormat.sparsify
  static let layout = "a folder with cfg.json and sae.safetensors (sparsify)"
  static let configName = "cfg.json"
  static let weightsName = "sae.safetensors"
  static let arrays = DenseLayout(
    encoder: "encoder.weight", encoderOrientation: .featureMajor,
    decoder: "W_dec", decoderOrientation: .featureMajor,
    encoderBias: "encoder.bias", decoderBias: "b_dec")
  static let skipName = "W_skip"
  /// Every name that the files may hold.
  static var acceptedNames: [String] { SparsifyConfig.keys + arrays.names + [skipName] }

  static func recognises(_ source: DictionarySource) throws(ImportError) -> Bool {
    guard source.names.contains(weightsName) else { return false }
    return try source.hasBeside(configName)
  }

  static func read(
    _ source: DictionarySource, options: ImportOptions, kernels: Kernels
  ) throws(ImportError) -> SparseDictionary.Parts {
    try options.check(uses: [.kind], in: format)
    let document = try source.json(configName)
    let config = try ImportError.located(at: source.path(of: configName)) {
      () throws(ImportError) in
      try SparsifyConfig(document, options: options)
    }
    let weights = WeightReader(
      tensors: try source.safetensors(weightsName), architecture: config.activation.rawValue,
      kernels: kernels)
    return try ImportError.located(at: weights.path) { () throws(ImportError) in
      var parts = try assemble(config, weights, name: source.name)
      try declareModule(&parts, source)
      parts.files.insert(source.path(of: configName), at: 0)
      return parts
    }
  }

  private static func assemble(
    _ config: SparsifyConfig, _ weights: WeightReader, name: String
  ) throws(ImportError) -> SparseDictionary.Parts {
    try weights.checkNames(needed: arrays.names + (config.hasSkip ? [skipName] : []))
    try checkLength(weights, arrays.encoderBias, config.featureCount, "cfg num_latents")
    try checkLength(weights, arrays.decoderBias, config.width, "cfg d_in")
    var parts = try arrays.read(weights, name: name)
    parts.kind = config.isTranscoder ? .transcoder : .autoencoder
    parts.subtractsDecoderBias = !config.isTranscoder
    switch config.activation {
    case .topk:
      parts.activation = .topK(k: config.k)
      parts.ledger.append(
        LedgerEntry(
          "selection", "ReLU, then the k largest; ties go to the lower index", source: .formatRule))
    case .groupmax:
      parts.activation = .groupMax(groups: config.k)
      parts.ledger.append(
        LedgerEntry(
          "selection",
          "ReLU, then the largest of each of k groups of neighbours; ties go to the"
            + " lower index", source: .formatRule))
    }
    parts.ledger += [
      .architecture(config.activation.rawValue, source: config.activationSource),
      .decoderBias(isSubtracted: !config.isTranscoder, source: config.kindSource), .unscaledUnits,
    ]
    if config.isTranscoder, case .option = config.kindSource {
      parts.ledger.append(
        LedgerEntry(
          "kind",
          "transcoder: 'transcode' is missing, for which the library of today takes false and would"
            + " subtract the decoder bias, which is of another place than the rows",
          source: config.kindSource))
    }
    if config.hasSkip {
      let skip = try weights.matrix(
        skipName, [config.width, config.width], from: "cfg d_in")
      parts.skip = skip.matrix
      parts.ledger += skip.notes
      parts.ledger.append(.skip("W_skip · x of the row as given, stored [out, in]"))
    }
    parts.ledger.append(DecoderNorms.entry(parts.decoder, weights.kernels))
    return parts
  }

  /// Names a bias's length by the configuration, before the matrices are named by the bias.
  private static func checkLength(
    _ weights: WeightReader, _ name: String, _ count: Int, _ source: String
  ) throws(ImportError) {
    let found = try weights.length(of: name)
    guard found == count else {
      throw ImportError(
        .shape(tensor: name, found: [found], expected: [count], from: source),
        path: weights.path(of: name))
    }
  }

  /// The module that the folder is named for, as sparsify writes it: `layers.10`, `layers.10.mlp`.
  ///
  /// A declaration, from which nothing is computed. Uploads of early versions used the same name for
  /// the block before.
  private static func declareModule(
    _ parts: inout SparseDictionary.Parts, _ source: DictionarySource
  ) throws(ImportError) {
    let folder = FileSystem.name(of: try source.absoluteFolder())
    let fields = folder.split(separator: ".", omittingEmptySubsequences: false)
    let isModule =
      folder == "embed_tokens"
      || (fields.count >= 2 && ["layers", "h"].contains(fields[0]) && UInt16(fields[1]) != nil)
    guard isModule else { return }
    parts.input.moduleHook = folder
    parts.output.moduleHook = folder
    parts.ledger.append(
      LedgerEntry(
        "module",
        parts.kind == .transcoder
          ? "the input of '\(folder)' is read and its output is predicted"
          : "the output of '\(folder)' is read", source: .fileName(folder)))
  }
}
