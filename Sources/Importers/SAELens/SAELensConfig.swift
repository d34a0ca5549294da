import Formats
import SAE

/// What a SAELens `cfg.json`, current or legacy, says about a dictionary, with its defaults filled in.
///
/// Every default that was needed is written to ``ledger``. Facts: `docs/importers/saelens.md`.
struct SAELensConfig {
  /// How rows were rescaled before the dictionary was trained.
  enum ActivationNormalisation: String, CaseIterable {
    case none
    case expectedAverageOnlyIn = "expected_average_only_in"
    case constantNormRescale = "constant_norm_rescale"
    case layerNorm = "layer_norm"
    case covarianceWhitening = "covariance_whitening"
  }

  /// When a matching pursuit stops.
  struct Pursuit {
    var residualThreshold: Float
    var maximumIterations: Int
    var stopsOnRepeat: Bool
  }

  static let widths = 1...(1 << 20)
  static let featureCounts = 1...Int(Int32.max)
  static let types = ["float32", "float64", "float16", "bfloat16"]

  var architecture: SAELensArchitecture
  var inputWidth: Int
  var outputWidth: Int
  var featureCount: Int
  var k: Int?
  /// The rules of a matching pursuit; nil for any other architecture.
  var pursuit: Pursuit?
  var rescalesByDecoderNorm = false
  var subtractsDecoderBias: Bool
  var normalisation: ActivationNormalisation
  /// Where the normalisation was said, or that it was not.
  var normalisationSource = LedgerEntry.Source.publisherDefault(key: "normalize_activations")
  /// The key that named the architecture, where that was not `architecture`.
  var architectureKey = "architecture"
  var flattensHeads: Bool
  var type: String
  var hasFinetuningScale = false
  var input = Tap()
  var output = Tap()
  var excludesSpecialTokens: Bool?
  var ledger: [LedgerEntry] = []

  /// Reads a configuration, in the layout that its version says.
  static func read(
    _ object: JSONValue, ignoring ignored: Set<String>
  ) throws(ImportError) -> SAELensConfig {
    guard case .object = object else {
      throw ImportError(
        .value(key: "cfg.json", found: "not an object", expected: "a JSON object"))
    }
    let reader = ConfigReader(object: object)
    return try isLegacy(reader)
      ? readLegacy(reader, ignoring: ignored) : readCurrent(reader, ignoring: ignored)
  }

  /// Whether the file predates 6.0: by its version, or because it has none.
  private static func isLegacy(_ reader: ConfigReader) throws(ImportError) -> Bool {
    var key = "sae_lens_version"
    var version = try reader.string(key)
    if version == nil, let metadata = reader.object["metadata"], metadata != .null {
      guard case .object = metadata else { throw reader.mismatch("metadata", "an object") }
      key = "metadata.sae_lens_version"
      version = try ConfigReader(object: metadata, prefix: "metadata.").string("sae_lens_version")
    }
    guard let version else { return true }
    guard let major = Int(version.prefix { $0.isNumber }) else {
      throw ImportError(.value(key: key, found: version, expected: "a version such as 6.0.0"))
    }
    let isEarlyPreview = ["6.0.0-a", "6.0.0a", "6.0.0-b", "6.0.0b", "6.0.0.dev", "6.0.0-dev"]
      .contains { version.hasPrefix($0) }
    return major < 6 || isEarlyPreview
  }

  static func architecture(named name: String) throws(ImportError) -> SAELensArchitecture {
    if let known = SAELensArchitecture(rawValue: name) { return known }
    if let reason = SAELensArchitecture.refused[name] {
      throw ImportError(
        .refused(what: "architecture '\(name)'", why: reason.why, advice: reason.advice))
    }
    let accepted = SAELensArchitecture.allCases.map(\.rawValue).joined(separator: ", ")
    throw ImportError(
      .value(key: "architecture", found: "\"\(name)\"", expected: "one of \(accepted)"))
  }

  /// Strips the `torch.` that some versions write.
  static func type(_ reader: ConfigReader) throws(ImportError) -> String {
    let accepted = types + types.map { "torch." + $0 }
    let name = try reader.choice("dtype", of: accepted, default: "float32")
    return name.hasPrefix("torch.") ? String(name.dropFirst("torch.".count)) : name
  }

  /// `apply_b_dec_to_input`: true by default, impossible for transcoders.
  static func subtractsBias(
    _ reader: ConfigReader, _ architecture: SAELensArchitecture
  ) throws(ImportError) -> Bool {
    let flag = try reader.bool("apply_b_dec_to_input", default: !architecture.isTranscoder)
    if flag, architecture.isTranscoder {
      throw reader.mismatch(
        "apply_b_dec_to_input", "false with architecture '\(architecture.rawValue)'")
    }
    return flag
  }

  static func checkKeys(
    _ reader: ConfigReader, accepted: [String], ignoring ignored: Set<String>
  ) throws(ImportError) {
    guard case .object(let members) = reader.object else { return }
    for member in members where !accepted.contains(member.key) && !ignored.contains(member.key) {
      throw ImportError(.unknownKey(key: reader.prefix + member.key, accepted: accepted))
    }
  }

  func decided(_ key: String, _ reader: ConfigReader) -> LedgerEntry.Source {
    reader.has(key) ? .config(key: key) : .publisherDefault(key: key)
  }
}
