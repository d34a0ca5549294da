import SAE
import Testing

@Suite struct HookResolverTests {
  struct Case: Sendable, CustomStringConvertible {
    var name: String
    var site: Tap.Place.Site
    var layer: Int
    var scheme: HookScheme
    var model: String?
    var confirming: Set<HookTrap> = []
    var description: String { "\(name) \(model ?? "")" }

    init(
      _ name: String, _ site: Tap.Place.Site, _ layer: Int, _ scheme: HookScheme,
      model: String? = nil, confirming: Set<HookTrap> = []
    ) {
      self.name = name
      self.site = site
      self.layer = layer
      self.scheme = scheme
      self.model = model
      self.confirming = confirming
    }
  }

  static let cases = [
    Case("blocks.12.hook_resid_post", .residualPost, 12, .transformerLens),
    Case("blocks.12.hook_resid_pre", .residualPre, 12, .transformerLens),
    Case("blocks.0.hook_resid_mid", .residualMid, 0, .transformerLens),
    Case("blocks.3.hook_attn_out", .attentionOut, 3, .transformerLens),
    Case("blocks.3.hook_mlp_out", .mlpOut, 3, .transformerLens, model: "gemma-2-2b"),
    Case("blocks.3.mlp.hook_in", .mlpInput, 3, .transformerLens),
    Case("blocks.3.mlp.hook_out", .mlpRawOut, 3, .transformerLens),
    Case("blocks.3.mlp.hook_out", .mlpOut, 3, .transformerLens, model: "gpt2"),
    Case("blocks.3.attn.hook_z", .attentionHeads, 3, .transformerLens),
    Case("hook_embed", .embedding, 0, .transformerLens),
    Case(
      "blocks.3.ln2.hook_normalized", .mlpNormalised, 3, .transformerLens, confirming: [.preGain]),
    Case("blocks.3.hook_mlp_in", .residualMid, 3, .transformerLens, model: "gpt2-small"),
    Case(
      "blocks.3.hook_mlp_in", .residualMid, 3, .transformerLens, model: "gemma-3-1b-it",
      confirming: [.mlpIn]),
    Case("model.layers.12", .residualPost, 12, .huggingFace),
    Case("model.layers.12.output", .residualPost, 12, .huggingFace),
    Case("model.layers.12.input", .residualPre, 12, .huggingFace),
    Case("model.language_model.layers.7.output", .residualPost, 7, .huggingFace),
    Case("model.layers.12.self_attn.o_proj.input", .attentionHeads, 12, .huggingFace),
    Case(
      "model.layers.12.post_feedforward_layernorm.output", .mlpOut, 12, .huggingFace,
      model: "google/gemma-3-270m"),
    Case("model.layers.12.pre_feedforward_layernorm.output", .mlpInput, 12, .huggingFace),
    Case("model.layers.2.mlp.output", .mlpRawOut, 2, .huggingFace),
    Case("model.layers.2.mlp.output", .mlpOut, 2, .huggingFace, model: "Llama-3.1-8B"),
    Case(
      "model.layers.2.mlp.output", .mlpRawOut, 2, .huggingFace, model: "gemma-2-2b",
      confirming: [.sandwichNorm]),
    Case(
      "model.layers.2.post_attention_layernorm.output", .attentionOut, 2, .huggingFace,
      model: "allenai/OLMo-2-1124-7B"),
    Case(
      "model.layers.2.post_attention_layernorm.output", .mlpInput, 2, .huggingFace,
      model: "Qwen/Qwen2.5-7B"),
    Case("transformer.h.5", .residualPost, 5, .huggingFace),
    Case("transformer.h.5.mlp.output", .mlpOut, 5, .huggingFace),
    Case("gpt_neox.layers.4", .residualPost, 4, .huggingFace),
    Case("gpt_neox.layers.4.attention.output", .attentionOut, 4, .huggingFace),
    Case("hidden_states[0]", .residualPre, 0, .hiddenStates),
    Case("hidden_states[13]", .residualPost, 12, .hiddenStates),
    Case("layers.10", .residualPost, 10, .sparsify),
    Case("layers.10.mlp", .mlpRawOut, 10, .sparsify),
    Case("layers.10.mlp", .mlpOut, 10, .sparsify, model: "EleutherAI/pythia-160m"),
    Case("h.3", .residualPost, 3, .sparsify),
    Case("embed_tokens", .embedding, 0, .sparsify),
    Case("l_out-12", .residualPost, 12, .llamaCpp),
    Case("ffn_inp-4", .residualMid, 4, .llamaCpp),
    Case("ffn_inp-4", .residualMid, 4, .llamaCpp, model: "Llama-3.1-8B"),
    Case("ffn_inp-4", .residualMid, 4, .llamaCpp, model: "allenai/OLMo-2-1124-7B"),
    Case("sa_out-4", .residualMid, 4, .llamaCpp),
    Case("sa_out-4", .residualMid, 4, .llamaCpp, model: "google/gemma-2-2b"),
    Case("sa_out-4", .residualMid, 4, .llamaCpp, model: "google/gemma-3-270m"),
    Case("sa_out-4", .residualMid, 4, .llamaCpp, model: "google/gemma-2b"),
    Case("attn_out-4", .residualMid, 4, .llamaCpp, model: "google/gemma-4-9b"),
    Case("attn_post_norm-4", .attentionOut, 4, .llamaCpp, model: "google/gemma-2-2b"),
    Case("attn_post_norm-4", .attentionOut, 4, .llamaCpp, model: "allenai/OLMo-2-1124-7B"),
    Case("blocks.3.hook_mlp_in", .residualPre, 3, .transformerLens, model: "pythia-70m"),
    Case("ffn_out-4", .mlpRawOut, 4, .llamaCpp),
    Case("kqv_out-4", .attentionHeads, 4, .llamaCpp),
    Case("inp_embd", .embedding, 0, .llamaCpp),
    Case(
      "inp_embd", .embedding, 0, .llamaCpp, model: "gemma-3-270m", confirming: [.embeddingScale]),
  ]

