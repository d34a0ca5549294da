import Formats
import Importers
import SAE
import TestSupport
import Tensors
import Testing

/// Gemma Scope 2: what it is, where it reads, and what is refused.
@Suite struct GemmaScope2Tests {
  static func folder(config: Bool = true) throws -> ImportFolder {
    var folder = try ImportFolder(config ? "config.json" : nil)
    folder.config = [
      .init("architecture", "jump_relu"), .init("model_name", "google/gemma-3-270m"),
      .init("hf_hook_point_in", "model.layers.9.output"),
      .init("hf_hook_point_out", "model.layers.9.output"), .init("width", 6), .init("l0", 20),
      .init("affine_connection", false), .init("type", "sae"),
    ]
    folder.files["params.safetensors"] = [
      Numbers.normal("w_enc", [4, 6]), Numbers.normal("w_dec", [6, 4]),
      Numbers.normal("b_enc", [6]), Numbers.normal("b_dec", [4]),
      TestTensor("threshold", [6], [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]),
    ]
    return folder
  }

  static func transcoder() throws -> ImportFolder {
    var folder = try folder()
    folder.set("hf_hook_point_in", "model.layers.9.pre_feedforward_layernorm.output")
    folder.set("hf_hook_point_out", "model.layers.9.post_feedforward_layernorm.output")
    folder.set("type", "transcoder")
    return folder
  }

