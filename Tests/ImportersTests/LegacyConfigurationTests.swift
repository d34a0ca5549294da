import Formats
import Importers
import SAE
import TestSupport
import Tensors
import Testing

/// The flat cfg.json of versions before 6.0, with the defaults that the library fills in.
@Suite struct LegacyConfigurationTests {
  @Test func everyDefault() throws {
    let dictionary = try SAELensFolder(legacy: nil).open()
    #expect(dictionary.activation == .relu)
    #expect(dictionary.subtractsDecoderBias)
    #expect(dictionary.normalisation == .none)
    #expect(!dictionary.rescalesByDecoderNorm)
    #expect(dictionary.excludesSpecialTokens == nil)
    #expect(dictionary.input == Tap())
    #expect(
      dictionary.entry("layout")
        == LedgerEntry(
          "layout", "legacy flat cfg.json (before SAELens 6.0)",
          source: .publisherDefault(key: "sae_lens_version")))
    #expect(
      dictionary.entry("architecture")
        == LedgerEntry("architecture", "standard", source: .publisherDefault(key: "architecture")))
    #expect(
      dictionary.entry("decoder bias")
        == LedgerEntry(
          "decoder bias", "subtracted before encoding",
          source: .publisherDefault(key: "apply_b_dec_to_input")))
    // What no key says is never put down to one.
    #expect(
      dictionary.entry("activation units")?.source
        == .publisherDefault(key: "normalize_activations"))
    var folder = try SAELensFolder(legacy: nil)
    folder.set("normalize_activations", "none")
    #expect(
      try folder.open().entry("activation units")?.source
        == .config(key: "normalize_activations"))
  }

  /// Without a version the file is legacy, whatever else it holds: nothing it says may be lost.
  @Test func newerKeysOfAFileWithoutVersionCount() throws {
    var folder = try SAELensFolder("topk")
    folder.set("rescale_acts_by_decoder_norm", true)
    folder.set(
      "metadata",
      ["model_name": "gpt2", "hook_name": "blocks.3.hook_in", "exclude_special_tokens": true])
    let dictionary = try folder.open()
    #expect(dictionary.entry("layout") != nil)
    #expect(dictionary.activation == .topK(k: 2))
    #expect(dictionary.rescalesByDecoderNorm)
    #expect(dictionary.input.model == "gpt2")
    #expect(dictionary.input.hook == "blocks.3.hook_in")
    #expect(dictionary.excludesSpecialTokens == true)
    folder.set("hook_name", "blocks.4.hook_in")
    #expect(try folder.open().input.hook == "blocks.4.hook_in")
  }

  @Test func whatIsSaidWinsOverDefaults() throws {
    var folder = try SAELensFolder(legacy: "jumprelu")
    folder.set("sae_lens_version", "3.20.1")
    folder.set("apply_b_dec_to_input", false)
    folder.set("prepend_bos", false)
    folder.set("hf_hook_name", "model.layers.2")
    folder.set("model_name", "gemma-2b")
    folder.set("hook_name", "blocks.2.hook_resid_post")
    folder.set("activation_fn_str", "relu")
    folder.set("activation_fn_kwargs", [:])
    folder.set("exclude_special_tokens", true)
    let dictionary = try folder.open()
    #expect(dictionary.activation == .jumpReLU(threshold: [0.1, 0.2, 0.3, 0.4, 0.5]))
    #expect(!dictionary.subtractsDecoderBias)
    #expect(dictionary.excludesSpecialTokens == true)
    #expect(
      dictionary.input
        == Tap(
          model: "gemma-2b", hook: "blocks.2.hook_resid_post", moduleHook: "model.layers.2"))
    #expect(dictionary.entry("layout")?.source == .config(key: "sae_lens_version"))
    #expect(dictionary.entry("architecture")?.source == .config(key: "architecture"))
    #expect(dictionary.entry("decoder bias")?.source == .config(key: "apply_b_dec_to_input"))
  }

  @Test(arguments: ["gated", "jumprelu", "topk", "abstopk"])
  func otherArchitectures(_ name: String) throws {
    var folder = try SAELensFolder(legacy: name)
    if name.hasSuffix("topk") { folder.set("k", 3) }
    let dictionary = try folder.open()
    #expect(dictionary.activation.name.lowercased() == name)
    #expect(dictionary.activation.k == (name.hasSuffix("topk") ? 3 : nil))
  }

  @Test(arguments: ["activation_fn_str", "activation_fn"], [nil, "standard", "topk"])
  func topKMayHideInTheActivation(_ key: String, _ architecture: String?) throws {
    var folder = try SAELensFolder(legacy: architecture)
    folder.set(key, "topk")
    folder.set("activation_fn_kwargs", ["k": 4])
    let dictionary = try folder.open()
    #expect(dictionary.activation == .topK(k: 4))
    #expect(
      dictionary.entry("architecture")
        == LedgerEntry("architecture", "topk", source: .config(key: key)))
    for (value, found) in [(JSONValue.integer(6), "6"), ("4", "\"4\""), (0, "0")] {
      folder.set("activation_fn_kwargs", ["k": value])
      #expect(
        try folder.failure()
          == ImportError(
            .value(
              key: "activation_fn_kwargs.k", found: found, expected: "an integer from 1 to 5"),
            path: folder.configPath))
    }
    for value: JSONValue? in [nil, .null, [:]] {
      folder.set("activation_fn_kwargs", value)
      #expect(
        try folder.failure()?.reason
          == .missingKey(key: "activation_fn_kwargs.k", expected: "an integer from 1 to 5"))
    }
  }

  @Test func activationsThatAreNotRun() throws {
    var folder = try SAELensFolder(legacy: nil)
    folder.set("activation_fn_str", "tanh-relu")
    #expect(
      try folder.failure()?.reason
        == .value(
          key: "activation_fn_str", found: "\"tanh-relu\"", expected: "one of relu, topk"))
    var gated = try SAELensFolder(legacy: "gated")
    gated.set("activation_fn_str", "topk")
    gated.set("activation_fn_kwargs", ["k": 2])
    #expect(
      try gated.failure()?.reason
        == .value(
          key: "activation_fn_str", found: "\"topk\"",
          expected: "\"relu\" with architecture 'gated'"))
  }

  @Test func normalisationMayBeBooleanOrNull() throws {
    for value: JSONValue in [.bool(false), .null, "none"] {
      var folder = try SAELensFolder(legacy: nil)
      folder.set("normalize_activations", value)
      #expect(try folder.open().normalisation == .none)
    }
    for value: JSONValue in [.bool(true), "expected_average_only_in"] {
      var folder = try SAELensFolder(legacy: nil)
      folder.set("normalize_activations", value)
      guard case .refused(let what, _, _) = try folder.failure()?.reason else {
        Issue.record("opened without a factor")
        return
      }
      #expect(what == "normalize_activations 'expected_average_only_in'")
    }
    var folder = try SAELensFolder(legacy: nil)
    folder.set("normalize_activations", "layer_norm")
    #expect(try folder.open().normalisation == .layerNorm(epsilon: 1e-5))
    folder.set("normalize_activations", 1)
    guard case .value("normalize_activations", "1", _) = try folder.failure()?.reason else {
      Issue.record("a number was accepted")
      return
    }
  }

  @Test func headsAreFlattenedWhereTheHookSaysSo() throws {
    for key in ["hook_name", "hook_point"] {
      var folder = try SAELensFolder(legacy: nil)
      folder.set(key, "blocks.5.attn.hook_z")
      let dictionary = try folder.open()
      #expect(dictionary.input.hook == "blocks.5.attn.hook_z")
      #expect(
        dictionary.entry("rows")?.source == .publisherDefault(key: "reshape_activations"))
      folder.set("reshape_activations", "none")
      #expect(try folder.open().entry("rows") == nil)
      folder.set(key, "blocks.5.hook_resid_pre")
      folder.set("reshape_activations", "hook_z")
      #expect(try folder.open().entry("rows")?.source == .config(key: "reshape_activations"))
      folder.set("reshape_activations", nil)
      #expect(try folder.open().entry("rows") == nil)
    }
    // The current layout infers nothing.
    var current = try SAELensFolder()
    current.set("metadata", ["sae_lens_version": "6.1.0", "hook_name": "blocks.5.attn.hook_z"])
    current.set("reshape_activations", nil)
    #expect(try current.open().entry("rows") == nil)
  }

  /// Two names of one setting must say the same.
  @Test(
    arguments: [
      ("activation_fn", "activation_fn_str", "relu", "topk"),
      ("hook_name", "hook_point", "blocks.1.hook_resid_pre", "blocks.2.hook_resid_pre"),
      ("hook_layer", "hook_point_layer", 1, 2),
      ("hook_head_index", "hook_point_head_index", 1, 2),
    ] as [(String, String, JSONValue, JSONValue)])
  func renamedKeysAgree(
    _ newer: String, _ older: String, _ value: JSONValue, _ other: JSONValue
  ) throws {
    var folder = try SAELensFolder(legacy: nil)
    folder.set(newer, value)
    folder.set(older, value)
    #expect(try folder.failure() == nil)
    folder.set(older, other)
    #expect(
      try folder.failure()?.reason
        == .value(
          key: older, found: other.serialised(pretty: false),
          expected: value.serialised(pretty: false) + ", as '\(newer)' says"))
    folder.set(older, .null)
    #expect(try folder.failure() == nil)
  }

  @Test func trainingSettingsAreKnownAndUnknownKeysAreNot() throws {
    var folder = try SAELensFolder(legacy: nil)
    for key in ["l1_coefficient", "lr", "hook_point_layer", "dataset_path", "context_size"] {
      folder.set(key, .null)
    }
    #expect(try folder.open().featureCount == 5)
    for key in [
      "hook_eval", "hook_point_eval", "resume", "n_batches_for_norm_estimate", "output_path",
      "disable_concat_sequences", "logger", "llm_device", "log_weights_to_wandb",
    ] {
      folder.set(key, "NOT_IN_USE")
      #expect(try folder.failure() == nil, "\(key)")
    }
    folder.set("decoder_transform", "hadamard")
    guard case .unknownKey("decoder_transform", let accepted) = try folder.failure()?.reason
    else {
      Issue.record("an unknown key was accepted")
      return
    }
    #expect(accepted.contains("activation_fn_str"))
    var options = ImportOptions()
    options.ignoredConfigKeys = ["decoder_transform"]
    #expect(try folder.open(options).featureCount == 5)
  }
}
