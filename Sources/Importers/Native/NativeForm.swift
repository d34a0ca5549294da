import SAE

/// The names of this library's own form of a dictionary: `docs/formats/native.md`.
package enum NativeForm {
  /// What `format` in `dictionary.json` holds.
  package static let marker = "steering-dictionary"
  /// The version that is written, and the only one that is read.
  package static let version = 1
  package static let configName = "dictionary.json"
  package static let weightsName = "weights.safetensors"
  /// The int8 form of the encoder, which a folder may have beside its weights.
  package static let acceleratorName = "accelerator.safetensors"
  package static let acceleratorMarker = "steering-accelerator"
  package static let acceleratorVersion = 1

  /// How the rows of a matrix are stored.
  package enum Storage: Equatable, Sendable {
    /// Every number, feature by feature.
    case dense
    /// The numbers that are not zero, `degree` for each feature, and their columns.
    case expander(degree: Int)
    /// Not at all: the encoder is the decoder.
    case tied

    package var name: String {
      switch self {
      case .dense: "dense"
      case .expander: "expander"
      case .tied: "tied"
      }
    }
  }

  package static let keys = [
    "format", "version", "name", "kind", "feature_count", "model_width", "output_width",
    "activation", "normalisation", "output_scale", "subtracts_decoder_bias", "decoder_norm_role",
    "prefixes", "flattens_heads", "excludes_special_tokens", "input", "output", "encoder",
    "decoder", "has_skip", "tensors", "ledger",
  ]
  package static let tapKeys = ["model", "hook", "module_hook"]
  package static let ledgerKeys = ["subject", "statement", "source"]
  package static let sourceKeys = ["kind", "name"]
  package static let sourceKinds = [
    "config", "publisher-default", "format-rule", "file-name", "option", "measured",
  ]
  package static let normalisations = [
    "none", "constant-factor", "root-width-over-norm", "layer-norm",
  ]
  package static let outputScales = ["undoes-normalisation", "none", "factor"]

  /// The fields beside `function` that an activation has, by its name.
  package static let activationKeys: [(function: String, keys: [String])] = [
    ("relu", []), ("jumpReLU", []), ("topK", ["k"]), ("batchTopK", ["threshold"]),
    ("absTopK", ["k"]), ("gated", []), ("signedTopK", ["k"]), ("groupMax", ["groups"]),
    ("biJumpReLU", []), ("blockTopK", ["block_size", "blocks"]),
    ("matchingPursuit", ["residual_threshold", "maximum_iterations", "stops_on_repeat"]),
  ]

  /// The arrays, one number per feature, that an activation needs.
  package static func arrays(ofActivation function: String) -> [String] {
    switch function {
    case "jumpReLU": ["threshold"]
    case "gated": ["gate_bias", "magnitude_bias", "magnitude_scale"]
    case "biJumpReLU":
      [
        "positive_threshold", "negative_threshold", "positive_gain", "negative_gain",
        "positive_offset", "negative_offset",
      ]
    default: []
    }
  }

  /// The arrays of a matrix called `name`.
  package static func arrays(of name: String, _ storage: Storage) -> [String] {
    switch storage {
    case .dense: [name]
    case .expander: [name + "_values", name + "_indices"]
    case .tied: []
    }
  }
}
