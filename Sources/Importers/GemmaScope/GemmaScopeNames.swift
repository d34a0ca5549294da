import Formats
import SAE

/// What Gemma Scope says only in the names of its folders: model, place, layer and L0.
///
/// `gemma-scope-2b-pt-res/layer_20/width_16k/average_l0_71`, with anything before and between. These
/// are declarations for taps and reports; arithmetic never depends on them.
struct GemmaScopeNames {
  private static let models = [
    "2b-pt": "google/gemma-2-2b", "2b-it": "google/gemma-2-2b-it",
    "9b-pt": "google/gemma-2-9b", "9b-it": "google/gemma-2-9b-it",
    "27b-pt": "google/gemma-2-27b", "27b-it": "google/gemma-2-27b-it",
  ]
  private static let sites = ["res", "mlp", "att", "transcoders"]

  var model: String?
  /// One of `res`, `mlp`, `att` and `transcoders`.
  var site: String?
  var layer: Int?
  /// Whether a folder is called `embedding`.
  var isEmbedding = false
  /// The folder name that says how many features are active on average.
  var averageL0: (value: Int, name: String)?

  /// Reads the names in `folder`, a path from the root on: one that starts elsewhere hides some.
  init(folder: String) {
    for part in folder.split(separator: "/") {
      if part == "embedding" { isEmbedding = true }
      if let number = LayerName.number(in: part + ".", after: "layer_", before: ".") {
        layer = number
      }
      if let number = LayerName.number(in: part + ".", after: "average_l0_", before: ".") {
        averageL0 = (number, String(part))
      }
      // A download cache writes models--google--gemma-scope-2b-pt-res.
      guard let start = part.end(of: "gemma-scope-") else { continue }
      let rest = part[start...]
      for (key, model) in Self.models where rest.hasPrefix(key + "-") {
        self.model = model
        site = Self.sites.first { rest.dropFirst(key.count + 1) == $0 }
      }
    }
  }

  /// TransformerLens' names of the places, as the publisher's own loaders have them.
  func taps(_ kind: ImportOptions.DeclaredKind) -> (input: Tap, output: Tap) {
    func tap(_ hook: String?) -> Tap { Tap(model: model, hook: hook) }
    switch (kind, site, layer) {
    case (.embedding, _, _): return (tap("hook_embed"), tap("hook_embed"))
    case (.transcoder, _, let layer?):
      return (
        tap("blocks.\(layer).ln2.hook_normalized"), tap("blocks.\(layer).hook_mlp_out")
      )
    case (.autoencoder, "res", let layer?):
      return (tap("blocks.\(layer).hook_resid_post"), tap("blocks.\(layer).hook_resid_post"))
    case (.autoencoder, "mlp", let layer?):
      return (tap("blocks.\(layer).hook_mlp_out"), tap("blocks.\(layer).hook_mlp_out"))
    case (.autoencoder, "att", let layer?):
      return (tap("blocks.\(layer).attn.hook_z"), tap("blocks.\(layer).attn.hook_z"))
    default: return (tap(nil), tap(nil))
    }
  }
}

extension Substring {
  /// Where the first occurrence of `text` ends; nil when there is none.
  fileprivate func end(of text: String) -> Index? {
    var start = startIndex
    while start < endIndex {
      if self[start...].hasPrefix(text) { return index(start, offsetBy: text.count) }
      start = index(after: start)
    }
    return nil
  }
}
