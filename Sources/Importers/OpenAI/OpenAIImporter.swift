import Formats
import SAE
import Tensors

/// Reads OpenAI's sparse_autoencoder, versions 1, 4 and 5: one file `N.pt` for each layer.
///
/// Source: arXiv:2406.04093 and its repository. Facts and decisions, each with the vector that pins it:
/// `docs/importers/openai.md`.
enum OpenAIImporter: SingleLayerImporter {
  static let format = DictionaryFormat.openai
  static let layout = "a .pt file with pre_bias and latent_bias (openai)"
  static let arrays = DenseLayout(
    encoder: "encoder.weight", encoderOrientation: .featureMajor,
    decoder: "decoder.weight", decoderOrientation: .modelMajor,
    encoderBias: "latent_bias", decoderBias: "pre_bias")
  /// A tied decoder is saved as the encoder once more, under this name.
  static let tiedDecoder = "decoder.linear.weight"
  /// Counts of the training run.
  static let ignoredNames = [
    "stats_last_nonzero", "latents_activation_frequency", "latents_mean_square",
  ]
  static let valueNames = ["activation", "activation_state_dict"]
  static let activationNames = ["k", "postact_fn"]
  /// Every name that the file may hold.
  static var acceptedNames: [String] {
    arrays.names + [tiedDecoder] + ignoredNames + valueNames + activationNames
  }

  /// The constant inside their layer norm, outside the root.
  private static let layerNormEpsilon: Float = 1e-5

  static func layer(_ name: String) -> Int? {
    LayerName.number(in: name, after: "", before: ".pt")
  }

  static func recognises(_ source: DictionarySource) throws(ImportError) -> Bool {
    guard
      let name = source.layers(layer).first?.name ?? source.mainName(endingIn: [".pt"])
    else { return false }
    let root = try source.torch(name)
    return root["pre_bias"] != nil && root["latent_bias"] != nil
  }

  static func read(
    _ source: DictionarySource, options: ImportOptions, kernels: Kernels
  ) throws(ImportError) -> SparseDictionary.Parts {
    try options.check(uses: [.layer], in: format)
    let (name, declared) = try source.chooseFile(
      named: layer, suffixes: [".pt"], layer: options.layer, layout)
    let path = source.path(of: name)
    do throws(ImportError) {
      let state = try TorchState(try source.torch(name), path: path)
      var parts = try read(state, name: source.name, options, kernels)
      if let declared {
        parts.ledger.append(.layer(declared, fileName: name))
      }
      return parts
    } catch {
      throw ImportError(error.reason, path: error.path ?? path)
    }
  }

  private static func read(
    _ state: TorchState, name: String, _ options: ImportOptions, _ kernels: Kernels
  ) throws(ImportError) -> SparseDictionary.Parts {
    let weights = WeightReader(
      tensors: state.tensors, architecture: format.rawValue, kernels: kernels)
    let isTied = !weights.has(arrays.decoder)
    var layout = arrays
    if isTied {
      layout.decoder = layout.encoder
      layout.decoderOrientation = layout.encoderOrientation
    }
    try weights.checkNames(
      needed: layout.names, optional: ignoredNames + (isTied ? [tiedDecoder] : []))
    try state.checkValues(
      accepted: valueNames, beside: arrays.names + ignoredNames,
      ignoring: options.ignoredConfigKeys)
    var parts = try layout.read(weights, name: name)
    if isTied {
      try checkTied(weights)
      parts.ledger.append(
        LedgerEntry("decoder", "the encoder itself (tied)", source: .formatRule))
    }
    parts.subtractsDecoderBias = true
    parts.ledger.append(.decoderBias(isSubtracted: true))
    try readActivation(state, &parts, options)
    return parts
  }

  /// A copy of the encoder must be one, or the file says two things.
  private static func checkTied(_ weights: WeightReader) throws(ImportError) {
    guard let copy = weights.tensors[tiedDecoder],
      let encoder = weights.tensors[arrays.encoder]
    else { return }
    guard copy.shape == encoder.shape, copy.elementType == encoder.elementType,
      copy.hasSameBytes(as: encoder)
    else {
      throw ImportError(
        .value(
          key: tiedDecoder, found: "another matrix than '\(arrays.encoder)'",
          expected: "the same matrix: a tied decoder"))
    }
  }

  private static func readActivation(
    _ state: TorchState, _ parts: inout SparseDictionary.Parts, _ options: ImportOptions
  ) throws(ImportError) {
    let declared = try state.string("activation")
    let source: LedgerEntry.Source =
      declared == nil ? .publisherDefault(key: "activation") : .config(key: "activation")
    let settings = try state["activation_state_dict"].map { value throws(ImportError) in
      try TorchState(value, path: state.path)
    }
    switch declared ?? "ReLU" {
    case "ReLU":
      try check(settings, accepted: [], options)
      parts.ledger += [.architecture("ReLU", source: source), .unscaledUnits]
    case "TopK":
      try check(settings, accepted: activationNames, options)
      let n = parts.encoder.featureCount
      guard let k = try settings?.integer("k", in: 1...n) else {
        throw ImportError(
          .missingKey(key: "activation_state_dict.k", expected: "an integer from 1 to \(n)"))
      }
      try readTopK(k, after: try settings?.string("postact_fn"), &parts)
      parts.ledger.insert(.architecture("TopK", source: source), at: 0)
    case let other:
      throw ImportError(
        .value(key: "activation", found: "\"\(other)\"", expected: "\"ReLU\" or \"TopK\""))
    }
  }

  /// The loader normalises rows just when the activation is TopK: no field says so.
  private static func readTopK(
    _ k: Int, after function: String?, _ parts: inout SparseDictionary.Parts
  ) throws(ImportError) {
    let key = "activation_state_dict.postact_fn"
    switch function {
    case "ReLU": parts.activation = .topK(k: k)
    case "Identity": parts.activation = .signedTopK(k: k)
    case nil: throw ImportError(.missingKey(key: key, expected: "\"ReLU\" or \"Identity\""))
    case let other?:
      throw ImportError(
        .value(key: key, found: "\"\(other)\"", expected: "\"ReLU\" or \"Identity\""))
    }
    parts.normalisation = .layerNorm(epsilon: layerNormEpsilon)
    parts.ledger += [
      LedgerEntry(
        "selection",
        "the k largest pre-activations, "
          + (function == "ReLU" ? "then ReLU" : "sign kept") + "; ties go to the lower index",
        source: .config(key: key)),
      LedgerEntry(
        "activation units",
        "each row is centred and divided by its deviation (n − 1) + 1e-5 first, as always with TopK",
        source: .formatRule),
    ]
  }

  private static func check(
    _ settings: TorchState?, accepted: [String], _ options: ImportOptions
  ) throws(ImportError) {
    for name in settings?.names ?? []
    where !accepted.contains(name) && !options.ignoredConfigKeys.contains(name) {
      throw ImportError(
        .unknownKey(key: "activation_state_dict." + name, accepted: accepted))
    }
  }
}
