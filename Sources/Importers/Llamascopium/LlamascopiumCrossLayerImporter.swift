import Formats
import SAE
import Tensors

/// Reads cross-layer transcoders of llamascopium 2: `config.json` with `sae_type` clt, and weights.
///
/// Facts and decisions, each with the vector that pins it: `docs/importers/llamascopium-clt.md`.
enum LlamascopiumCrossLayerImporter: CrossLayerImporter {
  static let format = DictionaryFormat.llamascopiumCrossLayer
  static let layout =
    "a folder with config.json whose sae_type is clt, and sae_weights.safetensors"
    + " (llamascopium-clt)"
  static let encoderNames = ["W_E", "b_E"]
  /// Names of tensors, each followed by the target layer.
  static let decoderStems = ["W_D.", "b_D."]
  /// Every name that the files may hold, apart from settings of training.
  static var acceptedNames: [String] {
    LlamascopiumConfig.keys + LlamascopiumConfig.crossLayerKeys + encoderNames + decoderStems
      + [LlamascopiumWeights.thresholdName, LlamascopiumWeights.normPrefix]
  }

  static func recognises(_ source: DictionarySource) throws(ImportError) -> Bool {
    guard try LlamascopiumImporter.type(source) == "clt" else { return false }
    return try LlamascopiumWeights.name(source) != nil
  }

  static func read(
    _ source: DictionarySource, options: ImportOptions, kernels: Kernels
  ) throws(ImportError) -> CrossLayerTranscoder.Parts {
    try options.check(uses: [], in: format)
    let path = source.path(of: LlamascopiumConfig.fileName)
    let document = try source.json(LlamascopiumConfig.fileName)
    let config = try ImportError.located(at: path) { () throws(ImportError) in
      let config = try LlamascopiumConfig(document, ignoring: options.ignoredConfigKeys)
      try check(config, document)
      return config
    }
    let weights = WeightReader(
      tensors: try LlamascopiumWeights.read(source), architecture: format.rawValue,
      kernels: kernels)
    return try ImportError.located(at: weights.path) { () throws(ImportError) in
      var parts = try assemble(config, weights, name: source.name)
      parts.files = [path] + weights.tensors.paths
      return parts
    }
  }

  private static func check(
    _ config: LlamascopiumConfig, _ document: JSONValue
  ) throws(ImportError) {
    guard LlamascopiumConfig.type(document) == "clt" else {
      throw ImportError(
        .value(key: "sae_type", found: "\"sae\"", expected: "clt with this layout"))
    }
    guard config.norm == .inference else {
      throw ImportError(
        .refused(
          what: "norm_activation '\(config.norm.rawValue)' of a cross-layer transcoder",
          why: "every layer has a scale of its own, which is not folded into the decoder rows",
          advice: "load it in llamascopium with fold_activation_scale and save it again"))
    }
    switch config.activation {
    case .relu, .jumprelu: break
    case .topk where !config.gatesByDecoderNorm: break
    case .topk:
      throw ImportError(
        .refused(
          what: "act_fn 'topk' with sparsity_include_decoder_norm",
          why: "features are ranked by the norm of all their decoder rows together",
          advice: "convert it to jumprelu in llamascopium"))
    case .batchtopk, .layertopk, .batchlayertopk:
      throw ImportError(
        .refused(
          what: "act_fn '\(config.activation.rawValue)'",
          why:
            "features of several layers or rows compete, so that no layer of a row can be encoded"
            + " alone", advice: "convert it to jumprelu in llamascopium"))
    }
  }

  private static func assemble(
    _ config: LlamascopiumConfig, _ weights: WeightReader, name: String
  ) throws(ImportError) -> CrossLayerTranscoder.Parts {
    let count = config.hooksIn.count
    let (n, width) = (config.featureCount, config.width)
    let thresholdName = LlamascopiumWeights.thresholdName
    let targets = 0..<count
    try weights.checkNames(
      needed: encoderNames + targets.map { "W_D.\($0)" }
        + (config.hasDecoderBias ? targets.map { "b_D.\($0)" } : [])
        + (config.activation == .jumprelu ? [thresholdName] : []),
      optional: Set(config.hooksIn + config.hooksOut).sorted().map {
        LlamascopiumWeights.normPrefix + $0
      })
    let source = "config hook_points_in, d_model, expansion_factor"
    let encoder = try weights.tensor("W_E", [count, width, n], from: source)
    let bias = try weights.tensor("b_E", [count, n], from: source)
    var rows: [Tensor] = []
    for target in targets {
      rows.append(
        try weights.tensor("W_D.\(target)", [target + 1, n, width], from: source))
    }
    let decoder = try CrossLayerDecoder.make(rows, layout: .byTarget)
    let kernels = weights.kernels
    let logarithms =
      config.activation == .jumprelu
      ? try weights.tensor(thresholdName, [count, n], from: source) : nil
    var layers: [CrossLayerTranscoder.Layer] = []
    for index in targets {
      var layer = CrossLayerTranscoder.Layer(
        encoder: EncoderMatrix(encoder.slice(index).rows(kernels), layout: .modelMajor),
        encoderBias: bias.slice(index).floats(kernels) ?? [], activation: .relu,
        decoderBias: config.hasDecoderBias
          ? try weights.vector("b_D.\(index)", width, from: source)
          : Array(repeating: 0, count: width))
      if let logarithms {
        layer.activation = .jumpReLU(
          threshold: try thresholds(
            logarithms.slice(index).floats(kernels) ?? [], index, config, decoder, kernels))
      } else if config.activation == .topk {
        guard config.k <= n else {
          throw ImportError(
            .value(
              key: "top_k", found: "\(config.k)", expected: "1 to \(n), the number of features"))
        }
        layer.activation = .topK(k: config.k)
      }
      layer.input = Tap(hook: config.hooksIn[index])
      layer.output = Tap(hook: config.hooksOut[index])
      layers.append(layer)
    }
    var parts = CrossLayerTranscoder.Parts(name: name, layers: layers, decoder: decoder)
    parts.ledger = [
      .architecture(config.activation.rawValue, source: config.activationSource),
      .decoderBias(isSubtracted: false),
      LedgerEntry(
        "activation units", "those of the rows as given: the publisher folded the scale",
        source: config.normSource),
      LedgerEntry(
        "decoder", "one tensor per target layer, [layers up to it, features, width]",
        source: .formatRule),
    ]
    if config.activation == .jumprelu {
      parts.ledger.append(.strictThreshold)
      if config.gatesByDecoderNorm {
        parts.ledger.append(.decoderNormGate(source: config.gateSource))
      }
    }
    return parts
  }

  /// θ of one layer, divided by the norm of all decoder rows of a feature together where they gate.
  private static func thresholds(
    _ logarithms: [Float], _ source: Int, _ config: LlamascopiumConfig,
    _ decoder: CrossLayerDecoder, _ kernels: Kernels
  ) throws(ImportError) -> [Float] {
    let thresholds = try LlamascopiumWeights.thresholds(logarithms)
    guard config.gatesByDecoderNorm else { return thresholds }
    return thresholds.enumerated().map { feature, threshold in
      var sum = 0.0
      for target in source..<decoder.layerCount {
        let place = decoder.place(source: source, feature: feature, target: target)
        let norm = place.matrix.norm(ofRow: place.row, kernels)
        sum += norm * norm
      }
      return DecoderNorms.folded(threshold, norm: sum.squareRoot())
    }
  }
}
