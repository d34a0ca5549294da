import Formats
import SAE

/// What Qwen Scope's `config.json` says, which many folders lack.
struct QwenScopeConfig {
  static let fileName = "config.json"
  static let modelType = "topk_sae"
  static let keys = [
    "model_type", "base_model", "d_model", "d_sae", "k", "num_layers", "hook_point", "dtype",
  ]

  var model: String?
  var width: Int?
  var featureCount: Int?
  var k: Int?
  var layerCount: Int?
  var hookPoint: String?

  /// The configuration in the folder, or beside the file; nil when there is none of this publisher.
  static func beside(
    _ source: DictionarySource, ignoring ignored: Set<String>
  ) throws(ImportError) -> QwenScopeConfig? {
    guard try source.hasBeside(fileName) else { return nil }
    let document = try source.json(fileName)
    guard document["model_type"] == .string(modelType) else { return nil }
    return try ImportError.located(at: source.path(of: fileName)) { () throws(ImportError) in
      try QwenScopeConfig(document, ignoring: ignored)
    }
  }

  init(_ document: JSONValue, ignoring ignored: Set<String>) throws(ImportError) {
    let reader = try ConfigReader(document: document, file: Self.fileName)
    try reader.checkKeys(Self.keys, ignoring: ignored)
    func integer(_ key: String, _ range: ClosedRange<Int>) throws(ImportError) -> Int? {
      guard reader.has(key), !reader.isNull(key) else { return nil }
      return try reader.integer(key, in: range)
    }
    model = try reader.string("base_model")
    hookPoint = try reader.string("hook_point")
    width = try integer("d_model", SAELensConfig.widths)
    featureCount = try integer("d_sae", SAELensConfig.featureCounts)
    k = try integer("k", SAELensConfig.featureCounts)
    layerCount = try integer("num_layers", 1...Int(Int32.max))
    _ = try reader.string("dtype")
  }

  /// Throws unless the tensors and the file's layer are what is declared.
  func check(width found: Int, featureCount count: Int, layer: Int?) throws(ImportError) {
    for (key, declared, actual) in [("d_model", width, found), ("d_sae", featureCount, count)] {
      guard let declared, declared != actual else { continue }
      throw ImportError(
        .value(
          key: key, found: "\(declared)", expected: "\(actual), as the tensors' shapes say"))
    }
    if let layer, let layerCount, layer >= layerCount {
      throw ImportError(
        .value(
          key: "num_layers", found: "\(layerCount)",
          expected: "more than \(layer), the layer in the file's name"))
    }
  }

  /// k of the configuration and of the caller, which may not contradict each other.
  static func k(
    _ config: QwenScopeConfig?, _ given: Int?
  ) throws(ImportError) -> (k: Int, source: LedgerEntry.Source) {
    if let declared = config?.k {
      if let given, given != declared {
        throw ImportError(
          .value(
            key: "k", found: "\(given)", expected: "\(declared), as the configuration's 'k' says"))
      }
      return (declared, .config(key: "k"))
    }
    guard let given else {
      throw ImportError(
        .missingKey(
          key: "k",
          expected: "the option k: no file holds it; it ends the repository's name, as in"
            + " SAE-Res-…-W64K-L0_50"))
    }
    return (given, .option("k \(given)"))
  }

  /// The place that `hook_point` names for `layer`; nil when it is no name known here.
  static func tap(_ config: QwenScopeConfig?, layer: Int) -> Tap? {
    let module = "model.layers.\(layer)"
    let hook = "blocks.\(layer).hook_resid_post"
    if let name = config?.hookPoint {
      let known = ["resid_post", "hook_resid_post", hook, module, module + ".output"]
      guard known.contains(name.replacing("{layer}", with: "\(layer)")) else { return nil }
    }
    return Tap(model: config?.model, hook: hook, moduleHook: module)
  }
}
