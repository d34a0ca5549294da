/// The name of a place in each scheme.
///
/// Sources: TransformerLens' hook points; Hugging Face's module trees of Llama, Gemma 2 and 3, GPT-2
/// and GPT-NeoX; llama.cpp's graph callbacks; repeng's and cvector-generator's GGUF files.
public enum HookNames {
  /// The name of `place` in `scheme`, or nil where the scheme has none or it depends on the model and
  /// that is not known.
  ///
  /// `layerCount` is the model's number of blocks; with it the last entry of `hidden_states`, which has
  /// the final norm, is not taken for the output of the last block.
  public static func name(
    of place: Tap.Place, in scheme: HookScheme, model: String? = nil, layerCount: Int? = nil
  ) -> String? {
    let model = HookModel(model)
    let layer = place.layer
    if place.site == .residualMid, model.isParallel { return nil }
    switch scheme {
    case .transformerLens:
      return place.site == .embedding ? "hook_embed" : "blocks.\(layer).\(place.site.rawValue)"
    case .huggingFace: return huggingFace(place, model)
    case .hiddenStates:
      switch place.site {
      case .residualPre: return "hidden_states[\(layer)]"
      case .residualPost: return layer + 1 == layerCount ? nil : "hidden_states[\(layer + 1)]"
      default: return nil
      }
    case .sparsify: return sparsify(place, model)
    case .llamaCpp: return llamaCpp(place, model)
    case .repeng:
      // llama.cpp applies nothing to block 0, and refuses direction.0.
      guard let block = place.residualLayer, block >= 1 else { return nil }
      return "direction.\(block)"
    case .cvectorGenerator: return place.residualLayer.map { "direction.\($0 + 1)" }
    }
  }

  /// The module of a block, as `parts`, or nil where none is the place.
  private static func huggingFace(_ place: Tap.Place, _ model: HookModel) -> String? {
    let (stem, attention, projection, embedding) =
      switch model.modules {
      case .llama: ("model.layers", "self_attn", "self_attn.o_proj", "model.embed_tokens")
      case .gpt2: ("transformer.h", "attn", "attn.c_proj", "transformer.wte")
      case .neox: ("gpt_neox.layers", "attention", "attention.dense", "gpt_neox.embed_in")
      }
    let block = "\(stem).\(place.layer)"
    switch place.site {
    case .embedding: return "\(embedding).output"
    case .residualPre: return "\(block).input"
    case .residualPost: return "\(block).output"
    case .residualMid, .mlpNormalised: return nil
    case .attentionHeads: return "\(block).\(projection).input"
    case .attentionRawOut: return "\(block).\(attention).output"
    case .mlpRawOut: return "\(block).mlp.output"
    case .mlpInput:
      return model.isGemma && model.norms == .sandwich
        ? "\(block).pre_feedforward_layernorm.output" : "\(block).mlp.input"
    case .attentionOut:
      switch model.norms {
      case .before: return "\(block).\(attention).output"
      case .sandwich: return "\(block).post_attention_layernorm.output"
      case .unknown: return nil
      }
    case .mlpOut:
      switch model.norms {
      case .before: return "\(block).mlp.output"
      case .sandwich: return "\(block).post_feedforward_layernorm.output"
      case .unknown: return nil
      }
    }
  }

  private static func sparsify(_ place: Tap.Place, _ model: HookModel) -> String? {
    let (stem, attention, embedding) =
      switch model.modules {
      case .llama: ("layers", "self_attn", "embed_tokens")
      case .gpt2: ("h", "attn", "wte")
      case .neox: ("layers", "attention", "embed_in")
      }
    switch place.site {
    case .embedding: return embedding
    case .residualPre: return place.layer > 0 ? "\(stem).\(place.layer - 1)" : nil
    case .residualPost: return "\(stem).\(place.layer)"
    case .attentionRawOut: return "\(stem).\(place.layer).\(attention)"
    case .mlpRawOut: return "\(stem).\(place.layer).mlp"
    case .attentionOut:
      return model.norms == .before ? "\(stem).\(place.layer).\(attention)" : nil
    case .mlpOut: return model.norms == .before ? "\(stem).\(place.layer).mlp" : nil
    case .residualMid, .attentionHeads, .mlpNormalised, .mlpInput: return nil
    }
  }

  private static func llamaCpp(_ place: Tap.Place, _ model: HookModel) -> String? {
    let layer = place.layer
    switch place.site {
    case .embedding: return "inp_embd"
    case .residualPre: return layer > 0 ? "l_out-\(layer - 1)" : nil
    case .residualMid: return llamaCppMiddle(model).map { "\($0)-\(layer)" }
    case .residualPost: return "l_out-\(layer)"
    case .attentionHeads: return "kqv_out-\(layer)"
    case .mlpInput: return model.hasNormBeforeMLP ? "ffn_norm-\(layer)" : nil
    case .mlpRawOut: return "ffn_out-\(layer)"
    case .mlpOut: return model.norms == .before ? "ffn_out-\(layer)" : nil
    case .attentionOut: return model.norms == .sandwich ? "attn_post_norm-\(layer)" : nil
    case .attentionRawOut, .mlpNormalised: return nil
    }
  }

  /// What llama.cpp's graph calls the stream between attention and MLP, without the block's number.
  static func llamaCppMiddle(_ model: HookModel) -> String? {
    switch model.gemma {
    case .first, .second: "sa_out"
    case .fourth: "attn_out"
    case .thirdN, .unknown: nil
    case nil: model.isParallel || model.isUnknown ? nil : "ffn_inp"
    }
  }
}
