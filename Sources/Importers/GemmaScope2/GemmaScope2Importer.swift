import Formats
import SAE
import Tensors

/// Reads Gemma Scope 2, autoencoders and transcoders: `params.safetensors`, mostly with `config.json`.
///
/// Facts and decisions, each with the vector that pins it: `docs/importers/gemma-scope-2.md`.
enum GemmaScope2Importer: SingleLayerImporter {
  static let format = DictionaryFormat.gemmaScope2
  static let layout = "a folder with params.safetensors that has w_enc and w_dec (gemma-scope-2)"
  static let weightsName = "params.safetensors"
  static let thresholdName = "threshold"
  static let skipName = "affine_skip_connection"
  static let arrays = DenseLayout(
    encoder: "w_enc", encoderOrientation: .modelMajor,
    decoder: "w_dec", decoderOrientation: .featureMajor,
    encoderBias: "b_enc", decoderBias: "b_dec", isTranscoder: true)
  /// Every name that the files may hold.
  static var acceptedNames: [String] {
    GemmaScope2Config.keys + arrays.names + [thresholdName, skipName]
  }

  /// The file that is meant: the given one, or the one with the published name.
  private static func weightsName(_ source: DictionarySource) -> String? {
    if let file = source.file { return file.hasSuffix(".safetensors") ? file : nil }
    return source.names.contains(weightsName) ? weightsName : nil
  }

  static func recognises(_ source: DictionarySource) throws(ImportError) -> Bool {
    guard let name = weightsName(source) else { return false }
    let tensors = try source.safetensors(name)
    return tensors[arrays.encoder]?.shape.count == 2 && tensors[arrays.decoder]?.shape.count == 2
  }

  static func read(
    _ source: DictionarySource, options: ImportOptions, kernels: Kernels
  ) throws(ImportError) -> SparseDictionary.Parts {
    try options.check(uses: [.kind], in: format)
    let config = try GemmaScope2Config.beside(source, ignoring: options.ignoredConfigKeys)
    let name = weightsName(source) ?? weightsName
    let weights = WeightReader(
      tensors: try source.safetensors(name), architecture: format.rawValue, kernels: kernels)
    return try ImportError.located(at: weights.path) { () throws(ImportError) in
      try weights.checkNames(needed: arrays.names + [thresholdName], optional: [skipName])
      var parts = try arrays.read(weights, name: source.name)
      let n = parts.encoderBias.count
      parts.activation = .jumpReLU(
        threshold: try weights.vector(thresholdName, n, from: "the length of 'b_enc'"))
      parts.ledger += [
        .architecture("jump_relu"), .strictThreshold, .decoderBias(isSubtracted: false),
        .unscaledUnits,
      ]
      try readSkip(&parts, weights)
      if config != nil { parts.files.insert(source.path(of: GemmaScope2Config.fileName), at: 0) }
      try ImportError.located(at: source.path(of: GemmaScope2Config.fileName)) {
        () throws(ImportError) in
        try check(config, parts, featureCount: n)
        try declare(&parts, config, options, path: source.path)
      }
      return parts
    }
  }

  /// The affine connection is stored `[d_in, d_out]`: y += xᵀ S.
  private static func readSkip(
    _ parts: inout SparseDictionary.Parts, _ weights: WeightReader
  ) throws(ImportError) {
    guard weights.has(skipName) else { return }
    let skip = try weights.matrix(
      skipName, [parts.encoder.modelWidth, parts.decoder.width],
      from: "the widths of 'w_enc' and 'w_dec'")
    parts.skip = skip.matrix.transposed(weights.kernels)
    parts.ledger += skip.notes
    parts.ledger.append(.skip("Sᵀ · x of the row as given, stored [in, out]"))
  }

  private static func check(
    _ config: GemmaScope2Config?, _ parts: SparseDictionary.Parts, featureCount: Int
  ) throws(ImportError) {
    guard let config else { return }
    if let width = config.width, width != featureCount {
      throw ImportError(
        .value(
          key: "width", found: "\(width)", expected: "\(featureCount), the length of 'b_enc'"))
    }
    if let declared = config.hasAffineConnection, declared != (parts.skip != nil) {
      throw ImportError(
        .value(
          key: "affine_connection", found: "\(declared)",
          expected: "\(parts.skip != nil): the weights have "
            + (parts.skip == nil ? "no '\(skipName)'" : "'\(skipName)'")))
    }
  }

  /// Decides what it is, from what is declared, and where rows are read and written.
  private static func declare(
    _ parts: inout SparseDictionary.Parts, _ config: GemmaScope2Config?, _ options: ImportOptions,
    path: String
  ) throws(ImportError) {
    let (kind, source) = try kind(parts, config, options, path: path)
    parts.kind = kind
    parts.ledger.append(LedgerEntry("kind", kind.rawValue, source: source))
    parts.input = GemmaScope2Config.tap(model: config?.model, module: config?.moduleIn)
    parts.output =
      kind == .autoencoder
      ? parts.input : GemmaScope2Config.tap(model: config?.model, module: config?.moduleOut)
  }

  private static func kind(
    _ parts: SparseDictionary.Parts, _ config: GemmaScope2Config?, _ options: ImportOptions,
    path: String
  ) throws(ImportError) -> (SparseDictionary.Kind, LedgerEntry.Source) {
    var told: [(kind: SparseDictionary.Kind, source: LedgerEntry.Source)] = []
    if parts.skip != nil || parts.decoder.width != parts.encoder.modelWidth {
      told.append((.transcoder, .measured))
    }
    if let config {
      if config.type == "clt" {
        throw ImportError(
          .value(
            key: "type", found: "\"clt\"",
            expected: "sae or transcoder, where w_dec has two axes"))
      }
      if let type = config.type {
        told.append((type == "sae" ? .autoencoder : .transcoder, .config(key: "type")))
      }
      if let out = config.moduleOut {
        told.append(
          (out == config.moduleIn ? .autoencoder : .transcoder, .config(key: "hf_hook_point_out")))
      } else if told.isEmpty, config.moduleIn != nil {
        told.append((.autoencoder, .publisherDefault(key: "hf_hook_point_out")))
      }
    }
    if let kind = options.kind {
      guard kind != .embedding else {
        throw ImportError(
          .value(key: "kind", found: kind.rawValue, expected: "autoencoder or transcoder"),
          path: path)
      }
      told.append(
        (kind == .autoencoder ? .autoencoder : .transcoder, .option("kind \(kind.rawValue)")))
    }
    guard let first = told.first else {
      throw ImportError(
        .missingKey(
          key: "kind",
          expected: "the option kind, autoencoder or transcoder: without config.json and an affine"
            + " connection the files look the same"), path: path)
    }
    if let other = told.first(where: { $0.kind != first.kind }) {
      throw ImportError(
        .value(
          key: "kind", found: "\(other.kind.rawValue) (\(other.source))",
          expected: "\(first.kind.rawValue) (\(first.source))"))
    }
    return first
  }
}
