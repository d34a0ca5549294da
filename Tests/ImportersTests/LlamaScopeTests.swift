import Formats
import Importers
import SAE
import TestSupport
import Tensors
import Testing

/// Llama Scope 1 and R1 Distill: units, scales, and what is refused.
@Suite struct LlamaScopeTests {
  static let weights = "checkpoints/final.safetensors"

  static func folder(type: ElementType = .f32) throws -> ImportFolder {
    var folder = try ImportFolder("hyperparams.json")
    folder.config = [
      .init("d_model", 4), .init("d_sae", 6), .init("act_fn", "jumprelu"),
      .init("hook_point_in", "blocks.12.hook_resid_post"),
      .init("hook_point_out", "blocks.12.hook_resid_post"),
      .init("jump_relu_threshold", .number(0.25)),
      .init("dataset_average_activation_norm", ["in": .number(8), "out": .number(8)]),
      .init("norm_activation", "dataset-wise"), .init("top_k", 50),
    ]
    folder.files[weights] = [
      Numbers.normal("encoder.weight", [6, 4]), Numbers.normal("encoder.bias", [6]),
      Numbers.normal("decoder.weight", [4, 6]), Numbers.normal("decoder.bias", [4]),
    ]
    if type == .bf16 {
      folder.files[weights] = [
        ("encoder.weight", [6, 4]), ("encoder.bias", [6]),
        ("decoder.weight", [4, 6]), ("decoder.bias", [4]),
      ].map { name, shape in
        TestTensor(bf16: name, shape, Numbers.normal(shape.reduce(1, *), seed: 9))
      }
    }
    return folder
  }

  static func both(_ folder: ImportFolder) throws -> (SparseDictionary, SparseDictionary) {
    var options = ImportOptions()
    options.activationUnits = .normalised
    let normalised = try folder.open(options)
    options.activationUnits = .raw
    return (normalised, try folder.open(options))
  }

  /// The same function of a row in either unit: f = s·f_raw, and the same reconstruction.
  @Test(arguments: [8.0, 3.390625])
  func unitsAgree(_ normOut: Double) throws {
    var folder = try Self.folder()
    folder.set(
      "dataset_average_activation_norm", ["in": .number(8), "out": .number(normOut)])
    if normOut != 8 { folder.set("hook_point_out", "blocks.12.hook_mlp_out") }
    let (normalised, raw) = try Self.both(folder)
    let scale: Float = 2 / 8
    let rows = Numbers.normal(4 * 50, seed: 21).map { $0 * 6 }
    let ours = try normalised.codes(of: rows, count: 50)
    let theirs = try raw.codes(of: rows, count: 50)
    #expect(ours.indices == theirs.indices)
    #expect(ours.indices.count > 40)
    for (f, g) in zip(ours.values, theirs.values) {
      #expect(abs(f - scale * g) <= 1e-5 * abs(f) + 1e-5)
    }
    for row in 0..<50 {
      let x = Array(rows[(row * 4)..<(row * 4 + 4)])
      let first = try normalised.reconstructions(ours, row: row, of: x).decoded
      let second = try raw.reconstructions(theirs, row: row, of: x).decoded
      for (a, b) in zip(first, second) { #expect(abs(a - b) <= 1e-4 * abs(b) + 1e-4) }
    }
  }

  /// The encoder stays in the file, the decoder is turned, both in their stored type.
  @Test func bf16Stays() throws {
    let dictionary = try Self.folder(type: .bf16).open()
    #expect(dictionary.weightType == .bf16)
    #expect(dictionary.weightByteCount == 2 * 24 * 2)
  }

  @Test func theThresholdCountsForRawRows() throws {
    let (normalised, raw) = try Self.both(try Self.folder())
    #expect(normalised.activation == .jumpReLU(threshold: Array(repeating: 0.0625, count: 6)))
    #expect(raw.activation == .jumpReLU(threshold: Array(repeating: 0.25, count: 6)))
    #expect(normalised.normalisation == .constantFactor(0.25))
    #expect(raw.normalisation == .none)
    #expect(raw.entry("activation units")?.source == .option("activation units raw"))
    #expect(
      normalised.entry("activation units")?.source
        == .config(key: "dataset_average_activation_norm"))
  }