  @Test func tapsAreThePublishedModules() throws {
    let autoencoder = try Self.folder().open()
    #expect(autoencoder.kind == .autoencoder)
    #expect(
      autoencoder.input
        == Tap(
          model: "google/gemma-3-270m", hook: "blocks.9.hook_resid_post",
          moduleHook: "model.layers.9.output"))
    #expect(autoencoder.output == autoencoder.input)
    #expect(!autoencoder.subtractsDecoderBias)
    // After the norm's gain: no name of TransformerLens means that place, so none is made up.
    let transcoder = try Self.transcoder().open()
    #expect(transcoder.kind == .transcoder)
    #expect(transcoder.input.hook == nil)
    #expect(
      transcoder.input.moduleHook == "model.layers.9.pre_feedforward_layernorm.output")
    #expect(transcoder.output.hook == "blocks.9.hook_mlp_out")
  }

  /// Without a configuration and equal widths the files do not say what it is.
  @Test func theKindIsAskedForWhereNothingTells() throws {
    let folder = try Self.folder(config: false)
    guard case .missingKey("kind", _) = try folder.failure()?.reason else {
      Issue.record("a kind was guessed")
      return
    }
    for (kind, expected) in [
      (ImportOptions.DeclaredKind.autoencoder, SparseDictionary.Kind.autoencoder),
      (.transcoder, .transcoder),
    ] {
      var options = ImportOptions()
      options.kind = kind
      let dictionary = try folder.open(options)
      #expect(dictionary.kind == expected)
      #expect(dictionary.entry("kind")?.source == .option("kind \(kind.rawValue)"))
    }
  }

  /// y += xᵀ S: row i of the stored matrix belongs to input i.
  @Test func theAffineConnectionIsTurned() throws {
    var folder = try Self.transcoder()
    folder.set("affine_connection", true)
    let stored = Numbers.normal(16, seed: 4)
    folder.set(TestTensor("affine_skip_connection", [4, 4], stored))
    let dictionary = try folder.open()
    let skip = try #require(dictionary.skip)
    #expect(skip.values(ofRow: 1, .best) == (0..<4).map { stored[$0 * 4 + 1] })
    folder.configName = nil
    try folder.folder.remove("config.json")
    #expect(try folder.open().entry("kind")?.source == .measured)
  }

  static let refusals: [Refusal] = [
    Refusal("unknown key", ["unknownKey", "surprise"]) { folder, _ in folder.set("surprise", 1) },
    Refusal("other architecture", ["architecture", "topk", "jump_relu"]) { folder, _ in
      folder.set("architecture", "topk")
    },
    Refusal("type and places differ", ["kind", "transcoder", "autoencoder"]) { folder, _ in
      folder.set("type", "transcoder")
    },
    Refusal("option against the files", ["kind", "given: kind transcoder"]) { _, options in
      options.kind = .transcoder
    },
    Refusal("embedding", ["kind", "embedding", "autoencoder or transcoder"]) { _, options in
      options.kind = .embedding
    },
    Refusal("width", ["width", "7", "6, the length"]) { folder, _ in folder.set("width", 7) },
    Refusal("affine declared", ["affine_connection", "no 'affine_skip_connection'"]) { folder, _ in
      folder.set("affine_connection", true)
    },
    Refusal("unexpected tensor", ["unexpectedTensor", "W_enc"]) { folder, _ in
      folder.set(Numbers.normal("W_enc", [4, 6]))
    },
    Refusal("threshold missing", ["missingTensor", "threshold"]) { folder, _ in
      folder.remove("threshold")
    },
    Refusal("encoder the other way round", ["shape", "w_enc"]) { folder, options in
      folder.set(Numbers.normal("w_enc", [6, 4]))
    },
    Refusal("integers", ["elementType", "b_enc", "I32"]) { folder, _ in
      folder.set(TestTensor("b_enc", [1, 2, 3, 4, 5, 6] as [Int32]))
    },
    Refusal("option scale", ["option 'activationScale'"]) { _, options in
      options.activationScale = .factor(2)
    },
    Refusal("option layer", ["option 'layer'"]) { _, options in options.layer = 9 },
  ]

  @Test(arguments: refusals) func refuses(_ refusal: Refusal) throws {
    try refusal.check(try Self.folder())
  }

  static func crossLayer(
    config: Bool = false, prefix: String = "", suffix: String = "_width_0k_l0_medium"
  ) throws -> ImportFolder {
    var folder = try ImportFolder(config ? "config.json" : nil)
    folder.config = [
      .init("architecture", "jump_relu"), .init("model_name", "google/gemma-3-270m"),
      .init("hf_hook_point_in", "model.layers.{all}.pre_feedforward_layernorm.output"),
      .init("hf_hook_point_out", "model.layers.{all}.post_feedforward_layernorm.output"),
      // Two layers of six features.
      .init("width", 12), .init("affine_connection", false), .init("type", "clt"),
    ]
    for layer in 0..<2 {
      folder.files["\(prefix)layer_\(layer)\(suffix).safetensors"] = [
        Numbers.normal("w_enc", [4, 6]), Numbers.normal("w_dec", [6, 2, 4]),
        Numbers.normal("b_enc", [6]), Numbers.normal("b_dec", [4]),
        Numbers.normal("threshold", [6]),
      ]
    }
    return folder
  }

  /// The published names, and what the configuration beside them declares.
  @Test func publishedCrossLayerFolder() throws {
    let folder = try Self.crossLayer(config: true, prefix: "params_", suffix: "")
    let transcoder = try folder.openCrossLayer()
    #expect(try DictionaryImporter.format(of: folder.folder.path) == .gemmaScope2CrossLayer)
    #expect(transcoder.layerCount == 2)
    for layer in 0..<2 {
      #expect(
        transcoder.encoders[layer].input
          == Tap(
            model: "google/gemma-3-270m",
            moduleHook: "model.layers.\(layer).pre_feedforward_layernorm.output"))
      #expect(
        transcoder.encoders[layer].output
          == Tap(
            model: "google/gemma-3-270m", hook: "blocks.\(layer).hook_mlp_out",
            moduleHook: "model.layers.\(layer).post_feedforward_layernorm.output"))
    }
  }

  static let declarations: [Refusal] = [
    Refusal("features of one layer", ["width", "6", "12, the features of all layers"]) {
      folder, _ in folder.set("width", 6)
    },
    Refusal("type", ["type", "transcoder", "clt, where"]) { folder, _ in
      folder.set("type", "transcoder")
    },
    Refusal("crosscoder", ["refused", "type 'crosscoder'", "several layers"]) { folder, _ in
      folder.set("type", "crosscoder")
    },
    Refusal("crosscoder with two axes", ["refused", "type 'crosscoder'"]) { folder, _ in
      folder.set("type", "crosscoder")
      folder.set(Numbers.normal("w_dec", [6, 4]))
    },
    Refusal("affine declared", ["affine_connection", "layer 0", "no 'affine_skip_connection'"]) {
      folder, _ in folder.set("affine_connection", true)
    },
    Refusal("affine undeclared", ["affine_connection", "false", "have 'affine_skip_connection'"]) {
      folder, _ in folder.set(Numbers.normal("affine_skip_connection", [4, 4]))
    },
    Refusal("two variants", ["layer_0_big.safetensors and params_layer_0.safetensors", "variant"]) {
      folder, _ in
      for layer in 0..<2 {
        folder.files["layer_\(layer)_big.safetensors"] =
          folder.files["params_layer_\(layer).safetensors"]
      }
    },
  ]

  @Test(arguments: declarations) func declarationsOfCrossLayerFolders(_ refusal: Refusal) throws {
    try refusal.check(
      try Self.crossLayer(config: true, prefix: "params_", suffix: ""), crossLayer: true)
  }

  static let crossLayerRefusals: [Refusal] = [
    Refusal("a layer is missing", ["layers", "every layer from 0"]) { folder, _ in
      folder.files["layer_0_width_0k_l0_medium.safetensors"] = nil
    },
    Refusal("more layers in the decoder", ["shape", "w_dec", "[6, 2, 4]", "[6, 3, 4]"]) {
      folder, _ in
      folder.files["layer_2_width_0k_l0_medium.safetensors"] =
        folder.files["layer_0_width_0k_l0_medium.safetensors"]
    },
    Refusal("unexpected tensor", ["unexpectedTensor", "extra"]) { folder, _ in
      folder.set(Numbers.normal("extra", [6]))
    },
    Refusal("option kind", ["option 'kind'"]) { _, options in options.kind = .transcoder },
  ]

  @Test(arguments: crossLayerRefusals) func refusesAcrossLayers(_ refusal: Refusal) throws {
    #expect(try Self.crossLayer().openCrossLayer().layerCount == 2)
    try refusal.check(try Self.crossLayer(), crossLayer: true)
  }
}
