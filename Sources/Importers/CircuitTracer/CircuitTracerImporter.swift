import Formats
import SAE
import Tensors

/// Reads circuit-tracer's per-layer transcoders: `layer_N.safetensors`, mostly with `config.yaml`.
///
/// Facts and decisions, each with the vector that pins it: `docs/importers/circuit-tracer.md`.
enum CircuitTracerImporter: SingleLayerImporter {
  static let format = DictionaryFormat.circuitTracer
  static let layout = "a folder with config.yaml and layer_N.safetensors (circuit-tracer)"
  static let arrays = DenseLayout(
    encoder: "W_enc", encoderOrientation: .featureMajor,
    decoder: "W_dec", decoderOrientation: .featureMajor,
    encoderBias: "b_enc", decoderBias: "b_dec")
  static let thresholdName = "activation_function.threshold"
  static let skipName = "W_skip"
  /// Every name that the files may hold.
  static var acceptedNames: [String] {
    CircuitTracerConfig.keys + arrays.names + [thresholdName, skipName]
  }

  static func layer(_ name: String) -> Int? {
    LayerName.number(in: name, after: "layer_", before: ".safetensors")
  }

  static func recognises(_ source: DictionarySource) throws(ImportError) -> Bool {
    guard let first = source.layers(layer).first else { return false }
    let tensors = try source.safetensors(first.name)
    return tensors[arrays.encoder] != nil && tensors[arrays.encoderBias] != nil
  }

  static func read(
    _ source: DictionarySource, options: ImportOptions, kernels: Kernels
  ) throws(ImportError) -> SparseDictionary.Parts {
    try options.check(uses: [.layer, .k], in: format)
    let config = try CircuitTracerConfig.beside(source, ignoring: options.ignoredConfigKeys)
    if let config, let kind = config.kind, kind != CircuitTracerConfig.perLayer {
      throw ImportError(
        .value(
          key: "model_kind", found: "\"\(kind)\"",
          expected: CircuitTracerConfig.perLayer + " with this layout"),
        path: source.path(of: CircuitTracerConfig.fileName))
    }
    let candidates = source.layers(layer)
    let (layer, name): (Int?, String)
    if candidates.isEmpty {
      guard let file = source.file, options.layer == nil else {
        throw ImportError(
          .unknownLayout(found: source.summary, accepted: [layout]), path: source.path)
      }
      (layer, name) = (nil, file)
    } else {
      (layer, name) = try source.choose(candidates, layer: options.layer)
    }
    let weights = WeightReader(
      tensors: try source.safetensors(name), architecture: format.rawValue, kernels: kernels)
    return try ImportError.located(at: weights.path) { () throws(ImportError) in
      var parts = try assemble(weights, name: source.name, options)
      try CircuitTracerConfig.checkRecord(
        source, width: parts.encoder.modelWidth, featureCount: parts.encoder.featureCount)
      parts.input = CircuitTracerConfig.tap(
        model: config?.model, hook: config?.hookIn, layer: layer)
      parts.output = CircuitTracerConfig.tap(
        model: config?.model, hook: config?.hookOut, layer: layer)
      if let layer { parts.ledger.append(.layer(layer, fileName: name)) }
      if config != nil { parts.files.insert(source.path(of: CircuitTracerConfig.fileName), at: 0) }
      return parts
    }
  }

  private static func assemble(
    _ weights: WeightReader, name: String, _ options: ImportOptions
  ) throws(ImportError) -> SparseDictionary.Parts {
    try weights.checkNames(needed: arrays.names, optional: [thresholdName, skipName])
    var parts = try oriented(weights).read(weights, name: name)
    let (n, width) = (parts.encoder.featureCount, parts.encoder.modelWidth)
    parts.kind = .transcoder
    parts.ledger += [.decoderBias(isSubtracted: false), .unscaledUnits]
    if weights.has(thresholdName) {
      guard options.k == nil else {
        throw ImportError(
          .value(key: "k", found: "given", expected: "no k: the file has '\(thresholdName)'"))
      }
      parts.activation = gate(
        try weights.vector(thresholdName, n, from: "the length of 'b_enc'"), &parts.ledger)
    } else if let k = options.k {
      guard (1...n).contains(k) else {
        throw ImportError(
          .value(key: "k", found: "\(k)", expected: "1 to \(n), the number of features"))
      }
      parts.activation = .signedTopK(k: k)
      parts.ledger += [
        .architecture("topk", source: .option("k \(k)")),
        LedgerEntry(
          "selection", "the k largest pre-activations, sign kept; ties go to the lower index",
          source: .formatRule),
      ]
    } else {
      parts.ledger.append(.architecture("relu, since there is no '\(thresholdName)'"))
    }
    if weights.has(skipName) {
      let skip = try weights.matrix(skipName, [width, width], from: "the length of 'b_dec'")
      parts.skip = skip.matrix
      parts.ledger += skip.notes
      parts.ledger.append(.skip("W_skip · x of the row as given, stored [out, in]"))
    }
    return parts
  }

  /// z where z > θ, with no ReLU: a negative threshold lets negative pre-activations through.
  static func gate(
    _ thresholds: [Float], _ ledger: inout [LedgerEntry]
  ) -> ActivationFunction {
    ledger += [.architecture("jump_relu"), .strictThreshold]
    guard let lowest = thresholds.min(), lowest < 0 else { return .jumpReLU(threshold: thresholds) }
    ledger.append(
      LedgerEntry(
        "negative thresholds", "pre-activations between them and 0 pass with their sign",
        source: .measured))
    let count = thresholds.count
    return .biJumpReLU(
      BiJumpReLU(
        positiveThreshold: thresholds,
        negativeThreshold: Array(repeating: .infinity, count: count),
        positiveGain: Array(repeating: 1, count: count),
        negativeGain: Array(repeating: 0, count: count),
        positiveOffset: Array(repeating: 0, count: count),
        negativeOffset: Array(repeating: 0, count: count)))
  }

  /// The layout with the orientation in which the decoder lies.
  ///
  /// Some sets were uploaded with `W_dec` the other way round, and say so nowhere but in its shape.
  private static func oriented(_ weights: WeightReader) throws(ImportError) -> DenseLayout {
    let n = try weights.length(of: arrays.encoderBias)
    let width = try weights.length(of: arrays.decoderBias)
    guard n != width else {
      throw ImportError(
        .refused(
          what: "a transcoder with as many features as its width (\(n))",
          why: "sets with both orientations of 'W_dec' were published, and its shape does not tell"
            + " them apart", advice: "use another dictionary"))
    }
    var layout = arrays
    if weights.tensors[arrays.decoder]?.shape == [width, n] {
      layout.decoderOrientation = .modelMajor
    }
    return layout
  }
}
