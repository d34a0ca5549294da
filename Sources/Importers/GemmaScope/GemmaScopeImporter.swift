import Formats
import SAE
import Tensors

/// Reads Gemma Scope 1: `params.npz`, of autoencoders, transcoders and embedding autoencoders alike.
///
/// Source: arXiv:2408.05147. Facts and decisions, each with the vector that pins it:
/// `docs/importers/gemma-scope.md`.
enum GemmaScopeImporter: SingleLayerImporter {
  static let format = DictionaryFormat.gemmaScope
  static let layout = "params.npz with W_enc, W_dec, b_enc, b_dec and threshold (gemma-scope)"
  static let fileName = "params.npz"
  static let arrays = DenseLayout(
    encoder: "W_enc", encoderOrientation: .modelMajor,
    decoder: "W_dec", decoderOrientation: .featureMajor, encoderBias: "b_enc", decoderBias: "b_dec")
  /// A few files have these names for the matrices.
  static let lowerCaseNames = ["W_enc": "w_enc", "W_dec": "w_dec"]
  static let threshold = "threshold"
  static let finetuningScale = "scaling_factor"
  /// Every name that the file may hold.
  static var acceptedNames: [String] {
    arrays.names + lowerCaseNames.values.sorted() + [threshold, finetuningScale]
  }

  static func recognises(_ source: DictionarySource) throws(ImportError) -> Bool {
    guard let name = npzName(source) else { return false }
    let names = Set(try source.npz(name).names)
    return names.isSuperset(of: ["b_enc", "b_dec", threshold])
      && ["enc", "dec"].allSatisfy { names.contains("W_" + $0) || names.contains("w_" + $0) }
  }

  private static func npzName(_ source: DictionarySource) -> String? {
    source.names.contains(fileName) ? fileName : source.mainName(endingIn: [".npz"])
  }

  static func read(
    _ source: DictionarySource, options: ImportOptions, kernels: Kernels
  ) throws(ImportError) -> SparseDictionary.Parts {
    try options.check(uses: [.kind], in: format)
    let name =
      source.names.contains(fileName)
      ? fileName : try source.requireName(endingIn: [".npz"], layout)
    let path = source.path(of: name)
    let names = GemmaScopeNames(folder: try source.absoluteFolder())
    let weights = WeightReader(
      tensors: try source.npz(name), architecture: "jumprelu", kernels: kernels)
    do throws(ImportError) {
      let kind = try kind(options, names)
      var parts = try read(weights, kind, isGiven: options.kind != nil, name: source.name)
      (parts.input, parts.output) = names.taps(kind)
      if let declared = names.averageL0 {
        parts.ledger.append(
          LedgerEntry(
            "average L0", "\(declared.value) features per row",
            source: .fileName(declared.name)))
      }
      return parts
    } catch {
      throw ImportError(error.reason, path: error.path ?? path)
    }
  }

  /// Files of all kinds look the same: the caller says, or it is an autoencoder, unless the names of
  /// the folders speak against that.
  private static func kind(
    _ options: ImportOptions, _ names: GemmaScopeNames
  ) throws(ImportError) -> ImportOptions.DeclaredKind {
    if let kind = options.kind { return kind }
    let other: ImportOptions.DeclaredKind? =
      names.site == "transcoders" ? .transcoder : names.isEmbedding ? .embedding : nil
    if let other {
      throw ImportError(
        .missingKey(
          key: "kind",
          expected:
            "the option kind: the files of autoencoders and of others look the same, and the"
            + " folders' names suggest \(other.rawValue)"))
    }
    return .autoencoder
  }

  private static func read(
    _ weights: WeightReader, _ kind: ImportOptions.DeclaredKind, isGiven: Bool, name: String
  ) throws(ImportError) -> SparseDictionary.Parts {
    var layout = arrays
    layout.isTranscoder = kind == .transcoder
    func stored(_ name: String) -> String {
      guard let lower = lowerCaseNames[name], !weights.has(name) else { return name }
      return weights.has(lower) ? lower : name
    }
    layout.encoder = stored(layout.encoder)
    layout.decoder = stored(layout.decoder)
    try weights.checkNames(
      needed: layout.names + [threshold], optional: [finetuningScale])
    var parts = try layout.read(weights, name: name)
    let n = parts.encoder.featureCount
    parts.kind = kind == .transcoder ? .transcoder : .autoencoder
    parts.activation = .jumpReLU(
      threshold: try weights.vector(threshold, n, from: "the length of 'b_enc'"))
    parts.excludesSpecialTokens = true
    parts.ledger += [
      .architecture("jumprelu"), .decoderBias(isSubtracted: false), .strictThreshold,
    ]
    try dropFinetuningScale(weights, n, &parts)
    explain(kind, isGiven: isGiven, &parts)
    return parts
  }

  /// The publisher's own test for "all ones" (torch.allclose); anything else has no reading.
  private static func dropFinetuningScale(
    _ weights: WeightReader, _ n: Int, _ parts: inout SparseDictionary.Parts
  ) throws(ImportError) {
    guard weights.has(finetuningScale) else { return }
    let scale = try weights.vector(finetuningScale, n, from: "the length of 'b_enc'")
    guard scale.allSatisfy({ abs($0 - 1) <= 1e-5 + 1e-8 }) else {
      throw ImportError(
        .value(key: finetuningScale, found: "other numbers than 1", expected: "ones"))
    }
    parts.ledger.append(
      LedgerEntry("finetuning scale", "all ones: dropped", source: .measured))
  }

  private static func explain(
    _ kind: ImportOptions.DeclaredKind, isGiven: Bool, _ parts: inout SparseDictionary.Parts
  ) {
    let given = LedgerEntry.Source.option("kind \(kind.rawValue)")
    switch kind {
    case .autoencoder:
      parts.ledger += [
        LedgerEntry(
          "kind",
          isGiven
            ? "autoencoder"
            : "autoencoder, assumed: the files of transcoders and of embeddings look the same, and"
              + " only the option kind tells",
          source: isGiven ? given : .formatRule), .unscaledUnits,
      ]
    case .transcoder:
      parts.ledger += [
        LedgerEntry("kind", "transcoder", source: given),
        LedgerEntry(
          "activation units",
          "those of the rows as given: the input of the MLP's norm divided by its root mean square,"
            + " before the learned gain",
          source: .formatRule),
      ]
    case .embedding:
      // Trained on rows before the model multiplies them by √d, and run on rows after it.
      parts.normalisation = .constantFactor(
        Float(1 / Double(parts.encoder.modelWidth).squareRoot()))
      parts.ledger += [
        LedgerEntry("kind", "embedding autoencoder", source: given),
        LedgerEntry(
          "activation units",
          "rows are divided by √d first and the reconstruction is multiplied by it, decoder bias"
            + " included",
          source: .formatRule),
      ]
    }
    parts.ledger.append(
      LedgerEntry(
        "special tokens",
        "left out of training: activations on BOS and its kind mean nothing", source: .formatRule))
  }
}
