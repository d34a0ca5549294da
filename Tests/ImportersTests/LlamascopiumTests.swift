import Formats
import Importers
import SAE
import TestSupport
import Tensors
import Testing

/// llamascopium 2: functions, norms, containers, and what is refused.
@Suite struct LlamascopiumTests {
  static let threshold = "activation_function.log_jumprelu_threshold"
  static let norm = "dataset_average_activation_norm."

  static func folder() throws -> ImportFolder {
    var folder = try ImportFolder("config.json")
    folder.config = [
      .init("sae_type", "sae"), .init("d_model", 4), .init("expansion_factor", .number(1.5)),
      .init("act_fn", "relu"), .init("norm_activation", "inference"),
      .init("sparsity_include_decoder_norm", true), .init("top_k", 2),
      .init("hook_point_in", "blocks.5.hook_resid_post"),
      .init("hook_point_out", "blocks.5.hook_resid_post"), .init("use_decoder_bias", true),
    ]
    folder.files["sae_weights.safetensors"] = [
      Numbers.normal("W_E", [4, 6]), Numbers.normal("b_E", [6]), Numbers.normal("W_D", [6, 4]),
      Numbers.normal("b_D", [4]),
      TestTensor(norm + "blocks.5.hook_resid_post", [], [8]),
    ]
    return folder
  }

  /// A decoder row of zeros gates its feature shut for good.
  @Test func thresholdsAreFolded() throws {
    var folder = try Self.folder()
    folder.set("act_fn", "jumprelu")
    folder.set(TestTensor(Self.threshold, [6], [0, 0, 0, 0, 0, 0]))
    let decoder: [Float] =
      [2, 0, 0, 0] + [0, 0, 0, 0] + (0..<16).map { $0 % 4 == 0 ? 1 : 0 }
    folder.set(TestTensor("W_D", [6, 4], decoder))
    let largest = Float.greatestFiniteMagnitude
    #expect(try folder.open().activation == .jumpReLU(threshold: [0.5, largest, 1, 1, 1, 1]))
    folder.set("sparsity_include_decoder_norm", false)
    #expect(try folder.open().activation == .jumpReLU(threshold: Array(repeating: 1, count: 6)))
  }

  @Test func normsRankAndAreNotKept() throws {
    var folder = try Self.folder()
    folder.set("act_fn", "TopK")
    #expect(try folder.open().decoderNormRole == .ranksOnly)
    folder.set("sparsity_include_decoder_norm", false)
    let plain = try folder.open()
    #expect(plain.decoderNormRole == .none)
    #expect(plain.activation == .topK(k: 2))
  }

  /// √4 / 8 before encoding, undone after decoding.
  @Test func normsOfTheDatasetScaleRows() throws {
    var folder = try Self.folder()
    folder.set("norm_activation", nil)
    let dictionary = try folder.open()
    #expect(dictionary.normalisation == .constantFactor(0.25))
    folder.remove(Self.norm + "blocks.5.hook_resid_post")
    guard case .refused = try folder.failure()?.reason else {
      Issue.record("a scale was guessed")
      return
    }
    var options = ImportOptions()
    options.activationScale = .factor(0.5)
    #expect(try folder.open(options).normalisation == .constantFactor(0.5))
  }

  /// Weights that a run keeps in `checkpoints` are found where the library looks for them.
  @Test(arguments: ["checkpoints/pruned.safetensors", "checkpoints/final.safetensors"])
  func otherPlaces(_ name: String) throws {
    var folder = try Self.folder()
    folder.files[name] = folder.files.removeValue(forKey: "sae_weights.safetensors")
    #expect(try folder.open().featureCount == 6)
  }

