import Formats
import SAE

extension SAELensConfig {
  /// Reads the flat layout of versions before 6.0, with the defaults that the library fills in.
  static func readLegacy(
    _ reader: ConfigReader, ignoring ignored: Set<String>
  ) throws(ImportError) -> SAELensConfig {
    // The many settings of training runs are accepted too, but would bury the others in a message.
    try checkKeys(
      reader, accepted: SAELensConfigKeys.legacy + SAELensConfigKeys.legacyMetadata,
      ignoring: ignored.union(SAELensConfigKeys.legacyTraining))

    try checkAgreement(reader)
    var architecture = try architecture(named: try reader.string("architecture") ?? "standard")
    guard architecture != .matchingPursuit else {
      throw ImportError(
        .value(
          key: "sae_lens_version", found: "missing or before 6.0",
          expected: "6.0 or later with architecture 'matching_pursuit'"))
    }
    var k: Int?
    let featureCount = try reader.integer("d_sae", in: featureCounts)
    let activationKey = reader.has("activation_fn") ? "activation_fn" : "activation_fn_str"
    let activation = try reader.choice(activationKey, of: ["relu", "topk"], default: "relu")
    let arguments = ConfigReader(
      object: reader.object["activation_fn_kwargs"] ?? .object([]),
      prefix: "activation_fn_kwargs.")
    if activation == "topk" {
      guard architecture == .standard || architecture == .topk else {
        throw ImportError(
          .value(
            key: activationKey, found: "\"topk\"",
            expected: "\"relu\" with architecture '\(architecture.rawValue)'"))
      }
      architecture = .topk
    }
    if architecture == .topk {
      let source = reader.has("k") && !arguments.has("k") ? reader : arguments
      k = try source.integer("k", in: 1...featureCount)
    } else if architecture == .abstopk {
      k = try reader.integer("k", in: 1...featureCount)
    }

    let width = try reader.integer("d_in", in: widths)
    let hook = try reader.string(reader.has("hook_name") ? "hook_name" : "hook_point")
    let reshape = try reader.choice(
      "reshape_activations", of: ["none", "hook_z"],
      default: hook?.contains("hook_z") == true ? "hook_z" : "none")
    var config = SAELensConfig(
      architecture: architecture, inputWidth: width,
      outputWidth: architecture.isTranscoder ? try reader.integer("d_out", in: widths) : width,
      featureCount: featureCount, k: k,
      subtractsDecoderBias: try subtractsBias(reader, architecture),
      normalisation: try legacyNormalisation(reader), flattensHeads: reshape == "hook_z",
      type: try type(reader))
    if architecture == .topk || architecture == .abstopk {
      config.rescalesByDecoderNorm = try reader.bool(
        "rescale_acts_by_decoder_norm", default: false)
    }
    if !reader.isNull("finetuning_scaling_factor") {
      config.hasFinetuningScale = try reader.bool("finetuning_scaling_factor", default: false)
    }
    if activation == "topk" { config.architectureKey = activationKey }
    // A file without a version is legacy even when it has the newer `metadata`, which then describes it.
    let metadata = reader.object["metadata"]
    func described(_ key: String) throws(ImportError) -> String? {
      if reader.has(key) { return try reader.string(key) }
      return try ConfigReader(object: metadata ?? .object([]), prefix: "metadata.").string(key)
    }
    config.input = Tap(
      model: try described("model_name"), hook: hook == nil ? try described("hook_name") : hook,
      moduleHook: try described("hf_hook_name"))
    config.output =
      architecture.isTranscoder
      ? Tap(
        model: config.input.model, hook: try described("hook_name_out"),
        moduleHook: try described("hf_hook_name_out")) : config.input
    config.excludesSpecialTokens =
      reader.specialTokenExclusion
      ?? metadata.flatMap { ConfigReader(object: $0).specialTokenExclusion }
    config.ledger.append(
      LedgerEntry(
        "layout", "legacy flat cfg.json (before SAELens 6.0)",
        source: reader.has("sae_lens_version")
          ? .config(key: "sae_lens_version") : .publisherDefault(key: "sae_lens_version")))
    config.explain(reader)
    return config
  }

  /// Names of one setting in different versions, the newer first.
  private static let renamed = [
    ("activation_fn", "activation_fn_str"), ("hook_name", "hook_point"),
    ("hook_layer", "hook_point_layer"), ("hook_head_index", "hook_point_head_index"),
  ]

  /// Throws where a file has both names of a setting with different values.
  private static func checkAgreement(_ reader: ConfigReader) throws(ImportError) {
    for (newer, older) in renamed where reader.has(newer) && reader.has(older) {
      guard !reader.isNull(newer), !reader.isNull(older),
        let value = reader.object[newer], value != reader.object[older]
      else { continue }
      throw reader.mismatch(older, "\(value.serialised(pretty: false)), as '\(newer)' says")
    }
  }

  /// Booleans are older than names: true meant the expected-average scale.
  private static func legacyNormalisation(
    _ reader: ConfigReader
  ) throws(ImportError) -> ActivationNormalisation {
    switch reader.object["normalize_activations"] {
    case nil, .null, .bool(false): return .none
    case .bool(true): return .expectedAverageOnlyIn
    default:
      let name = try reader.choice(
        "normalize_activations", of: ActivationNormalisation.allCases.map(\.rawValue), default: nil)
      return ActivationNormalisation(rawValue: name) ?? .none
    }
  }
}