  @Test(arguments: cases)
  func namesAreRead(_ example: Case) throws {
    let found = try HookResolver.resolve(
      example.name, model: example.model, confirming: example.confirming)
    #expect(found.place == Tap.Place(layer: example.layer, site: example.site))
    #expect(found.scheme == example.scheme)
    #expect(found.trap == example.confirming.first)
  }

  private func reason(_ body: () throws(HookError) -> Void) -> HookError.Reason? {
    do {
      try body()
      return nil
    } catch {
      return error.reason
    }
  }

  static let traps: [(name: String, model: String?, trap: HookTrap)] = [
    ("blocks.3.mlp.hook_out", "gemma-2-2b", .sandwichNorm),
    ("blocks.3.attn.hook_out", "gemma-3-4b-pt", .sandwichNorm),
    ("model.layers.3.mlp.output", "google/gemma-3-270m", .sandwichNorm),
    ("model.layers.3.self_attn.output", "OLMo-2-7B", .sandwichNorm),
    ("layers.3.mlp", "olmo-3-7b", .sandwichNorm),
    ("ffn_out-3", "gemma-4-9b", .sandwichNorm),
    ("blocks.3.ln2.hook_normalized", nil, .preGain),
    ("blocks.3.ln2.hook_normalized", "gpt2", .preGain),
    ("blocks.3.hook_mlp_in", nil, .mlpIn),
    ("blocks.3.hook_mlp_in", "gemma-2b", .mlpIn),
    ("embed_tokens", "gemma-2b", .embeddingScale),
    ("model.layers.3.mlp.output", "google/shieldgemma-2b", .sandwichNorm),
    ("model.layers.3.mlp.output", "somebody/tuned-gemma", .sandwichNorm),
    ("ffn_out-3", "gemma", .sandwichNorm),
  ]

  /// Names that other models have, with what is right on this one.
  static let absent: [(name: String, model: String, expected: String)] = [
    ("ffn_inp-4", "google/gemma-2-2b", "sa_out-4"),
    ("ffn_inp-4", "google/gemma-3-270m", "sa_out-4"),
    ("ffn_inp-4", "google/gemma-2b", "sa_out-4"),
    ("ffn_inp-4", "google/gemma-4-9b", "attn_out-4"),
    ("sa_out-4", "google/gemma-4-9b", "attn_out-4"),
    ("ffn_inp-4", "gemma-3n-E2B", "another place"),
    ("ffn_inp-4", "gemma", "the model's full name, which says which Gemma it is"),
    ("sa_out-4", "Llama-3.1-8B", "ffn_inp-4"),
    ("attn_post_norm-4", "Llama-3.1-8B", "blocks.4.hook_attn_out"),
    (
      "ffn_inp-4", "EleutherAI/pythia-160m", "blocks.4.hook_resid_pre or blocks.4.hook_resid_post"
    ),
    (
      "blocks.4.hook_resid_mid", "gpt-neox-20b",
      "blocks.4.hook_resid_pre or blocks.4.hook_resid_post"
    ),
    ("ffn_norm-4", "allenai/OLMo-2-1124-7B", "blocks.4.mlp.hook_in"),
    (
      "model.layers.4.pre_feedforward_layernorm.output", "allenai/Olmo-3-7B",
      "model.layers.4.mlp.input"
    ),
  ]

  @Test(arguments: absent)
  func namesOfOtherModelsAreRefused(
    _ example: (name: String, model: String, expected: String)
  ) throws {
    let found = reason { () throws(HookError) in
      _ = try HookResolver.resolve(
        example.name, model: example.model, confirming: Set(HookTrap.allCases))
    }
    guard case .absent(_, let expected) = found else {
      Issue.record("\(example.name) on \(example.model): \(String(describing: found))")
      return
    }
    #expect(expected == example.expected)
  }