  static let refusals: [Refusal] = [
    Refusal("unknown key", ["unknownKey", "surprise"]) { folder, _ in folder.set("surprise", 1) },
    Refusal("other activation", ["act_fn", "topk", "jumprelu"]) { folder, _ in
      folder.set("act_fn", "topk")
    },
    Refusal("no threshold", ["missingKey", "jump_relu_threshold"]) { folder, _ in
      folder.set("jump_relu_threshold", nil)
    },
    Refusal("no norms", ["missingKey", "dataset_average_activation_norm"]) { folder, _ in
      folder.set("dataset_average_activation_norm", nil)
    },
    Refusal("a norm of zero", ["dataset_average_activation_norm.in", "positive"]) { folder, _ in
      folder.set("dataset_average_activation_norm", ["in": 0, "out": 1])
    },
    Refusal("other norms", ["norm_activation", "token-wise"]) { folder, _ in
      folder.set("norm_activation", "token-wise")
    },
    Refusal("gated linear encoder", ["refused", "use_glu_encoder"]) { folder, _ in
      folder.set("use_glu_encoder", true)
    },
    Refusal("bias before encoding", ["refused", "apply_decoder_bias_to_pre_encoder"]) { folder, _ in
      folder.set("apply_decoder_bias_to_pre_encoder", true)
    },
    Refusal("width", ["shape", "decoder.bias", "[5]"]) { folder, _ in folder.set("d_model", 5) },
    Refusal("tensor missing", ["missingTensor", "decoder.weight"]) { folder, _ in
      folder.remove("decoder.weight")
    },
    Refusal("unexpected tensor", ["unexpectedTensor", "threshold"]) { folder, _ in
      folder.set(Numbers.normal("threshold", [6]))
    },
    Refusal("option scale", ["option 'activationScale'"]) { _, options in
      options.activationScale = .factor(2)
    },
    Refusal("option kind", ["option 'kind'"]) { _, options in options.kind = .transcoder },
  ]

  @Test(arguments: refusals) func refuses(_ refusal: Refusal) throws {
    try refusal.check(try Self.folder())
  }

  static func distilled() throws -> ImportFolder {
    var folder = try ImportFolder("config.json")
    folder.config = [
      .init("d_model", 4), .init("expansion_factor", .number(1.5)), .init("act_fn", "jumprelu"),
      .init("hook_point_in", "blocks.3.hook_resid_post"),
      .init("hook_point_out", "blocks.3.hook_resid_post"), .init("norm_activation", "inference"),
    ]
    folder.files["sae_weights.safetensors"] =
      (try Self.folder().files[weights] ?? []) + [Numbers.normal("log_jumprelu_threshold", [6])]
    return folder
  }

  @Test func aScaleThatIsMissingIsAskedFor() throws {
    var folder = try Self.distilled()
    #expect(try folder.open().normalisation == .none)
    folder.set("norm_activation", nil)
    guard case .refused(_, let why, _) = try folder.failure()?.reason else {
      Issue.record("a scale was guessed")
      return
    }
    #expect(why.contains("mis-scaled"))
    var options = ImportOptions()
    options.activationScale = .factor(3.5)
    #expect(try folder.open(options).normalisation == .constantFactor(3.5))
    options.activationScale = .alreadyApplied
    #expect(try folder.open(options).normalisation == .none)
  }

  static let distilledRefusals: [Refusal] = [
    Refusal("unknown key", ["unknownKey", "surprise"]) { folder, _ in folder.set("surprise", 1) },
    Refusal("scale where it is folded", ["norm_activation", "inference"]) { _, options in
      options.activationScale = .factor(2)
    },
    Refusal("width", ["d_model", "4, the width"]) { folder, _ in folder.set("d_model", 8) },
    Refusal("factor", ["expansion_factor", "6 features over a width of 4"]) { folder, _ in
      folder.set("expansion_factor", 2)
    },
    Refusal("threshold that overflows", ["log_jumprelu_threshold[0]", "finite"]) { folder, _ in
      folder.set(TestTensor("log_jumprelu_threshold", [6], [100, 0, 0, 0, 0, 0]))
    },
    Refusal("unexpected tensor", ["unexpectedTensor", "extra"]) { folder, _ in
      folder.set(Numbers.normal("extra", [6]))
    },
    Refusal("option units", ["option 'activationUnits'"]) { _, options in
      options.activationUnits = .raw
    },
  ]

  @Test(arguments: distilledRefusals) func refusesDistilled(_ refusal: Refusal) throws {
    try refusal.check(try Self.distilled())
  }
}
