extension Tap {
  /// A place in the stack of a model's blocks.
  public struct Place: Sendable, Equatable {
    /// What is read or written there.
    public enum Site: String, Sendable, CaseIterable {
      /// The residual stream before the block.
      case residualPre = "hook_resid_pre"
      /// The residual stream between attention and MLP.
      case residualMid = "hook_resid_mid"
      /// The residual stream after the block.
      case residualPost = "hook_resid_post"
      /// What attention adds to the residual stream.
      case attentionOut = "hook_attn_out"
      /// What the MLP adds to the residual stream.
      case mlpOut = "hook_mlp_out"
    }

    /// The block, counted from 0.
    public var layer: Int
    /// What is read or written there.
    public var site: Site

    /// Makes a place.
    public init(layer: Int, site: Site) {
      self.layer = layer
      self.site = site
    }

    /// The block after whose output the same residual stream stands: before block N is after block
    /// N − 1. Nil for other sites, and before block 0.
    public var residualLayer: Int? {
      switch site {
      case .residualPost: layer
      case .residualPre: layer > 0 ? layer - 1 : nil
      case .residualMid, .attentionOut, .mlpOut: nil
      }
    }
  }

  /// The place that ``hook`` names, `blocks.N.` and a site; nil for any other name.
  public var place: Place? {
    guard let parts = hook?.split(separator: ".", omittingEmptySubsequences: false),
      parts.count == 3, parts[0] == "blocks",
      let layer = Int32(parts[1]), layer >= 0, String(layer) == parts[1],
      let site = Place.Site(rawValue: String(parts[2]))
    else { return nil }
    return Place(layer: Int(layer), site: site)
  }
}