  static let middles: [(String?, middle: String?, attention: String?, mlp: String?)] = [
    ("google/gemma-2-2b", "sa_out-5", "attn_post_norm-5", "ffn_norm-5"),
    ("google/gemma-3-270m", "sa_out-5", "attn_post_norm-5", "ffn_norm-5"),
    ("google/gemma-2b", "sa_out-5", nil, "ffn_norm-5"),
    ("google/gemma-4-9b", "attn_out-5", "attn_post_norm-5", "ffn_norm-5"),
    ("Llama-3.1-8B", "ffn_inp-5", nil, "ffn_norm-5"),
    ("allenai/OLMo-2-1124-7B", "ffn_inp-5", "attn_post_norm-5", nil),
    ("EleutherAI/pythia-70m", nil, nil, "ffn_norm-5"), (nil, nil, nil, "ffn_norm-5"),
  ]

  /// What llama.cpp's graphs call tensors of a block, model by model.
  @Test(arguments: middles)
  func llamaCppNamesFollowTheModel(
    _ example: (String?, middle: String?, attention: String?, mlp: String?)
  ) {
    func name(_ site: Tap.Place.Site) -> String? {
      HookNames.name(of: Tap.Place(layer: 5, site: site), in: .llamaCpp, model: example.0)
    }
    #expect(name(.residualMid) == example.middle)
    #expect(name(.attentionOut) == example.attention)
    #expect(name(.mlpInput) == example.mlp)
  }

  @Test(arguments: traps)
  func trapsAreRefusedUntilConfirmed(
    _ example: (name: String, model: String?, trap: HookTrap)
  ) throws {
    let others = Set(HookTrap.allCases).subtracting([example.trap])
    let found = reason { () throws(HookError) in
      _ = try HookResolver.resolve(example.name, model: example.model, confirming: others)
    }
    guard case .trap(let trap, let what) = found else {
      Issue.record("\(example.name) was not refused: \(String(describing: found))")
      return
    }
    #expect(trap == example.trap)
    #expect(!what.isEmpty)
    let confirmed = try HookResolver.resolve(
      example.name, model: example.model, confirming: [example.trap])
    #expect(confirmed.trap == example.trap)
  }