  static let refusals: [Refusal] = [
    Refusal("crosscoder", ["refused", "crosscoder", "several places"]) { folder, _ in
      folder.set("sae_type", "crosscoder")
    },
    Refusal("lorsa", ["refused", "lorsa", "earlier tokens"]) { folder, _ in
      folder.set("sae_type", "lorsa")
    },
    Refusal("molt", ["refused", "molt", "low-rank"]) { folder, _ in folder.set("sae_type", "molt")
    },
    Refusal("unknown type", ["sae_type", "other", "sae, clt"]) { folder, _ in
      folder.set("sae_type", "other")
    },
    Refusal("gated linear encoder", ["refused", "use_glu_encoder", "sigmoid"]) { folder, _ in
      folder.set("use_glu_encoder", true)
    },
    Refusal("unknown key", ["unknownKey", "surprise"]) { folder, _ in folder.set("surprise", 1) },
    Refusal("batchtopk", ["refused", "batchtopk", "rows beside it"]) { folder, _ in
      folder.set("act_fn", "batchtopk")
    },
    Refusal("layertopk", ["act_fn", "layertopk", "sae_type 'sae'"]) { folder, _ in
      folder.set("act_fn", "layertopk")
    },
    Refusal("batch-wise", ["refused", "batch-wise", "batch that it happens to be in"]) {
      folder, _ in
      folder.set("norm_activation", "batch-wise")
    },
    Refusal("token-wise transcoder", ["refused", "token-wise", "predicts"]) { folder, _ in
      folder.set("norm_activation", "token-wise")
      folder.set("hook_point_out", "blocks.5.hook_mlp_out")
    },
    Refusal("k too large", ["top_k", "7", "1 to 6"]) { folder, _ in
      folder.set("act_fn", "topk")
      folder.set("top_k", 7)
    },
    Refusal("option k", ["act_fn", "batchtopk when the option k"]) { _, options in options.k = 2 },
    Refusal("scale where it is folded", ["norm_activation", "inference"]) { _, options in
      options.activationScale = .factor(2)
    },
    Refusal("scale that the files hold", ["blocks.5.hook_resid_post", "8.0 in the weights"]) {
      folder, options in
      folder.set("norm_activation", "dataset-wise")
      options.activationScale = .factor(2)
    },
    Refusal("threshold missing", ["missingTensor", threshold]) { folder, _ in
      folder.set("act_fn", "jumprelu")
    },
    Refusal("bias undeclared", ["unexpectedTensor", "b_D"]) { folder, _ in
      folder.set("use_decoder_bias", false)
    },
    Refusal("shape", ["shape", "W_E", "[4, 8]"]) { folder, _ in folder.set("expansion_factor", 2) },
    Refusal("option kind", ["option 'kind'"]) { _, options in options.kind = .transcoder },
  ]

  @Test(arguments: refusals) func refuses(_ refusal: Refusal) throws {
    try refusal.check(try Self.folder())
  }

  @Test func distributedCheckpointsAreRefused() throws {
    var folder = try Self.folder()
    folder.files = [:]
    folder.texts["sae_weights.dcp"] = ""
    guard case .refused(let what, _, let advice) = try folder.failure()?.reason else {
      Issue.record("a distributed checkpoint was opened")
      return
    }
    #expect(what == "a distributed checkpoint")
    #expect(advice.contains("save_pretrained"))
  }

  static func crossLayer() throws -> ImportFolder {
    var folder = try folder()
    folder.set("sae_type", "clt")
    folder.set("hook_point_in", nil)
    folder.set("hook_point_out", nil)
    folder.set("hook_points_in", .array(["blocks.0.in", "blocks.1.in"]))
    folder.set("hook_points_out", .array(["blocks.0.out", "blocks.1.out"]))
    folder.files["sae_weights.safetensors"] = [
      Numbers.normal("W_E", [2, 4, 6]), Numbers.normal("b_E", [2, 6]),
      Numbers.normal("W_D.0", [1, 6, 4]), Numbers.normal("W_D.1", [2, 6, 4]),
      Numbers.normal("b_D.0", [4]), Numbers.normal("b_D.1", [4]),
    ]
    return folder
  }

  static let crossLayerRefusals: [Refusal] = [
    Refusal("dataset-wise", ["refused", "fold_activation_scale"]) { folder, _ in
      folder.set("norm_activation", nil)
    },
    Refusal("layertopk", ["refused", "several layers"]) { folder, _ in
      folder.set("act_fn", "layertopk")
    },
    Refusal("topk by norm", ["refused", "all their decoder rows"]) { folder, _ in
      folder.set("act_fn", "topk")
    },
    Refusal("hooks", ["hook_points_out", "as many"]) { folder, _ in
      folder.set("hook_points_out", .array(["one"]))
    },
    Refusal("a target is missing", ["missingTensor", "W_D.1"]) { folder, _ in
      folder.remove("W_D.1")
    },
    Refusal("a target's shape", ["shape", "W_D.1", "[2, 6, 4]"]) { folder, _ in
      folder.set(Numbers.normal("W_D.1", [1, 6, 4]))
    },
    Refusal("option layer", ["option 'layer'"]) { _, options in options.layer = 1 },
  ]

  @Test(arguments: crossLayerRefusals) func refusesAcrossLayers(_ refusal: Refusal) throws {
    let transcoder = try Self.crossLayer().openCrossLayer()
    #expect(transcoder.encoders[1].input.hook == "blocks.1.in")
    try refusal.check(try Self.crossLayer(), crossLayer: true)
  }
}
