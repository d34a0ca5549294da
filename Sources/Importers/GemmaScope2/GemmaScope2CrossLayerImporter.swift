import Formats
import SAE
import Tensors

/// Reads Gemma Scope 2's cross-layer transcoders: one file per layer, or one with layers stacked.
///
/// Facts and decisions, each with the vector that pins it: `docs/importers/gemma-scope-2-clt.md`.
enum GemmaScope2CrossLayerImporter: CrossLayerImporter {
  static let format = DictionaryFormat.gemmaScope2CrossLayer
  static let layout =
    "a folder with params_layer_N.safetensors (or layer_N….safetensors) whose w_dec has an axis of"
    + " layers (gemma-scope-2-clt)"
  static let thresholdName = GemmaScope2Importer.thresholdName
  static let skipName = GemmaScope2Importer.skipName
  static let arrays = GemmaScope2Importer.arrays
  /// Every name that the files may hold.
  static var acceptedNames: [String] {
    GemmaScope2Config.keys + arrays.names + [thresholdName, skipName]
  }

  /// The layer of `layer_N.safetensors` and `layer_N_….safetensors`, both also with `params_` before.
  static func layer(_ name: String) -> Int? {
    let rest = name.hasPrefix("params_") ? name.dropFirst("params_".count) : name[...]
    guard rest.hasPrefix("layer_"), rest.hasSuffix(".safetensors") else { return nil }
    let digits = rest.dropFirst("layer_".count).prefix { $0.isASCII && $0.isNumber }
    guard let next = rest.dropFirst("layer_".count + digits.count).first, next == "_" || next == "."
    else { return nil }
    return Int32(digits).map(Int.init)
  }

  static func recognises(_ source: DictionarySource) throws(ImportError) -> Bool {
    if try stackedName(source) != nil { return true }
    guard source.file == nil, let first = source.layers(layer).first else { return false }
    switch try axes(source, first.name) {
    case 3: return true
    // A crosscoder's files have the same names: reading says what it is.
    case _?: return try GemmaScope2Config.declaresCrosscoder(source)
    case nil: return false
    }
  }

  private static func axes(
    _ source: DictionarySource, _ name: String
  ) throws(ImportError) -> Int? {
    let tensors = try source.safetensors(name)
    guard tensors[arrays.encoder] != nil else { return nil }
    return tensors[arrays.decoder]?.shape.count
  }

  /// The one file that holds all layers; nil when there is none.
  private static func stackedName(
    _ source: DictionarySource
  ) throws(ImportError) -> String? {
    let published = GemmaScope2Importer.weightsName
    let found =
      source.names.contains(published) ? published : source.onlyName(endingIn: [".safetensors"])
    guard let name = found, try axes(source, name) == 4 else { return nil }
    return name
  }

  static func read(
    _ source: DictionarySource, options: ImportOptions, kernels: Kernels
  ) throws(ImportError) -> CrossLayerTranscoder.Parts {
    try options.check(uses: [], in: format)
    let config = try GemmaScope2Config.beside(source, ignoring: options.ignoredConfigKeys)
    var layers: [CrossLayerTranscoder.Layer] = []
    var decoders: [Tensor] = []
    var files: [String] = []
    if let name = try stackedName(source) {
      let weights = try reader(source, name, kernels)
      (layers, decoders) = try ImportError.located(at: weights.path) { () throws(ImportError) in
        try stacked(weights)
      }
      files = weights.tensors.paths
    } else {
      let found = source.layers(layer)
      guard !found.isEmpty else {
        throw ImportError(
          .unknownLayout(found: source.summary, accepted: [layout]), path: source.path)
      }
      try source.checkDistinct(found)
      try source.checkComplete(found.map(\.layer))
      for (_, name) in found {
        let weights = try reader(source, name, kernels)
        let (layer, decoder) = try ImportError.located(at: weights.path) {
          () throws(ImportError) in
          try single(weights, layerCount: found.count)
        }
        layers.append(layer)
        decoders.append(decoder)
        files += weights.tensors.paths
      }
    }
    if let config {
      let path = source.path(of: GemmaScope2Config.fileName)
      try ImportError.located(at: path) { () throws(ImportError) in try check(config, layers) }
      files.insert(path, at: 0)
    }
    for index in layers.indices {
      (layers[index].input, layers[index].output) = GemmaScope2Config.taps(config, layer: index)
    }
    var parts = CrossLayerTranscoder.Parts(
      name: source.name, layers: layers, decoder: try .make(decoders, layout: .full))
    parts.files = files
    parts.ledger = [
      .architecture("jump_relu"), .strictThreshold, .decoderBias(isSubtracted: false),
      .unscaledUnits,
      LedgerEntry(
        "decoder",
        "[features, layers, width] for every source layer; layers before the source are not read",
        source: .formatRule),
    ]
    if layers.contains(where: { $0.skip != nil }) {
      parts.ledger.append(.skip("Sᵀ · x of the target layer's row, stored [in, out]"))
    }
    return parts
  }

