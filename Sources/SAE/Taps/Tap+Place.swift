extension Tap {
  /// A place in the stack of a model's blocks.
  public struct Place: Sendable, Equatable {
    /// What is read or written there.
    public enum Site: String, Sendable, CaseIterable {
      /// The token embedding, before anything is added to it; its layer is 0.
      case embedding = "hook_embed"
      /// The residual stream before the block.
      case residualPre = "hook_resid_pre"
      /// The concatenated heads of attention, before they are projected back.
      case attentionHeads = "attn.hook_z"
      /// What attention's projection gives, before any norm that follows it.
      case attentionRawOut = "attn.hook_out"
      /// What attention adds to the residual stream, after any norm that follows it.
      case attentionOut = "hook_attn_out"
      /// The residual stream between attention and MLP.
      case residualMid = "hook_resid_mid"
      /// The MLP's normalised input before the norm's learned gain.
      case mlpNormalised = "ln2.hook_normalized"
      /// The MLP's input as its first matrix reads it, after the gain of any norm before it.
      case mlpInput = "mlp.hook_in"
      /// What the MLP's last matrix gives, before any norm that follows it.
      case mlpRawOut = "mlp.hook_out"
      /// What the MLP adds to the residual stream, after any norm that follows it.
      case mlpOut = "hook_mlp_out"
      /// The residual stream after the block.
      case residualPost = "hook_resid_post"

      /// Whether it is what a part of the model reads or what it writes.
      public var side: Side {
        switch self {
        case .residualPre, .mlpNormalised, .mlpInput, .attentionHeads: .input
        case .embedding, .attentionRawOut, .attentionOut, .residualMid, .mlpRawOut, .mlpOut,
          .residualPost:
          .output
        }
      }

      /// Whether it is the residual stream, or what attention or the MLP adds to it.
      var isOfTheStream: Bool {
        switch self {
        case .residualPre, .residualMid, .residualPost, .attentionOut, .mlpOut: true
        case .embedding, .attentionHeads, .attentionRawOut, .mlpNormalised, .mlpInput, .mlpRawOut:
          false
        }
      }
    }

    /// Which end of a part of the model a place is.
    public enum Side: String, Sendable {
      /// What the part reads.
      case input
      /// What the part writes.
      case output
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
      case .embedding, .attentionHeads, .attentionRawOut, .attentionOut, .residualMid,
        .mlpNormalised, .mlpInput, .mlpRawOut, .mlpOut:
        nil
      }
    }
  }

  /// The place of the residual stream, or of what is added to it, that ``hook`` names: `blocks.N.` and a
  /// site; nil for any other name.
  public var place: Place? {
    guard let parts = hook?.split(separator: ".", omittingEmptySubsequences: false),
      parts.count == 3, parts[0] == "blocks",
      let layer = Int32(parts[1]), layer >= 0, String(layer) == parts[1],
      let site = Place.Site(rawValue: String(parts[2])), site.isOfTheStream
    else { return nil }
    return Place(layer: Int(layer), site: site)
  }
}
