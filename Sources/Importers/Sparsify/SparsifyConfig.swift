import Formats
import SAE

/// What sparsify's `cfg.json` says about a sparse coder.
struct SparsifyConfig {
  enum Activation: String, CaseIterable {
    case topk
    case groupmax
  }

  /// Fields that decide something here.
  static let keys = [
    "activation", "d_in", "num_latents", "expansion_factor", "k", "transcode", "skip_connection",
    "normalize_decoder", "multi_topk", "signed",
  ]

  var activation: Activation
  var activationSource: LedgerEntry.Source
  var width: Int
  var featureCount: Int
  var k: Int
  var isTranscoder: Bool
  var kindSource: LedgerEntry.Source
  var hasSkip: Bool

  init(_ document: JSONValue, options: ImportOptions) throws(ImportError) {
    let ignored = options.ignoredConfigKeys
    let reader = try ConfigReader(document: document, file: "cfg.json")
    try reader.checkKeys(Self.keys, ignoring: ignored)
    let name = try reader.choice(
      "activation", of: Activation.allCases.map(\.rawValue), default: "topk")
    activation = Activation(rawValue: name) ?? .topk
    activationSource = reader.decided("activation")
    width = try reader.integer("d_in", in: SAELensConfig.widths)
    featureCount = try Self.featureCount(reader, width)
    k = reader.has("k") ? try reader.integer("k", in: 1...featureCount) : 32
    hasSkip = try reader.bool("skip_connection", default: false)
    (isTranscoder, kindSource) = try Self.kind(reader, options.kind, hasSkip: hasSkip)
    // Training facts: the file's rows are what they are, and the loss is no part of inference.
    _ = try reader.bool("normalize_decoder", default: true)
    _ = try reader.bool("multi_topk", default: false)
    if !ignored.contains("signed") {
      try reader.refuse(
        "signed",
        why:
          "the versions that wrote it kept the sign of latents, later ones drop the key and apply"
          + " ReLU, so the file does not say which function was trained",
        advice: "pass --ignore-config-key signed to read it as later versions do")
    }
    if hasSkip, !isTranscoder {
      throw reader.mismatch("skip_connection", "false without 'transcode'")
    }
    guard k <= featureCount else {
      throw reader.mismatch("k", "1 to \(featureCount), the number of latents")
    }
    if activation == .groupmax, featureCount % k != 0 {
      throw ImportError(
        .value(
          key: "k", found: "\(k)",
          expected: "a divisor of \(featureCount), the number of latents, with groupmax"))
    }
  }

  /// What `transcode` says, else the caller, else an autoencoder, unless a skip speaks against that.
  private static func kind(
    _ reader: ConfigReader, _ given: ImportOptions.DeclaredKind?, hasSkip: Bool
  ) throws(ImportError) -> (isTranscoder: Bool, source: LedgerEntry.Source) {
    if given == .embedding {
      throw ImportError(
        .value(key: "kind", found: "embedding", expected: "autoencoder or transcoder"))
    }
    if reader.has("transcode") {
      let declared = try reader.bool("transcode", default: nil)
      if let given, (given == .transcoder) != declared {
        throw ImportError(
          .value(
            key: "kind", found: given.rawValue,
            expected: (declared ? "transcoder" : "autoencoder") + ", as 'transcode' says"))
      }
      return (declared, .config(key: "transcode"))
    }
    guard let given else {
      guard !hasSkip else {
        throw ImportError(
          .missingKey(
            key: "transcode",
            expected:
              "true or false, or the option kind: the file has 'skip_connection', which only"
              + " transcoders have, from before the key; pass --kind transcoder"))
      }
      return (false, .publisherDefault(key: "transcode"))
    }
    return (given == .transcoder, .option("kind \(given.rawValue)"))
  }

  /// `num_latents`, or, when that is 0 or missing, `d_in · expansion_factor`.
  private static func featureCount(
    _ reader: ConfigReader, _ width: Int
  ) throws(ImportError) -> Int {
    let limit = SAELensConfig.featureCounts.upperBound
    if reader.has("num_latents") {
      let count = try reader.integer("num_latents", in: 0...limit)
      if count > 0 { return count }
    }
    let factor =
      reader.has("expansion_factor")
      ? try reader.integer("expansion_factor", in: 1...(limit / width)) : 32
    return width * factor
  }
}
