import Formats
import Importers
import SAE
import TestSupport
import Tensors
import Testing

/// The current layout of cfg.json, and how the layout is told.
@Suite struct ConfigurationTests {
  static let architectures: [(name: String, isTranscoder: Bool, sigma: String)] = [
    ("standard", false, "relu"), ("gated", false, "gated"), ("jumprelu", false, "jumpReLU"),
    ("topk", false, "topK"), ("abstopk", false, "absTopK"), ("transcoder", true, "relu"),
    ("skip_transcoder", true, "relu"), ("jumprelu_transcoder", true, "jumpReLU"),
    ("jumprelu_skip_transcoder", true, "jumpReLU"),
  ]

  @Test(arguments: architectures)
  func everyArchitectureOpens(
    _ name: String, _ isTranscoder: Bool, _ sigma: String
  ) throws {
    let folder = try SAELensFolder(name, isTranscoder: isTranscoder)
    let dictionary = try folder.open()
    #expect(dictionary.featureCount == 5)
    #expect(dictionary.modelWidth == 3)
    #expect(dictionary.outputWidth == (isTranscoder ? 4 : 3))
    #expect(dictionary.kind == (isTranscoder ? .transcoder : .autoencoder))
    #expect(dictionary.activation.name == sigma)
    #expect(dictionary.hasSkip == name.contains("skip"))
    #expect(dictionary.subtractsDecoderBias == !isTranscoder)
    #expect(dictionary.input == Tap(model: "gpt2", hook: "blocks.3.hook_in", moduleHook: "h.3"))
    #expect(dictionary.name == FileName.last(of: folder.folder.path))
    #expect(
      dictionary.entry("architecture")
        == LedgerEntry("architecture", name, source: .config(key: "architecture")))
    let encoder = try dictionary.encoder.featureMajor(.best)
    for feature in 0..<5 {
      #expect(
        encoder.values(ofRow: feature, .best) == (0..<3).map { folder.encoder[$0 * 5 + feature] })
    }
  }

  @Test func gatedScaleIsTheExponential() throws {
    let folder = try SAELensFolder("gated")
    guard case .gated(let gate, let magnitude, let scale) = try folder.open().activation else {
      Issue.record("not gated")
      return
    }
    #expect(gate == folder.values("b_gate"))
    #expect(magnitude == folder.values("b_mag"))
    for (value, raw) in zip(scale, folder.values("r_mag")) {
      #expect(abs(Double(value) - exponential(Double(raw))) <= 1e-6 * Double(value))
    }
  }

  /// A Taylor series, of small arguments.
  private func exponential(_ x: Double) -> Double {
    var term = 1.0
    var sum = 1.0
    for index in 1..<60 {
      term *= x / Double(index)
      sum += term
    }
    return sum
  }

  @Test func optionalFieldsHaveTheLibrarysDefaults() throws {
    var folder = try SAELensFolder()
    for key in [
      "dtype", "device", "apply_b_dec_to_input", "normalize_activations", "reshape_activations",
    ] { folder.set(key, nil) }
    let dictionary = try folder.open()
    #expect(dictionary.subtractsDecoderBias)
    #expect(dictionary.normalisation == .none)
    #expect(
      dictionary.entry("decoder bias")
        == LedgerEntry(
          "decoder bias", "subtracted before encoding",
          source: .publisherDefault(key: "apply_b_dec_to_input")))
    #expect(dictionary.entry("rows") == nil)
  }

  @Test func decisionsAreInTheLedgerWithTheirSource() throws {
    var folder = try SAELensFolder("topk")
    folder.set("apply_b_dec_to_input", false)
    folder.set("rescale_acts_by_decoder_norm", true)
    folder.set("reshape_activations", "hook_z")
    folder.set("metadata", ["sae_lens_version": "6.0.0", "exclude_special_tokens": [0, 1]])
    let dictionary = try folder.open()
    #expect(!dictionary.subtractsDecoderBias)
    #expect(dictionary.rescalesByDecoderNorm)
    #expect(dictionary.excludesSpecialTokens == true)
    #expect(dictionary.entry("decoder bias")?.source == .config(key: "apply_b_dec_to_input"))
    #expect(dictionary.entry("decoder bias")?.statement == "not subtracted before encoding")
    #expect(
      dictionary.entry("decoder-norm rescaling")?.source
        == .config(key: "rescale_acts_by_decoder_norm"))
    #expect(dictionary.entry("selection")?.source == .formatRule)
    #expect(dictionary.entry("rows")?.source == .config(key: "reshape_activations"))
    #expect(dictionary.entry("special tokens")?.source == .config(key: "exclude_special_tokens"))
    #expect(
      dictionary.entry("activation units")
        == LedgerEntry(
          "activation units", "those of the rows as given",
          source: .config(key: "normalize_activations")))
  }

  @Test(arguments: [
    (JSONValue.bool(true), true as Bool?), (.bool(false), false), (.array([]), false),
    (.array([2]), true),
    (.null, nil),
  ])
  func specialTokens(_ value: JSONValue, _ expected: Bool?) throws {
    var folder = try SAELensFolder()
    folder.set("metadata", ["sae_lens_version": "6.0.0", "exclude_special_tokens": value])
    #expect(try folder.open().excludesSpecialTokens == expected)
  }

  /// `finetuning_scaling_factor` is a key of the flat layout only, and so tells which one was read.
  @Test(arguments: [
    ("6.0.0-rc.0", false), ("6.0.0rc1", false), ("6.0.0", false), ("7.1", false), ("10.0.0", false),
    ("5.9", true), ("5.99.1", true), ("0.1", true), ("6.0.0.dev3", true), ("6.0.0-alpha.1", true),
  ])
  func theVersionDecidesTheLayout(_ version: String, _ isLegacy: Bool) throws {
    for isTopLevel in [true, false] {
      var folder = try SAELensFolder()
      folder.set("metadata", isTopLevel ? nil : ["sae_lens_version": .string(version)])
      if isTopLevel { folder.set("sae_lens_version", .string(version)) }
      folder.set("finetuning_scaling_factor", false)
      if isLegacy {
        #expect(try folder.open().entry("layout") != nil)
      } else if case .unknownKey(let key, _) = try folder.failure()?.reason {
        #expect(key == "finetuning_scaling_factor")
      } else {
        Issue.record("the key of the old layout was accepted in version \(version)")
      }
    }
  }

  @Test func aMissingVersionMeansLegacy() throws {
    var folder = try SAELensFolder()
    for metadata: JSONValue? in [nil, .null, [:], ["model_name": "gpt2"]] {
      folder.set("metadata", metadata)
      #expect(
        try folder.open().entry("layout")?.source == .publisherDefault(key: "sae_lens_version"))
    }
  }

  @Test func garbageVersionsAreRefused() throws {
    for version in ["garbage", "v6", "", "x.6"] {
      var folder = try SAELensFolder()
      folder.set("metadata", ["sae_lens_version": .string(version)])
      #expect(
        try folder.failure()
          == ImportError(
            .value(
              key: "metadata.sae_lens_version", found: version,
              expected: "a version such as 6.0.0"), path: folder.configPath))
      folder.set("sae_lens_version", .string(version))
      #expect(
        try folder.failure()?.reason
          == .value(
            key: "sae_lens_version", found: version, expected: "a version such as 6.0.0"))
    }
    var folder = try SAELensFolder()
    folder.set("sae_lens_version", 6)
    #expect(
      try folder.failure()?.reason
        == .value(key: "sae_lens_version", found: "6", expected: "a string"))
  }

  @Test(arguments: ["float32", "float64", "float16", "bfloat16"])
  func typeNamesMayCarryTorch(_ name: String) throws {
    var folder = try SAELensFolder()
    folder.set("dtype", .string(name))
    let plain = try folder.open()
    folder.set("dtype", .string("torch." + name))
    let prefixed = try folder.open()
    #expect(plain.ledger == prefixed.ledger)
    let isHalf = name == "bfloat16" || name == "float16"
    #expect((plain.entry("W_enc") != nil) == isHalf)
    folder.set("dtype", "int8")
    guard case .value("dtype", "\"int8\"", _) = try folder.failure()?.reason else {
      Issue.record("int8 was accepted")
      return
    }
  }

  /// What a training run's `save_model` writes beside the fields of inference.
  @Test func trainingCheckpoints() throws {
    var folder = try SAELensFolder()
    #expect(try folder.open().entry("training checkpoint") == nil)
    for key in [
      "decoder_init_norm", "l1_coefficient", "lp_norm", "l1_warm_up_steps",
      "use_sparse_activations", "aux_loss_coefficient", "jumprelu_init_threshold",
      "jumprelu_bandwidth", "jumprelu_sparsity_loss_mode", "l0_coefficient", "l0_warm_up_steps",
      "pre_act_loss_coefficient", "jumprelu_tanh_scale", "jumprelu_ste_to_input", "target_l0",
    ] {
      folder.set(key, 1)
      #expect(try folder.failure() == nil, "\(key)")
    }
    let entry = try #require(try folder.open().entry("training checkpoint"))
    #expect(entry.source == .config(key: "decoder_init_norm"))
    #expect(entry.statement.contains("target_l0"))
    folder.set("l2_coefficient", 1)
    guard case .unknownKey("l2_coefficient", let accepted) = try folder.failure()?.reason else {
      Issue.record("an unknown key was accepted")
      return
    }
    #expect(!accepted.contains("l1_coefficient"))
  }

  /// The weights' own path does as well as the folder's.
  @Test func weightsFileBesideItsConfiguration() throws {
    let folder = try SAELensFolder("topk")
    try folder.write()
    #expect(try DictionaryImporter.format(of: folder.weightsPath) == .saelens)
    let dictionary = try DictionaryImporter.open(folder.weightsPath)
    #expect(dictionary.activation == .topK(k: 2))
    #expect(dictionary.files == (try folder.open().files))
    try folder.folder.remove("cfg.json")
    guard case .unknownLayout = importFailure(folder.weightsPath)?.reason else {
      Issue.record("weights alone")
      return
    }
  }
}

/// The last part of a path.
enum FileName {
  static func last(of path: String) -> String {
    path.split(separator: "/").last.map(String.init) ?? path
  }
}
