import Formats
import SAE

/// What Llama Scope 1's `hyperparams.json` says.
struct LlamaScopeConfig {
  /// Fields that decide something here.
  static let keys = [
    "d_model", "d_sae", "expansion_factor", "hook_point_in", "hook_point_out", "act_fn",
    "jump_relu_threshold", "dataset_average_activation_norm", "norm_activation",
    "use_decoder_bias", "use_glu_encoder", "apply_decoder_bias_to_pre_encoder",
    "sparsity_include_decoder_norm",
  ]
  /// Settings of training runs and of the machine, none of which matters for inference.
  static let trainingKeys = [
    "bias_init_method", "decoder_bias_init_method", "decoder_exactly_fixed_norm", "device", "dtype",
    "init_decoder_norm", "init_encoder_norm", "init_encoder_with_decoder_transpose",
    "init_search", "l1_coefficient", "l1_coefficient_warmup_steps", "lp",
    "normalize_by_std", "remove_gradient_parallel_to_decoder", "sae_pretrained_name_or_path",
    "seed", "sparsity_threshold_for_triton_spmm_kernel", "strict_loading", "top_k", "tp_size",
    "use_batch_norm_mse", "use_ghost_grads", "use_triton_kernel",
  ]

  var width: Int
  var featureCount: Int
  var hookIn: String
  var hookOut: String
  var activationSource: LedgerEntry.Source
  /// One threshold for all features, of pre-activations of raw rows.
  var threshold: Double
  var normIn: Double
  var normOut: Double
  var gatesByDecoderNorm: Bool

  init(_ document: JSONValue, ignoring ignored: Set<String>) throws(ImportError) {
    let reader = try ConfigReader(document: document, file: LlamaScopeImporter.configName)
    try reader.checkKeys(Self.keys, ignoring: ignored.union(Self.trainingKeys))
    width = try reader.integer("d_model", in: SAELensConfig.widths)
    featureCount = try reader.integer("d_sae", in: SAELensConfig.featureCounts)
    hookIn = try reader.requiredString("hook_point_in", "the name of a hook")
    hookOut = try reader.requiredString("hook_point_out", "the name of a hook")
    _ = try reader.choice("act_fn", of: ["jumprelu"], default: "jumprelu")
    activationSource = reader.decided("act_fn")
    guard let threshold = reader.object["jump_relu_threshold"]?.asDouble else {
      guard reader.has("jump_relu_threshold") else {
        throw ImportError(.missingKey(key: "jump_relu_threshold", expected: "a number"))
      }
      throw reader.mismatch("jump_relu_threshold", "a number")
    }
    self.threshold = threshold
    guard let norms = try reader.section("dataset_average_activation_norm") else {
      throw ImportError(
        .missingKey(
          key: "dataset_average_activation_norm", expected: "an object with 'in' and 'out'"))
    }
    try norms.checkKeys(["in", "out"], ignoring: ignored)
    normIn = try norms.positive("in")
    normOut = try norms.positive("out")
    _ = try reader.choice("norm_activation", of: ["dataset-wise"], default: "dataset-wise")
    guard try reader.bool("use_decoder_bias", default: true) else {
      throw reader.mismatch("use_decoder_bias", "true: every published file has 'decoder.bias'")
    }
    try reader.refuse(
      "use_glu_encoder", why: "a gated linear encoder has a second matrix and a sigmoid",
      advice: "use another dictionary")
    try reader.refuse(
      "apply_decoder_bias_to_pre_encoder",
      why: "no published dictionary of Llama Scope 1 does it, and its units are not pinned",
      advice: "use another dictionary")
    // Missing, it is off here: the released files were made so that it makes no difference.
    gatesByDecoderNorm = try reader.bool("sparsity_include_decoder_norm", default: false)
  }
}
