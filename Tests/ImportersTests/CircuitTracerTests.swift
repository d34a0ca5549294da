import Formats
import Importers
import SAE
import TestSupport
import Tensors
import Testing

/// circuit-tracer: layers in file names, two orientations, and what is refused.
@Suite struct CircuitTracerTests {
  static func tensors() -> [TestTensor] {
    [
      Numbers.normal("W_enc", [6, 4]), Numbers.normal("b_enc", [6]),
      Numbers.normal("W_dec", [6, 4]), Numbers.normal("b_dec", [4]),
    ]
  }

  static func folder() throws -> ImportFolder {
    var folder = try ImportFolder()
    folder.texts["config.yaml"] = """
      model_name: google/gemma-3-270m
      model_kind: transcoder_set
      feature_input_hook: mlp.hook_in
      feature_output_hook: mlp.hook_out
      transcoders:
        - hf://someone/set/layer_7.safetensors
      """
    folder.files["layer_7.safetensors"] = tensors()
    return folder
  }

  @Test func placesAndTheLayerAreDeclared() throws {
    let dictionary = try Self.folder().open()
    #expect(dictionary.kind == .transcoder)
    #expect(dictionary.activation == .relu)
    #expect(
      dictionary.input == Tap(model: "google/gemma-3-270m", hook: "blocks.7.mlp.hook_in"))
    #expect(dictionary.output.hook == "blocks.7.mlp.hook_out")
    #expect(dictionary.entry("layer")?.source == .fileName("layer_7.safetensors"))
  }

  /// Several layers: one has to be asked for, and the message lists them.
  @Test func oneOfSeveralLayers() throws {
    var folder = try Self.folder()
    folder.files["layer_12.safetensors"] = Self.tensors()
    #expect(
      try folder.failure()?.reason
        == .value(
          key: "layer", found: "not given", expected: "one of 7, 12, the layers of the files"))
    var options = ImportOptions()
    options.layer = 12
    #expect(try folder.open(options).input.hook == "blocks.12.mlp.hook_in")
    options.layer = 3
    #expect(
      try folder.failure(options)?.reason
        == .value(key: "layer", found: "3", expected: "one of 7, 12, the layers of the files"))
    let file = folder.folder.file("layer_12.safetensors")
    #expect(try DictionaryImporter.open(file).output.hook == "blocks.12.mlp.hook_out")
  }

  @Test func eitherOrientationGivesTheSame() throws {
    var folder = try Self.folder()
    let stored = try folder.open()
    let values = (0..<6).flatMap { stored.decoder.values(ofRow: $0, .best) }
    let turned = (0..<4).flatMap { column in (0..<6).map { values[$0 * 4 + column] } }
    folder.set(TestTensor("W_dec", [4, 6], turned))
    let other = try folder.open()
    #expect((0..<6).flatMap { other.decoder.values(ofRow: $0, .best) } == values)
  }

  /// z·[z > θ] has no ReLU: a negative θ lets negative z through.
  @Test func negativeThresholdsKeepTheSign() throws {
    var folder = try Self.folder()
    folder.set(
      TestTensor("activation_function.threshold", [6], [0.1, -0.2, 0, 0.3, 0.4, 0.5]))
    let dictionary = try folder.open()
    guard case .biJumpReLU(let sides) = dictionary.activation else {
      Issue.record("\(dictionary.activation)")
      return
    }
    #expect(sides.activation(of: -0.125, 1) == -0.125)
    #expect(sides.activation(of: -0.2, 1) == 0)
    #expect(sides.activation(of: -9, 1) == 0)
    #expect(dictionary.entry("negative thresholds")?.source == .measured)
    folder.set(TestTensor("activation_function.threshold", [6], [0.1, 0, 0, 0.3, 0.4, 0.5]))
    #expect(
      try folder.open().activation == .jumpReLU(threshold: [0.1, 0, 0, 0.3, 0.4, 0.5]))
  }

  @Test(arguments: ["wandb-config.yaml", "wanb-config.yaml"])
  func theRecordOfTheRunMustFit(_ name: String) throws {
    var folder = try Self.folder()
    folder.texts[name] = "d_model:\n  value: 4\nd_feature:\n  value: 6\nlr:\n  value: 0.1\n"
    #expect(try folder.open().featureCount == 6)
    folder.texts[name] = "d_feature:\n  value: 8\n"
    #expect(
      try folder.failure()?.reason
        == .value(key: "d_feature.value", found: "8", expected: "6, as the weights have"))
  }

  static let refusals: [Refusal] = [
    Refusal("square", ["refused", "as many features as its width (4)"]) { folder, _ in
      folder.files["layer_7.safetensors"] = [
        Numbers.normal("W_enc", [4, 4]), Numbers.normal("b_enc", [4]),
        Numbers.normal("W_dec", [4, 4]), Numbers.normal("b_dec", [4]),
      ]
    },
    Refusal("unknown key", ["unknownKey", "surprise"]) { folder, _ in
      folder.texts["config.yaml"] = "surprise: 1\n"
    },
    Refusal("other kind", ["model_kind", "cross_layer_transcoder"]) { folder, _ in
      folder.texts["config.yaml"] = "model_kind: cross_layer_transcoder\n"
    },
    Refusal("no map", ["config.yaml", "named fields"]) { folder, _ in
      folder.texts["config.yaml"] = "- a\n- b\n"
    },
    Refusal("tensor missing", ["missingTensor", "b_dec"]) { folder, _ in folder.remove("b_dec") },
    Refusal("unexpected tensor", ["unexpectedTensor", "log_thresholds"]) { folder, _ in
      folder.set(Numbers.normal("log_thresholds", [6]))
    },
    Refusal("encoder the other way round", ["shape", "W_enc", "[4, 6]"]) { folder, _ in
      folder.set(Numbers.normal("W_enc", [4, 6]))
    },
    Refusal("k beside thresholds", ["\"k\"", "activation_function.threshold"]) { folder, options in
      folder.set(Numbers.normal("activation_function.threshold", [6]))
      options.k = 2
    },
    Refusal("k too large", ["\"k\"", "7", "1 to 6"]) { _, options in options.k = 7 },
    Refusal("option scale", ["option 'activationScale'"]) { _, options in
      options.activationScale = .factor(2)
    },
  ]

  @Test(arguments: refusals) func refuses(_ refusal: Refusal) throws {
    try refusal.check(try Self.folder())
  }

  static func crossLayer() throws -> ImportFolder {
    var folder = try ImportFolder()
    for layer in 0..<2 {
      folder.files["W_enc_\(layer).safetensors"] = [
        Numbers.normal("W_enc_\(layer)", [6, 4]), Numbers.normal("b_enc_\(layer)", [6]),
        Numbers.normal("b_dec_\(layer)", [4]),
      ]
      folder.files["W_dec_\(layer).safetensors"] = [
        Numbers.normal("W_dec_\(layer)", [6, 2 - layer, 4])
      ]
    }
    return folder
  }

  static let crossLayerRefusals: [Refusal] = [
    Refusal("a layer is missing", ["layers", "every layer from 0"]) { folder, _ in
      folder.files["W_enc_0.safetensors"] = nil
    },
    Refusal("a decoder is missing", ["W_dec_1.safetensors", "no such file"]) { folder, _ in
      folder.files["W_dec_1.safetensors"] = nil
    },
    Refusal("a threshold in one layer only", ["unexpectedTensor", "threshold_1"]) { folder, _ in
      folder.files["W_enc_1.safetensors"]?.append(Numbers.normal("threshold_1", [6]))
    },
    Refusal("decoder shape", ["shape", "W_dec_0", "[6, 2, 4]"]) { folder, _ in
      folder.files["W_dec_0.safetensors"] = [Numbers.normal("W_dec_0", [6, 1, 4])]
    },
    Refusal("other kind", ["model_kind", "transcoder_set"]) { folder, _ in
      folder.texts["config.yaml"] = "model_kind: transcoder_set\n"
    },
    Refusal("option layer", ["option 'layer'"]) { _, options in options.layer = 1 },
  ]

  @Test(arguments: crossLayerRefusals) func refusesAcrossLayers(_ refusal: Refusal) throws {
    #expect(try Self.crossLayer().openCrossLayer().layerCount == 2)
    try refusal.check(try Self.crossLayer(), crossLayer: true)
  }
}