  @Test func theLastHiddenStateHasTheFinalNorm() throws {
    for name in ["hidden_states[18]", "hidden_states[-1]"] {
      let found = reason { () throws(HookError) in
        _ = try HookResolver.resolve(name, layerCount: 18)
      }
      guard case .trap(.finalNorm, _) = found else {
        Issue.record("\(name) was not refused")
        continue
      }
      let place = try HookResolver.resolve(name, layerCount: 18, confirming: [.finalNorm]).place
      #expect(place == Tap.Place(layer: 17, site: .residualPost))
    }
    #expect(
      try HookResolver.resolve("hidden_states[-2]", layerCount: 18).place
        == Tap.Place(layer: 16, site: .residualPost))
    #expect(
      try HookResolver.resolve("hidden_states[-19]", layerCount: 18).place
        == Tap.Place(layer: 0, site: .residualPre))
    let bare = reason { () throws(HookError) in _ = try HookResolver.resolve("hidden_states[-1]") }
    guard case .ambiguous(_, let expected) = bare else {
      Issue.record("a negative index needs the number of layers")
      return
    }
    #expect(expected == "the number of the model's layers")
  }

  @Test func directionsNeedTheirConvention() throws {
    let found = reason { () throws(HookError) in _ = try HookResolver.resolve("direction.5") }
    guard case .ambiguous = found else {
      Issue.record("direction.5 was not refused")
      return
    }
    #expect(try HookResolver.resolve("direction.5", scheme: .repeng).place.layer == 5)
    #expect(try HookResolver.resolve("direction.5", scheme: .cvectorGenerator).place.layer == 4)
    #expect(try HookResolver.resolve("direction.1", scheme: .cvectorGenerator).place.layer == 0)
  }

  @Test(arguments: [
    "", "blocks.12", "blocks.12.", "blocks.-1.hook_resid_post", "blocks.01.hook_resid_post",
    "blocks.x.hook_resid_post", "blocks.1.hook_resid_post.x", "blocks.99999999999.hook_resid_post",
    "blocks.2147483647.hook_resid_post", "blocks.0.hook_embed", "model.layers.12.norm.output",
    "model.layers.", "layers.", "layers.+1", "l_out", "l_out-", "l_out--1", "hidden_states[]",
    "hidden_states[--1]", "hidden_states[-0]", "hidden_states[1", "direction.0", "direction.x",
    "transformer.h.3.ln_1.output", "résidu", "h.1.mlp.c_fc",
  ])
  func otherNamesAreRefusedWithWhatIsAccepted(_ name: String) {
    for scheme in [nil] + HookScheme.allCases.map(Optional.some) {
      let found = reason { () throws(HookError) in
        _ = try HookResolver.resolve(name, scheme: scheme)
      }
      #expect(found == .unknown(accepted: HookResolver.accepted(scheme)))
    }
    #expect(!HookResolver.accepted(nil).isEmpty)
  }

  @Test func indicesPastTheEndAreRefused() {
    for name in ["hidden_states[19]", "hidden_states[-20]"] {
      #expect(
        reason { () throws(HookError) in _ = try HookResolver.resolve(name, layerCount: 18) }
          == .unknown(accepted: HookResolver.accepted(nil)))
    }
  }

  /// Every name that a scheme has leads back to its place, or to the same residual stream.
  @Test(arguments: [nil, "gemma-3-270m", "Llama-3.1-8B", "gpt2", "pythia-70m", "OLMo-2-1124-7B"])
  func namesLeadBack(_ model: String?) throws {
    var count = 0
    for site in Tap.Place.Site.allCases {
      for layer in site == .embedding ? [0] : [0, 1, 7] {
        let place = Tap.Place(layer: layer, site: site)
        for scheme in HookScheme.allCases {
          guard let name = HookNames.name(of: place, in: scheme, model: model) else { continue }
          count += 1
          let back = try HookResolver.resolve(
            name, scheme: scheme, model: model, confirming: Set(HookTrap.allCases)
          ).place
          if let block = place.residualLayer {
            #expect(back.residualLayer == block, "\(name) in \(scheme.rawValue)")
          } else {
            let norms = HookModel(model).norms
            let merged: [Tap.Place.Site: Tap.Place.Site] =
              norms == .before ? [.mlpRawOut: .mlpOut, .attentionRawOut: .attentionOut] : [:]
            // GPT-2 and GPT-NeoX put no norm after attention and MLP.
            #expect(
              back == Tap.Place(layer: layer, site: merged[site] ?? site),
              "\(name) in \(scheme.rawValue)")
          }
        }
      }
    }
    #expect(count > 60)
  }

  @Test func theStreamBeforeABlockIsThatAfterTheOneBefore() {
    let before = Tap.Place(layer: 6, site: .residualPre)
    let after = Tap.Place(layer: 5, site: .residualPost)
    for scheme in HookScheme.allCases where scheme != .transformerLens && scheme != .huggingFace {
      #expect(HookNames.name(of: before, in: scheme) == HookNames.name(of: after, in: scheme))
    }
    #expect(HookNames.name(of: after, in: .repeng) == "direction.5")
    #expect(HookNames.name(of: after, in: .cvectorGenerator) == "direction.6")
    #expect(HookNames.name(of: Tap.Place(layer: 0, site: .residualPost), in: .repeng) == nil)
    let last = Tap.Place(layer: 17, site: .residualPost)
    #expect(HookNames.name(of: last, in: .hiddenStates) == "hidden_states[18]")
    #expect(HookNames.name(of: last, in: .hiddenStates, layerCount: 18) == nil)
  }

  static let models: [(String?, HookModel.Norms, Bool)] = [
    (nil, .unknown, false), ("google/gemma-2-2b", .sandwich, true),
    ("google/gemma-2b", .before, true), ("gemma-7b-it", .before, true),
    ("gemma-3n-E2B", .sandwich, true), ("gemma3-270m", .sandwich, true),
    ("allenai/OLMo-2-1124-7B", .sandwich, false), ("allenai/OLMo-1B", .before, false),
    ("openai-community/gpt2", .before, false), ("meta-llama/Llama-3.1-8B", .before, false),
    ("some/model", .unknown, false), ("gemma-2", .sandwich, true),
    ("google/gemma-2b-it", .before, true), ("google/gemma-1.1-7b-it", .before, true),
    ("google/codegemma-2b", .before, true), ("google/recurrentgemma-2b", .before, true),
    ("google/shieldgemma-2b", .sandwich, true), ("google/txgemma-2b-predict", .sandwich, true),
    ("google/t5gemma-2b-2b-ul2", .sandwich, true), ("google/medgemma-4b-it", .sandwich, true),
    ("google/shieldgemma-2-4b-it", .sandwich, true), ("google/paligemma2-3b", .sandwich, true),
    ("me/my-gemma-2b", .unknown, true), ("me/gemma-2bis", .unknown, true),
    ("me/gemma-llama", .unknown, true),
  ]

  @Test(arguments: models)
  func modelsAreKnownByName(_ example: (String?, HookModel.Norms, Bool)) {
    let model = HookModel(example.0)
    #expect(model.norms == example.1)
    #expect(model.isGemma == example.2)
  }
}
