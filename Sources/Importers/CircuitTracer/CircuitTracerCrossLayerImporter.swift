import Formats
import SAE
import Tensors

/// Reads circuit-tracer's cross-layer transcoders: `W_enc_N.safetensors` and `W_dec_N.safetensors`.
///
/// Facts and decisions, each with the vector that pins it: `docs/importers/circuit-tracer-clt.md`.
enum CircuitTracerCrossLayerImporter: CrossLayerImporter {
  static let format = DictionaryFormat.circuitTracerCrossLayer
  static let layout =
    "a folder with W_enc_N.safetensors and W_dec_N.safetensors for every layer N (circuit-tracer-clt)"
  /// Names of tensors, each followed by the layer.
  static let stems = ["W_enc_", "b_enc_", "b_dec_", "threshold_", "W_dec_"]
  /// Every name that the files may hold.
  static var acceptedNames: [String] { CircuitTracerConfig.keys + stems }

  static func layer(_ name: String) -> Int? {
    LayerName.number(in: name, after: "W_enc_", before: ".safetensors")
  }

  static func recognises(_ source: DictionarySource) throws(ImportError) -> Bool {
    source.file == nil && source.names.contains { layer($0) != nil }
  }

  static func read(
    _ source: DictionarySource, options: ImportOptions, kernels: Kernels
  ) throws(ImportError) -> CrossLayerTranscoder.Parts {
    try options.check(uses: [], in: format)
    let config = try CircuitTracerConfig.beside(source, ignoring: options.ignoredConfigKeys)
    if let config, let kind = config.kind, kind != CircuitTracerConfig.crossLayer {
      throw ImportError(
        .value(
          key: "model_kind", found: "\"\(kind)\"",
          expected: CircuitTracerConfig.crossLayer + " with this layout"),
        path: source.path(of: CircuitTracerConfig.fileName))
    }
    let count = source.layers(layer).count
    try source.checkComplete(source.layers(layer).map(\.layer))
    var layers: [CrossLayerTranscoder.Layer] = []
    var decoders: [Tensor] = []
    var ledger: [LedgerEntry] = []
    var files = config == nil ? [] : [source.path(of: CircuitTracerConfig.fileName)]
    for index in 0..<count {
      let weights = WeightReader(
        tensors: try source.safetensors("W_enc_\(index).safetensors"),
        architecture: format.rawValue, kernels: kernels)
      let rows = WeightReader(
        tensors: try source.safetensors("W_dec_\(index).safetensors"),
        architecture: format.rawValue, kernels: kernels)
      try rows.checkNames(needed: ["W_dec_\(index)"])
      var layer = try read(weights, index, hasThreshold: layers.first.map(Self.isGated), &ledger)
      layer.input = CircuitTracerConfig.tap(
        model: config?.model, hook: config?.hookIn, layer: index)
      layer.output = CircuitTracerConfig.tap(
        model: config?.model, hook: config?.hookOut, layer: index)
      decoders.append(
        try rows.tensor(
          "W_dec_\(index)",
          [layer.encoder.featureCount, count - index, layer.decoderBias.count],
          from: "the \(count) layers and the lengths of biases"))
      layers.append(layer)
      files += weights.tensors.paths + rows.tensors.paths
    }
    var parts = CrossLayerTranscoder.Parts(
      name: source.name, layers: layers, decoder: try .make(decoders, layout: .bySource))
    parts.ledger =
      ledger + [
        LedgerEntry(
          "decoder", "one file per source layer, [features, layers from its own on, width]",
          source: .formatRule), .decoderBias(isSubtracted: false), .unscaledUnits,
      ]
    parts.files = files
    return parts
  }

  private static func isGated(_ layer: CrossLayerTranscoder.Layer) -> Bool {
    layer.activation != .relu
  }

  /// One layer; the first decides whether there are thresholds.
  private static func read(
    _ weights: WeightReader, _ index: Int, hasThreshold: Bool?, _ ledger: inout [LedgerEntry]
  ) throws(ImportError) -> CrossLayerTranscoder.Layer {
    let encoder = "W_enc_\(index)"
    let threshold = "threshold_\(index)"
    let hasThreshold = hasThreshold ?? weights.has(threshold)
    try weights.checkNames(
      needed: [encoder, "b_enc_\(index)", "b_dec_\(index)"] + (hasThreshold ? [threshold] : []))
    let n = try weights.length(of: "b_enc_\(index)")
    let width = try weights.length(of: "b_dec_\(index)")
    let source = "the lengths of 'b_enc_\(index)' and 'b_dec_\(index)'"
    let matrix = try weights.matrix(encoder, [n, width], from: source)
    ledger += matrix.notes
    var own: [LedgerEntry] = []
    let activation =
      hasThreshold
      ? CircuitTracerImporter.gate(try weights.vector(threshold, n, from: source), &own)
      : .relu
    if index == 0 {
      ledger += hasThreshold ? own : [.architecture("relu, since there is no 'threshold_0'")]
    }
    return CrossLayerTranscoder.Layer(
      encoder: EncoderMatrix(matrix.matrix, layout: .featureMajor),
      encoderBias: try weights.vector("b_enc_\(index)", n, from: source), activation: activation,
      decoderBias: try weights.vector("b_dec_\(index)", width, from: source))
  }
}
