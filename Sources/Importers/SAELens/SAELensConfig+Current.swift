import Formats
import SAE

extension SAELensConfig {
  /// Reads the layout of versions 6.0 and later: library fields at the top, the rest in `metadata`.
  static func readCurrent(
    _ reader: ConfigReader, ignoring ignored: Set<String>
  ) throws(ImportError) -> SAELensConfig {
    let names = SAELensArchitecture.allCases.map(\.rawValue).joined(separator: ", ")
    guard let name = try reader.string("architecture") else {
      throw ImportError(.missingKey(key: "architecture", expected: "one of \(names)"))
    }
    let architecture = try architecture(named: name)
    let accepted = SAELensConfigKeys.common + SAELensConfigKeys.extra(architecture)
    // Settings of training are accepted too, but would bury the others in a message.
    try checkKeys(
      reader, accepted: accepted, ignoring: ignored.union(SAELensConfigKeys.currentTraining))

    let width = try reader.integer("d_in", in: widths)
    let normalisation = try reader.choice(
      "normalize_activations", of: ActivationNormalisation.allCases.map(\.rawValue),
      default: "none")
    let reshape = try reader.choice(
      "reshape_activations", of: ["none", "hook_z"], default: "none")
    var config = SAELensConfig(
      architecture: architecture, inputWidth: width,
      outputWidth: architecture.isTranscoder ? try reader.integer("d_out", in: widths) : width,
      featureCount: try reader.integer("d_sae", in: featureCounts),
      subtractsDecoderBias: try subtractsBias(reader, architecture),
      normalisation: ActivationNormalisation(rawValue: normalisation) ?? .none,
      flattensHeads: reshape == "hook_z", type: try type(reader))
    if SAELensConfigKeys.extra(architecture).contains("k") {
      config.k = try reader.integer("k", in: 1...config.featureCount)
      config.rescalesByDecoderNorm = try reader.bool(
        "rescale_acts_by_decoder_norm", default: false)
    }
    if architecture == .matchingPursuit { config.pursuit = try config.pursuit(reader) }
    config.explainTraining(reader)
    try config.readMetadata(reader)
    config.explain(reader)
    return config
  }

  /// The rules of a matching pursuit, with the library's defaults: 0.01, d_in, true.
  private func pursuit(_ reader: ConfigReader) throws(ImportError) -> Pursuit {
    var threshold = 0.01
    if reader.has("residual_threshold") {
      guard let value = reader.object["residual_threshold"]?.asDouble, value >= 0,
        Float(value).isFinite
      else { throw reader.mismatch("residual_threshold", "a finite number, at least 0") }
      threshold = value
    }
    var iterations = inputWidth
    if reader.has("max_iterations"), !reader.isNull("max_iterations") {
      iterations = try reader.integer("max_iterations", in: 1...Int(Int32.max))
    }
    return Pursuit(
      residualThreshold: Float(threshold), maximumIterations: iterations,
      stopsOnRepeat: try reader.bool("stop_on_duplicate_support", default: true))
  }

  /// Notes the settings of training that the library writes when a run is saved.
  private mutating func explainTraining(_ reader: ConfigReader) {
    let found = SAELensConfigKeys.currentTraining.filter(reader.has)
    guard let first = found.first else { return }
    ledger.append(
      LedgerEntry(
        "training checkpoint",
        "the configuration is that of a training run: \(found.joined(separator: ", ")) are of its"
          + " loss and start, and not used", source: .config(key: first)))
  }

  private mutating func readMetadata(_ reader: ConfigReader) throws(ImportError) {
    guard let object = reader.object["metadata"], object != .null else { return }
    guard case .object = object else { throw reader.mismatch("metadata", "an object") }
    let metadata = ConfigReader(object: object, prefix: "metadata.")
    input = Tap(
      model: try metadata.string("model_name"), hook: try metadata.string("hook_name"),
      moduleHook: try metadata.string("hf_hook_name"))
    output =
      architecture.isTranscoder
      ? Tap(
        model: input.model, hook: try metadata.string("hook_name_out"),
        moduleHook: try metadata.string("hf_hook_name_out")) : input
    excludesSpecialTokens = metadata.specialTokenExclusion
  }
}

extension ConfigReader {
  /// `exclude_special_tokens` is a flag or a list of token ids; nil when it says nothing.
  var specialTokenExclusion: Bool? {
    switch object["exclude_special_tokens"] {
    case .bool(let flag): flag
    case .array(let list): !list.isEmpty
    default: nil
    }
  }
}
