import Formats
import SAE

/// What circuit-tracer's `config.yaml` says about a set of transcoders.
struct CircuitTracerConfig {
  static let fileName = "config.yaml"
  /// Records of training runs that older sets have, one of the names by a slip of the publisher's.
  static let recordNames = ["wandb-config.yaml", "wanb-config.yaml"]
  static let keys = [
    "model_name", "model_kind", "feature_input_hook", "feature_output_hook", "transcoders", "scan",
    "repo_id", "revision", "subfolder",
  ]
  static let perLayer = "transcoder_set"
  static let crossLayer = "cross_layer_transcoder"

  var model: String?
  var kind: String?
  var hookIn: String?
  var hookOut: String?

  /// The configuration in the folder, or beside the file; nil when there is none.
  static func beside(
    _ source: DictionarySource, ignoring ignored: Set<String>
  ) throws(ImportError) -> CircuitTracerConfig? {
    guard try source.hasBeside(fileName) else { return nil }
    let document = try source.yaml(fileName)
    return try ImportError.located(at: source.path(of: fileName)) { () throws(ImportError) in
      try CircuitTracerConfig(document, ignoring: ignored)
    }
  }

  private init(_ document: JSONValue, ignoring ignored: Set<String>) throws(ImportError) {
    let reader = try ConfigReader(document: document, file: Self.fileName)
    try reader.checkKeys(Self.keys, ignoring: ignored)
    model = try reader.string("model_name")
    if reader.has("model_kind") {
      kind = try reader.choice(
        "model_kind", of: [Self.perLayer, Self.crossLayer], default: nil)
    }
    hookIn = try reader.string("feature_input_hook")
    hookOut = try reader.string("feature_output_hook")
    // Names of files to download; what is read is what lies here.
    _ = try reader.strings("transcoders")
  }

  /// The place of a hook that is named within its block.
  static func tap(model: String?, hook: String?, layer: Int?) -> Tap {
    guard let hook else { return Tap(model: model) }
    return Tap(model: model, hook: layer.map { "blocks.\($0).\(hook)" } ?? hook)
  }

  /// Checks the sizes that the record of a training run states, where there is one.
  static func checkRecord(
    _ source: DictionarySource, width: Int, featureCount: Int
  ) throws(ImportError) {
    for name in recordNames where try source.hasBeside(name) {
      let document = try source.yaml(name)
      for (key, count) in [("d_model", width), ("d_feature", featureCount)] {
        guard let stated = document[key]?["value"]?.asInt, stated != count else { continue }
        throw ImportError(
          .value(
            key: "\(key).value", found: "\(stated)", expected: "\(count), as the weights have"),
          path: source.path(of: name))
      }
    }
  }
}
