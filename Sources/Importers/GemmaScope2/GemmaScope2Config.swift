import Formats
import SAE

/// What Gemma Scope 2's `config.json` says, which some folders lack.
struct GemmaScope2Config {
  static let fileName = "config.json"
  static let keys = [
    "architecture", "model_name", "hf_hook_point_in", "hf_hook_point_out", "affine_connection",
    "type", "width", "l0",
  ]

  var model: String?
  var moduleIn: String?
  var moduleOut: String?
  var type: String?
  var hasAffineConnection: Bool?
  var width: Int?

  /// The configuration in the folder, or beside the file; nil when there is none.
  static func beside(
    _ source: DictionarySource, ignoring ignored: Set<String>
  ) throws(ImportError) -> GemmaScope2Config? {
    guard try source.hasBeside(fileName) else { return nil }
    let document = try source.json(fileName)
    return try ImportError.located(at: source.path(of: fileName)) { () throws(ImportError) in
      try GemmaScope2Config(document, ignoring: ignored)
    }
  }

  init(_ document: JSONValue, ignoring ignored: Set<String>) throws(ImportError) {
    let reader = try ConfigReader(document: document, file: Self.fileName)
    if !ignored.contains("type"), case .string("crosscoder") = document["type"] {
      throw ImportError(
        .refused(
          what: "type 'crosscoder'",
          why: "its features read several layers at once, each through its own encoder",
          advice: "use another dictionary"))
    }
    try reader.checkKeys(Self.keys, ignoring: ignored)
    _ = try reader.choice("architecture", of: ["jump_relu"], default: nil)
    model = try reader.string("model_name")
    moduleIn = try reader.string("hf_hook_point_in")
    moduleOut = try reader.string("hf_hook_point_out")
    if !reader.isNull("type"), reader.has("type"), !ignored.contains("type") {
      type = try reader.choice("type", of: ["sae", "transcoder", "clt"], default: nil)
    }
    if !reader.isNull("affine_connection"), reader.has("affine_connection") {
      hasAffineConnection = try reader.bool("affine_connection", default: nil)
    }
    if reader.has("width") {
      width = try reader.integer("width", in: SAELensConfig.featureCounts)
    }
  }

  /// Marks every layer in the names of a cross-layer transcoder's modules.
  private static let everyLayer = "{all}"

  /// The places of layer `layer` of a cross-layer transcoder; the model alone where no name is given
  /// that stands for every layer.
  static func taps(_ config: GemmaScope2Config?, layer: Int) -> (input: Tap, output: Tap) {
    func tap(_ module: String?) -> Tap {
      guard let module, module.contains(everyLayer) else { return Tap(model: config?.model) }
      return Self.tap(model: config?.model, module: module.replacing(everyLayer, with: "\(layer)"))
    }
    return (tap(config?.moduleIn), tap(config?.moduleOut))
  }

  /// Whether the configuration in the folder says that it is a crosscoder.
  static func declaresCrosscoder(_ source: DictionarySource) throws(ImportError) -> Bool {
    guard try source.hasBeside(fileName) else { return false }
    return try source.json(fileName)["type"] == .string("crosscoder")
  }

  /// The place of one of the published module names; the name itself is always kept.
  static func tap(model: String?, module: String?) -> Tap {
    guard let module else { return Tap(model: model) }
    let fields = module.split(separator: ".", maxSplits: 3, omittingEmptySubsequences: false)
    var hook: String?
    if fields.count == 4, fields[0] == "model", fields[1] == "layers", let layer = UInt16(fields[2])
    {
      switch fields[3] {
      case "output": hook = "blocks.\(layer).hook_resid_post"
      case "self_attn.o_proj.input": hook = "blocks.\(layer).attn.hook_z"
      case "post_feedforward_layernorm.output": hook = "blocks.\(layer).hook_mlp_out"
      // What comes out of the norm before the MLP, its gain included, has no name in TransformerLens:
      // hook_mlp_in fires before the norm and ln2.hook_normalized before the gain.
      default: hook = nil
      }
    }
    return Tap(model: model, hook: hook, moduleHook: module)
  }
}
