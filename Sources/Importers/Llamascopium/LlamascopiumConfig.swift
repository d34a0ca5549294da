import Formats
import SAE

/// What `config.json` of llamascopium 2 (Language-Model-SAEs) says about a dictionary of any kind.
struct LlamascopiumConfig {
  enum Activation: String, CaseIterable {
    case relu
    case jumprelu
    case topk
    case batchtopk
    case layertopk
    case batchlayertopk
  }

  enum ActivationNorm: String, CaseIterable {
    case tokenWise = "token-wise"
    case batchWise = "batch-wise"
    case datasetWise = "dataset-wise"
    case inference
  }

  static let fileName = "config.json"
  static let typeKey = "sae_type"
  /// Fields of every kind that decide something here.
  static let keys = [
    "sae_type", "d_model", "expansion_factor", "use_decoder_bias", "act_fn", "norm_activation",
    "sparsity_include_decoder_norm", "top_k",
  ]
  static let autoencoderKeys = ["hook_point_in", "hook_point_out", "use_glu_encoder"]
  static let crossLayerKeys = ["hook_points_in", "hook_points_out"]
  /// Settings of training runs and of kernels, none of which matters for inference.
  static let trainingKeys = [
    "device", "dtype", "use_triton_kernel", "sparsity_threshold_for_triton_spmm_kernel",
    "jumprelu_threshold_window", "init_cross_layer_decoder_all_zero", "decode_with_csr",
    "sparsity_threshold_for_csr",
  ]
  /// Kinds that are known and not read, each with the reason.
  static let refused = [
    "crosscoder": "one feature has an encoder and a decoder row at each of several places",
    "lorsa": "it replaces attention: features depend on earlier tokens",
    "molt": "its features are low-rank maps of the row, not directions",
  ]

  var width: Int
  var featureCount: Int
  var activation: Activation
  var activationSource: LedgerEntry.Source
  var norm: ActivationNorm
  var normSource: LedgerEntry.Source
  var gatesByDecoderNorm: Bool
  var gateSource: LedgerEntry.Source
  var hasDecoderBias: Bool
  var k: Int
  var hooksIn: [String]
  var hooksOut: [String]

  /// The kind that a configuration names; nil when this is none of this library's.
  static func type(_ document: JSONValue) -> String? { document[typeKey]?.asString }

  init(_ document: JSONValue, ignoring ignored: Set<String>) throws(ImportError) {
    let reader = try ConfigReader(document: document, file: Self.fileName)
    let type = try reader.requiredString(Self.typeKey, "sae or clt")
    if let reason = Self.refused[type] {
      throw ImportError(
        .refused(what: "sae_type '\(type)'", why: reason, advice: "use another dictionary"))
    }
    _ = try reader.choice(Self.typeKey, of: ["sae", "clt"], default: nil)
    let isCrossLayer = type == "clt"
    try reader.checkKeys(
      Self.keys + (isCrossLayer ? Self.crossLayerKeys : Self.autoencoderKeys),
      ignoring: ignored.union(Self.trainingKeys))
    try reader.refuse(
      "use_glu_encoder", why: "a gated linear encoder has a second matrix and a sigmoid",
      advice: "use another dictionary")
    width = try reader.integer("d_model", in: SAELensConfig.widths)
    let count = (try reader.positive("expansion_factor") * Double(width)).rounded(.towardZero)
    guard count >= 1, count <= Double(SAELensConfig.featureCounts.upperBound) else {
      throw reader.mismatch("expansion_factor", "one that makes 1 to \(Int32.max) features")
    }
    featureCount = Int(count)
    // The library lower-cases the name before it compares.
    let name = try reader.string("act_fn")?.lowercased() ?? "relu"
    guard let activation = Activation(rawValue: name) else {
      throw reader.mismatch(
        "act_fn", "one of " + Activation.allCases.map(\.rawValue).joined(separator: ", "))
    }
    self.activation = activation
    activationSource = reader.decided("act_fn")
    let mode = try reader.choice(
      "norm_activation", of: ActivationNorm.allCases.map(\.rawValue), default: "dataset-wise")
    norm = ActivationNorm(rawValue: mode) ?? .datasetWise
    normSource = reader.decided("norm_activation")
    gatesByDecoderNorm = try reader.bool("sparsity_include_decoder_norm", default: true)
    gateSource = reader.decided("sparsity_include_decoder_norm")
    hasDecoderBias = try reader.bool("use_decoder_bias", default: true)
    k = reader.has("top_k") ? try reader.integer("top_k", in: 1...Int(Int32.max)) : 50
    if isCrossLayer {
      let expected = "a list of hooks, one per layer"
      guard let into = try reader.strings("hook_points_in"),
        let out = try reader.strings("hook_points_out")
      else {
        throw ImportError(.missingKey(key: "hook_points_in, hook_points_out", expected: expected))
      }
      guard !into.isEmpty, into.count == out.count else {
        throw reader.mismatch("hook_points_out", "as many hooks as 'hook_points_in', at least one")
      }
      (hooksIn, hooksOut) = (into, out)
    } else {
      hooksIn = [try reader.requiredString("hook_point_in", "the name of a hook")]
      hooksOut = [try reader.requiredString("hook_point_out", "the name of a hook")]
    }
  }
}
