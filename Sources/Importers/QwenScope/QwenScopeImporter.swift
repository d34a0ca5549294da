import Formats
import SAE
import Tensors

/// Reads Qwen Scope: one file `layerN.sae.pt` for each layer of a model.
///
/// Facts and decisions, each with the vector that pins it: `docs/importers/qwen-scope.md`.
enum QwenScopeImporter: SingleLayerImporter {
  static let format = DictionaryFormat.qwenScope
  static let layout = "layerN.sae.pt with W_enc [features, width] (qwen-scope)"
  /// Both matrices lie the other way round than their names say elsewhere.
  static let arrays = DenseLayout(
    encoder: "W_enc", encoderOrientation: .featureMajor,
    decoder: "W_dec", decoderOrientation: .modelMajor, encoderBias: "b_enc", decoderBias: "b_dec")
  /// Every name that the files may hold.
  static var acceptedNames: [String] { arrays.names + QwenScopeConfig.keys }

  static func layer(_ name: String) -> Int? {
    LayerName.number(in: name, after: "layer", before: ".sae.pt")
  }

  /// A file of another name is recognised by its shapes, unless it is square and they say nothing.
  static func recognises(_ source: DictionarySource) throws(ImportError) -> Bool {
    let layers = source.layers(layer)
    guard let name = layers.first?.name ?? source.mainName(endingIn: [".pt"]) else { return false }
    let state = try source.torch(name)
    guard case .dictionary(let members) = state, members.count == arrays.names.count,
      arrays.names.allSatisfy({ state[$0] != nil })
    else { return false }
    if !layers.isEmpty { return true }
    let tensors = try TorchState(state, path: source.path(of: name)).tensors
    guard let encoder = tensors["W_enc"]?.shape, encoder.count == 2, encoder[0] != encoder[1]
    else { return false }
    return arrays.fits(tensors)
  }

  static func read(
    _ source: DictionarySource, options: ImportOptions, kernels: Kernels
  ) throws(ImportError) -> SparseDictionary.Parts {
    try options.check(uses: [.layer, .k], in: format)
    let (name, declared) = try source.chooseFile(
      named: layer, suffixes: [".pt"], layer: options.layer, layout)
    do throws(ImportError) {
      return try read(source, name, layer: declared, options: options, kernels: kernels)
    } catch {
      throw ImportError(error.reason, path: error.path ?? source.path(of: name))
    }
  }

  private static func read(
    _ source: DictionarySource, _ name: String, layer: Int?, options: ImportOptions,
    kernels: Kernels
  ) throws(ImportError) -> SparseDictionary.Parts {
    let state = try TorchState(try source.torch(name), path: source.path(of: name))
    let weights = WeightReader(
      tensors: state.tensors, architecture: format.rawValue, kernels: kernels)
    try weights.checkNames(needed: arrays.names)
    try state.checkValues(beside: arrays.names, ignoring: options.ignoredConfigKeys)
    let n = try weights.length(of: "b_enc")
    let config = try QwenScopeConfig.beside(source, ignoring: options.ignoredConfigKeys)
    let (k, kSource) = try QwenScopeConfig.k(config, options.k)
    guard (1...n).contains(k) else {
      throw ImportError(
        .value(key: "k", found: "\(k)", expected: "1 to \(n), the number of features"))
    }
    var parts = try arrays.read(weights, name: source.name)
    if let config {
      let path = source.path(of: QwenScopeConfig.fileName)
      try ImportError.located(at: path) { () throws(ImportError) in
        try config.check(width: parts.encoder.modelWidth, featureCount: n, layer: layer)
      }
      parts.files.append(path)
    }
    parts.activation = .signedTopK(k: k)
    parts.ledger += [
      .architecture("topk"),
      LedgerEntry("k", "\(k)", source: kSource),
      LedgerEntry(
        "selection", "the k largest pre-activations, sign kept; ties go to the lower index",
        source: .formatRule),
      .decoderBias(isSubtracted: false), .unscaledUnits,
    ]
    parts.input = Tap(model: config?.model)
    if let layer {
      if let tap = QwenScopeConfig.tap(config, layer: layer) {
        parts.input = tap
      } else if let place = config?.hookPoint {
        parts.ledger.append(
          LedgerEntry(
            "place", "'\(place)', which is no place known here",
            source: .config(key: "hook_point")))
      }
      parts.ledger.append(.layer(layer, fileName: name))
    }
    parts.output = parts.input
    return parts
  }
}
