import Formats
import Glibc
import Importers
import SAE
import TestSupport
import Tensors
import Testing

/// What a cfg.json may not say, with the exact reason.
@Suite struct ConfigurationErrorTests {
  static let names =
    "standard, gated, jumprelu, topk, abstopk, transcoder, skip_transcoder, jumprelu_transcoder,"
    + " jumprelu_skip_transcoder, matching_pursuit"

  private func reason(
    _ architecture: String = "standard", isTranscoder: Bool = false,
    _ change: (inout SAELensFolder) -> Void
  ) throws -> ImportError.Reason? {
    var folder = try SAELensFolder(architecture, isTranscoder: isTranscoder)
    change(&folder)
    let error = try folder.failure()
    #expect(error == nil || error?.path == folder.configPath)
    return error?.reason
  }

  @Test func architectures() throws {
    #expect(
      try reason { $0.set("architecture", nil) }
        == .missingKey(key: "architecture", expected: "one of \(Self.names)"))
    #expect(
      try reason { $0.set("architecture", "jump_relu") }
        == .value(
          key: "architecture", found: "\"jump_relu\"", expected: "one of \(Self.names)"))
    #expect(
      try reason { $0.set("architecture", 1) }
        == .value(key: "architecture", found: "1", expected: "a string"))
  }

  @Test(arguments: ["batchtopk", "matryoshka_batchtopk", "temporal"])
  func refusedByName(_ name: String) throws {
    for folder in [try SAELensFolder(name), try SAELensFolder(legacy: name)] {
      guard case .refused(let what, let why, let advice) = try folder.failure()?.reason else {
        Issue.record("\(name) was not refused")
        return
      }
      #expect(what == "architecture '\(name)'")
      #expect(why.hasPrefix("it "))
      #expect(!advice.isEmpty)
    }
  }

  @Test(arguments: [("d_in", 1 << 20), ("d_sae", 2_147_483_647), ("d_out", 1 << 20)])
  func widths(_ key: String, _ limit: Int) throws {
    let expected = "an integer from 1 to \(limit)"
    let isTranscoder = key == "d_out"
    let name = isTranscoder ? "transcoder" : "standard"
    #expect(
      try reason(name, isTranscoder: isTranscoder) { $0.set(key, nil) }
        == .missingKey(key: key, expected: expected))
    let bad: [(JSONValue, String)] = [
      (0, "0"), (-3, "-3"), (.integer(Int64(limit) + 1), "\(limit + 1)"), ("3", "\"3\""),
      (3.5, "3.5"), (3.0, "3.0"), (.null, "null"), (true, "true"), ([3], "[3]"),
      (.unsigned(.max), "18446744073709551615"), (.integer(.min), "-9223372036854775808"),
    ]
    for (value, found) in bad {
      #expect(
        try reason(name, isTranscoder: isTranscoder) { $0.set(key, value) }
          == .value(key: key, found: found, expected: expected))
    }
  }

  @Test(arguments: ["topk", "abstopk"])
  func k(_ name: String) throws {
    let expected = "an integer from 1 to 5"
    #expect(try reason(name) { $0.set("k", nil) } == .missingKey(key: "k", expected: expected))
    for (value, found) in [(JSONValue.integer(0), "0"), (6, "6"), ("2", "\"2\""), (2.5, "2.5")] {
      #expect(
        try reason(name) { $0.set("k", value) }
          == .value(key: "k", found: found, expected: expected))
    }
    #expect(try reason(name) { $0.set("k", 5) } == nil)
  }

  @Test func flagsAndChoices() throws {
    #expect(
      try reason { $0.set("apply_b_dec_to_input", 1) }
        == .value(key: "apply_b_dec_to_input", found: "1", expected: "true or false"))
    #expect(
      try reason { $0.set("apply_b_dec_to_input", .null) }
        == .value(key: "apply_b_dec_to_input", found: "null", expected: "true or false"))
    #expect(
      try reason("topk") { $0.set("rescale_acts_by_decoder_norm", "yes") }
        == .value(
          key: "rescale_acts_by_decoder_norm", found: "\"yes\"", expected: "true or false"))
    let modes =
      "one of none, expected_average_only_in, constant_norm_rescale, layer_norm,"
      + " covariance_whitening"
    for (value, found) in [(JSONValue.string("l2"), "\"l2\""), (true, "true"), (.null, "null")] {
      #expect(
        try reason { $0.set("normalize_activations", value) }
          == .value(key: "normalize_activations", found: found, expected: modes))
    }
    #expect(
      try reason { $0.set("reshape_activations", "flat") }
        == .value(key: "reshape_activations", found: "\"flat\"", expected: "one of none, hook_z"))
    for (value, found) in [(JSONValue.string("6.0.0"), "\"6.0.0\""), (.array([]), "[]"), (6, "6")] {
      #expect(
        try reason { $0.set("metadata", value) }
          == .value(key: "metadata", found: found, expected: "an object"))
    }
    #expect(
      try reason {
        $0.set("metadata", ["sae_lens_version": "6.0.0", "model_name": 5])
      } == .value(key: "metadata.model_name", found: "5", expected: "a string"))
  }

  @Test(arguments: [
    "transcoder", "skip_transcoder", "jumprelu_transcoder", "jumprelu_skip_transcoder",
  ])
  func transcodersDoNotSubtractTheBias(_ name: String) throws {
    #expect(
      try reason(name, isTranscoder: true) { $0.set("apply_b_dec_to_input", true) }
        == .value(
          key: "apply_b_dec_to_input", found: "true",
          expected: "false with architecture '\(name)'"))
    var folder = try SAELensFolder(name, isTranscoder: true)
    folder.set("apply_b_dec_to_input", nil)
    #expect(try folder.open().entry("decoder bias")?.source == .formatRule)
  }

  @Test func unknownKeys() throws {
    var folder = try SAELensFolder()
    folder.set("temperature", 2)
    guard case .unknownKey(let key, let accepted) = try folder.failure()?.reason else {
      Issue.record("an unknown key was accepted")
      return
    }
    #expect(key == "temperature")
    #expect(accepted.contains("apply_b_dec_to_input"))
    #expect(!accepted.contains("k"))
    var options = ImportOptions()
    options.ignoredConfigKeys = ["temperature"]
    #expect(try folder.open(options).featureCount == 5)
    // A key of another architecture is unknown too.
    folder.set("k", 2)
    guard case .unknownKey("k", _) = try folder.failure(options)?.reason else {
      Issue.record("'k' was accepted for 'standard'")
      return
    }
  }

  @Test func filesThatAreNoConfiguration() throws {
    let folder = try SAELensFolder()
    try folder.write()
    try folder.folder.write("[1]", to: "cfg.json")
    #expect(
      importFailure(folder.folder.path)
        == ImportError(
          .value(key: "cfg.json", found: "not an object", expected: "a JSON object"),
          path: folder.configPath))
    try folder.folder.write("{\"d_in\": 3, \"d_in\": 4}", to: "cfg.json")
    guard case .format(let error) = importFailure(folder.folder.path)?.reason else {
      Issue.record("a duplicate key was accepted")
      return
    }
    #expect(error.reason == .duplicateKey(key: "d_in"))
    try folder.folder.write("{", to: "cfg.json")
    guard case .format = importFailure(folder.folder.path)?.reason else {
      Issue.record("broken JSON was accepted")
      return
    }
  }

  @Test func pathsThatAreNoDictionary() throws {
    let folder = try TemporaryFolder()
    #expect(
      importFailure(folder.file("absent"))
        == ImportError(
          .format(FormatError(.systemCall(call: "open", errno: ENOENT))),
          path: folder.file("absent")))
    try folder.write("{}", to: "file")
    for (path, expected) in [
      (folder.file("file"), "the file 'file'"), (folder.path, "a folder with file"),
    ] {
      guard case .unknownLayout(let found, let accepted) = importFailure(path)?.reason else {
        Issue.record("\(path) is in some layout")
        continue
      }
      #expect(found == expected)
      #expect(accepted.contains("a folder with cfg.json and sae_weights.safetensors (saelens)"))
    }
  }
}