  /// Compares what the configuration declares with the weights.
  private static func check(
    _ config: GemmaScope2Config, _ layers: [CrossLayerTranscoder.Layer]
  ) throws(ImportError) {
    if let type = config.type, type != "clt" {
      throw ImportError(
        .value(
          key: "type", found: "\"\(type)\"", expected: "clt, where w_dec has an axis of layers"))
    }
    let total = layers.reduce(0) { $0 + $1.encoderBias.count }
    if let width = config.width, width != total {
      throw ImportError(
        .value(
          key: "width", found: "\(width)", expected: "\(total), the features of all layers together"
        ))
    }
    guard let declared = config.hasAffineConnection else { return }
    if let layer = layers.firstIndex(where: { ($0.skip != nil) != declared }) {
      throw ImportError(
        .value(
          key: "affine_connection", found: "\(declared)",
          expected: "\(!declared): the weights of layer \(layer) have "
            + (declared ? "no '\(skipName)'" : "'\(skipName)'")))
    }
  }

  private static func reader(
    _ source: DictionarySource, _ name: String, _ kernels: Kernels
  ) throws(ImportError) -> WeightReader {
    let weights = WeightReader(
      tensors: try source.safetensors(name), architecture: format.rawValue, kernels: kernels)
    try weights.checkNames(needed: arrays.names + [thresholdName], optional: [skipName])
    return weights
  }

  private static func single(
    _ weights: WeightReader, layerCount: Int
  ) throws(ImportError) -> (CrossLayerTranscoder.Layer, Tensor) {
    let n = try weights.length(of: arrays.encoderBias)
    let width = try weights.length(of: arrays.decoderBias)
    let source = "the lengths of 'b_enc' and 'b_dec'"
    let encoder = try weights.matrix(arrays.encoder, [width, n], from: source)
    var layer = CrossLayerTranscoder.Layer(
      encoder: EncoderMatrix(encoder.matrix, layout: .modelMajor),
      encoderBias: try weights.vector(arrays.encoderBias, n, from: source),
      activation: .jumpReLU(threshold: try weights.vector(thresholdName, n, from: source)),
      decoderBias: try weights.vector(arrays.decoderBias, width, from: source))
    if weights.has(skipName) {
      let skip = try weights.matrix(skipName, [width, width], from: source)
      layer.skip = CrossLayerTranscoder.Skip(skip.matrix, .inputByOutput)
    }
    let decoder = try weights.tensor(
      arrays.decoder, [n, layerCount, width],
      from: "the \(layerCount) layers here and the lengths of biases")
    return (layer, decoder)
  }

  /// All layers of one file, its first axis counting them.
  private static func stacked(
    _ weights: WeightReader
  ) throws(ImportError) -> ([CrossLayerTranscoder.Layer], [Tensor]) {
    guard let shape = weights.tensors[arrays.encoder]?.shape, shape.count == 3,
      shape.allSatisfy({ $0 > 0 })
    else {
      throw ImportError(
        .value(
          key: arrays.encoder, found: "shape \(weights.tensors[arrays.encoder]?.shape ?? [])",
          expected: "three axes, [layers, width, features]"))
    }
    let (count, width, n) = (shape[0], shape[1], shape[2])
    let source = "the shape of 'w_enc'"
    let encoder = try weights.tensor(arrays.encoder, shape, from: source)
    let encoderBias = try weights.tensor(arrays.encoderBias, [count, n], from: source)
    let threshold = try weights.tensor(thresholdName, [count, n], from: source)
    let decoderBias = try weights.tensor(arrays.decoderBias, [count, width], from: source)
    let decoder = try weights.tensor(arrays.decoder, [count, n, count, width], from: source)
    let skip =
      weights.has(skipName)
      ? try weights.tensor(skipName, [count, width, width], from: source) : nil
    let kernels = weights.kernels
    let layers = (0..<count).map { index in
      var layer = CrossLayerTranscoder.Layer(
        encoder: EncoderMatrix(encoder.slice(index).rows(kernels), layout: .modelMajor),
        encoderBias: encoderBias.slice(index).floats(kernels) ?? [],
        activation: .jumpReLU(threshold: threshold.slice(index).floats(kernels) ?? []),
        decoderBias: decoderBias.slice(index).floats(kernels) ?? [])
      layer.skip = skip.map {
        CrossLayerTranscoder.Skip($0.slice(index).rows(kernels), .inputByOutput)
      }
      return layer
    }
    return (layers, (0..<count).map { decoder.slice($0) })
  }
}
