import Formats
import SAE

/// What `config.json` beside an expander checkpoint says.
struct ExpanderConfig {
  static let fileName = "config.json"
  static let keys = ["architecture", "d_model", "n_latents", "degree", "k"]
  static let architectures = ["expander", "expander_tied"]

  var width: Int?
  var featureCount: Int?
  var degree: Int?
  var k: Int?

  init() {}

  init(_ document: JSONValue, ignoring ignored: Set<String>) throws(ImportError) {
    guard case .object(let members) = document else {
      throw ImportError(
        .value(key: Self.fileName, found: "not an object", expected: "a JSON object"))
    }
    for member in members where !Self.keys.contains(member.key) && !ignored.contains(member.key) {
      throw ImportError(.unknownKey(key: member.key, accepted: Self.keys))
    }
    let reader = ConfigReader(object: document)
    _ = try reader.choice("architecture", of: Self.architectures, default: "expander")
    func integer(_ key: String, _ range: ClosedRange<Int>) throws(ImportError) -> Int? {
      reader.has(key) ? try reader.integer(key, in: range) : nil
    }
    width = try integer("d_model", SAELensConfig.widths)
    featureCount = try integer("n_latents", SAELensConfig.featureCounts)
    degree = try integer("degree", SAELensConfig.widths)
    k = try integer("k", SAELensConfig.featureCounts)
  }
}
