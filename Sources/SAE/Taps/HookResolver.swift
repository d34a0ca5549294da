/// Reads a name of a place, in any scheme that is known or in a given one.
///
/// Nothing is guessed: an unknown name is refused with what is accepted, and a name that people take
/// for another place is refused until that is confirmed.
package struct HookResolver {
  /// A place, the scheme whose name it was, and the trap that was confirmed on the way.
  package struct Resolution: Equatable, Sendable {
    package var place: Tap.Place
    package var scheme: HookScheme
    package var trap: HookTrap?
  }

  private let name: String
  private let model: HookModel
  private let layerCount: Int?
  private let confirmed: Set<HookTrap>

  /// The name's meaning before traps are looked at.
  private struct Reading {
    var site: Tap.Place.Site
    var layer: Int
    var trap: (HookTrap, String)?
  }

  /// Reads `name`.
  ///
  /// - Parameters:
  ///   - model: The model's name, where it decides what a name means.
  ///   - layerCount: The model's number of blocks, which negative indices of `hidden_states` need.
  ///   - confirmed: Traps that the caller knows about.
  package static func resolve(
    _ name: String, scheme: HookScheme? = nil, model: String? = nil, layerCount: Int? = nil,
    confirming confirmed: Set<HookTrap> = []
  ) throws(HookError) -> Resolution {
    let resolver = HookResolver(
      name: name, model: HookModel(model), layerCount: layerCount, confirmed: confirmed)
    if scheme == nil, name.hasPrefix("direction."), let number = number(name.dropFirst(10)),
      number >= 1
    {
      throw HookError(
        name,
        .ambiguous(
          meanings: "the output of block \(number) as repeng counts, of block \(number - 1) as"
            + " cvector-generator counts",
          expected: "the scheme: repeng or cvector-generator"))
    }
    for candidate in scheme.map({ [$0] }) ?? HookScheme.allCases {
      guard let reading = try resolver.read(candidate) else { continue }
      if let (trap, what) = reading.trap, !confirmed.contains(trap) {
        throw HookError(name, .trap(trap, what: what))
      }
      return Resolution(
        place: resolver.merged(reading), scheme: candidate, trap: reading.trap?.0)
    }
    throw HookError(name, .unknown(accepted: accepted(scheme)))
  }

  /// Names that each scheme accepts, N and i standing for numbers from 0.
  package static func accepted(_ scheme: HookScheme?) -> [String] {
    (scheme.map { [$0] } ?? HookScheme.allCases).flatMap { candidate -> [String] in
      switch candidate {
      case .transformerLens:
        ["hook_embed", "blocks.N.hook_mlp_in"]
          + Tap.Place.Site.allCases.filter { $0 != .embedding }.map { "blocks.N.\($0.rawValue)" }
      case .huggingFace:
        [
          "model.layers.N.output (or transformer.h.N, gpt_neox.layers.N)", "model.layers.N.input",
          "model.layers.N.self_attn.o_proj.input", "model.layers.N.mlp.output",
          "model.layers.N.pre_feedforward_layernorm.output",
          "model.layers.N.post_feedforward_layernorm.output", "model.embed_tokens.output",
        ]
      case .hiddenStates: ["hidden_states[i]"]
      case .sparsify: ["layers.N (or h.N)", "layers.N.mlp", "embed_tokens"]
      case .llamaCpp:
        [
          "l_out-N", "ffn_inp-N", "sa_out-N", "attn_post_norm-N", "ffn_norm-N", "ffn_out-N",
          "kqv_out-N", "inp_embd",
        ]
      case .repeng: ["direction.N with a scheme, N from 1"]
      case .cvectorGenerator: scheme == nil ? [] : ["direction.N, N from 1"]
      }
    }
  }

  /// Where nothing follows attention and MLP, what they give is what they add.
  private func merged(_ reading: Reading) -> Tap.Place {
    var site = reading.site
    if model.norms == .before {
      if site == .mlpRawOut { site = .mlpOut }
      if site == .attentionRawOut { site = .attentionOut }
    }
    return Tap.Place(layer: reading.layer, site: site)
  }

  private func read(_ scheme: HookScheme) throws(HookError) -> Reading? {
    switch scheme {
    case .transformerLens: try transformerLens()
    case .huggingFace: try huggingFace()
    case .hiddenStates: try hiddenStates()
    case .sparsify: sparsify()
    case .llamaCpp: try llamaCpp()
    case .repeng: direction(0)
    case .cvectorGenerator: direction(1)
    }
  }

  // MARK: - Schemes

  private func transformerLens() throws(HookError) -> Reading? {
    if name == "hook_embed" { return embedding() }
    guard let (layer, rest) = block(after: "blocks.") else { return nil }
    if rest == "hook_mlp_in" {
      // The MLP beside attention reads what attention reads.
      if model.isParallel { return Reading(site: .residualPre, layer: layer) }
      let isSafe = !model.isGemma && !model.isUnknown
      return Reading(
        site: .residualMid, layer: layer,
        trap: isSafe
          ? nil
          : (
            .mlpIn,
            "TransformerLens' name for the residual stream before the norm, also published for Gemma"
              + " transcoders that read pre_feedforward_layernorm.output after it"
          ))
    }
    guard let site = Tap.Place.Site(rawValue: String(rest)), site != .embedding else { return nil }
    if site == .residualMid { try checkMiddle(layer) }
    if site == .mlpNormalised {
      return Reading(
        site: site, layer: layer,
        trap: (
          .preGain,
          "the MLP input before the norm's learned gain; pre_feedforward_layernorm.output and"
            + " mlp.hook_in are after it"
        ))
    }
    return raw(site, layer)
  }

  private func huggingFace() throws(HookError) -> Reading? {
    let embeddings = ["model.embed_tokens", "transformer.wte", "gpt_neox.embed_in"]
    if embeddings.contains(where: { name == $0 || name == $0 + ".output" }) { return embedding() }
    let llama = ["model.layers.", "model.language_model.layers.", "language_model.model.layers."]
    for stem in llama {
      if let (layer, rest) = block(after: stem) { return try llamaModule(rest, layer) }
    }
    for (stem, attention, projection, norm) in [
      ("transformer.h.", "attn", "attn.c_proj", "ln_2"),
      ("gpt_neox.layers.", "attention", "attention.dense", "post_attention_layernorm"),
    ] {
      guard let (layer, rest) = block(after: stem) else { continue }
      switch rest {
      case "", "output": return Reading(site: .residualPost, layer: layer)
      case "input": return Reading(site: .residualPre, layer: layer)
      // These architectures put no norm after attention and MLP.
      case "\(attention)", "\(attention).output":
        return Reading(site: .attentionOut, layer: layer)
      case "mlp", "mlp.output": return Reading(site: .mlpOut, layer: layer)
      case "\(projection).input": return Reading(site: .attentionHeads, layer: layer)
      case "mlp.input", "\(norm).output": return Reading(site: .mlpInput, layer: layer)
      default: return nil
      }
    }
    return nil
  }

  private func llamaModule(
    _ rest: Substring, _ layer: Int
  ) throws(HookError) -> Reading? {
    switch rest {
    case "", "output": return Reading(site: .residualPost, layer: layer)
    case "input": return Reading(site: .residualPre, layer: layer)
    case "self_attn.o_proj.input": return Reading(site: .attentionHeads, layer: layer)
    case "self_attn", "self_attn.output", "self_attn.o_proj.output":
      return raw(.attentionRawOut, layer)
    case "mlp", "mlp.output": return raw(.mlpRawOut, layer)
    case "mlp.input": return Reading(site: .mlpInput, layer: layer)
    case "pre_feedforward_layernorm", "pre_feedforward_layernorm.output":
      try checkNormBeforeMLP("model.layers.\(layer).mlp.input")
      return Reading(site: .mlpInput, layer: layer)
    case "post_feedforward_layernorm", "post_feedforward_layernorm.output":
      return Reading(site: .mlpOut, layer: layer)
    case "post_attention_layernorm", "post_attention_layernorm.output":
      switch model.norms {
      case .sandwich: return Reading(site: .attentionOut, layer: layer)
      case .before: return Reading(site: .mlpInput, layer: layer)
      case .unknown:
        throw HookError(
          name,
          .ambiguous(
            meanings: "what attention adds on models with a norm after it (Gemma 2 on, OLMo 2 on),"
              + " the MLP's input on others",
            expected: "the model's name"))
      }
    default: return nil
    }
  }

  private func hiddenStates() throws(HookError) -> Reading? {
    guard name.hasPrefix("hidden_states["), name.hasSuffix("]") else { return nil }
    let text = name.dropFirst(14).dropLast()
    let isNegative = text.hasPrefix("-")
    guard var index = Self.number(isNegative ? text.dropFirst() : text) else { return nil }
    if isNegative {
      guard index >= 1 else { return nil }
      guard let layerCount else {
        throw HookError(
          name,
          .ambiguous(
            meanings: index == 1
              ? "the last entry, which has the model's final norm applied"
              : "an entry counted from the end",
            expected: "the number of the model's layers"))
      }
      index = layerCount + 1 - index
    }
    guard index >= 0, index <= layerCount ?? index else { return nil }
    guard index > 0 else { return Reading(site: .residualPre, layer: 0) }
    return Reading(
      site: .residualPost, layer: index - 1,
      trap: index == layerCount
        ? (.finalNorm, "the last entry, which has the model's final norm applied on most models")
        : nil)
  }

  private func sparsify() -> Reading? {
    if ["embed_tokens", "wte", "embed_in"].contains(name) { return embedding() }
    guard let (layer, rest) = block(after: "layers.") ?? block(after: "h.") else { return nil }
    switch rest {
    case "": return Reading(site: .residualPost, layer: layer)
    case "mlp": return raw(.mlpRawOut, layer)
    case "self_attn", "attn", "attention": return raw(.attentionRawOut, layer)
    default: return nil
    }
  }

  private func llamaCpp() throws(HookError) -> Reading? {
    if name == "inp_embd" { return embedding() }
    guard let dash = name.lastIndex(of: "-"),
      let layer = Self.number(name[name.index(after: dash)...])
    else { return nil }
    switch name[..<dash] {
    case "l_out": return Reading(site: .residualPost, layer: layer)
    case "ffn_inp", "sa_out", "attn_out":
      // attn_out is the stream in one graph only, and what attention gives in others.
      if name[..<dash] == "attn_out", model.gemma != .fourth { return nil }
      try checkMiddle(layer)
      guard model.isUnknown || HookNames.llamaCppMiddle(model) == String(name[..<dash]) else {
        throw HookError(
          name,
          .absent(
            why: "is not in llama.cpp's graph of this model",
            expected: HookNames.llamaCppMiddle(model).map { "\($0)-\(layer)" }
              ?? (model.gemma == .unknown
                ? "the model's full name, which says which Gemma it is" : "another place")))
      }
      return Reading(site: .residualMid, layer: layer)
    case "attn_post_norm":
      guard model.norms != .before else {
        throw HookError(
          name,
          .absent(
            why: "is not in llama.cpp's graph of this model, which has no norm after attention",
            expected: "blocks.\(layer).hook_attn_out"))
      }
      return Reading(site: .attentionOut, layer: layer)
    case "ffn_norm":
      try checkNormBeforeMLP("blocks.\(layer).mlp.hook_in")
      return Reading(site: .mlpInput, layer: layer)
    case "ffn_out": return raw(.mlpRawOut, layer)
    case "kqv_out": return Reading(site: .attentionHeads, layer: layer)
    default: return nil
    }
  }

  private func direction(_ offset: Int) -> Reading? {
    guard name.hasPrefix("direction."), let number = Self.number(name.dropFirst(10)), number >= 1
    else { return nil }
    return Reading(site: .residualPost, layer: number - offset)
  }

  // MARK: - Pieces

  private func checkMiddle(_ layer: Int) throws(HookError) {
    guard model.isParallel else { return }
    throw HookError(
      name,
      .absent(
        why: "does not exist on this model, whose MLP stands beside attention and not after it",
        expected: "blocks.\(layer).hook_resid_pre or blocks.\(layer).hook_resid_post"))
  }

  private func checkNormBeforeMLP(_ expected: String) throws(HookError) {
    guard !model.hasNormBeforeMLP else { return }
    throw HookError(
      name,
      .absent(
        why: "does not exist on this model, which has no norm before the MLP", expected: expected))
  }

  private func embedding() -> Reading {
    Reading(
      site: .embedding, layer: 0,
      trap: model.isGemma
        ? (
          .embeddingScale,
          "the embedding, which Gemma multiplies by √d: before that in some implementations, after it"
            + " in others"
        ) : nil)
  }

  private func raw(_ site: Tap.Place.Site, _ layer: Int) -> Reading {
    let isRaw = site == .mlpRawOut || site == .attentionRawOut
    let part = site == .mlpRawOut ? "the MLP" : "attention"
    return Reading(
      site: site, layer: layer,
      trap: isRaw && (model.norms == .sandwich || model.gemma == .unknown)
        ? (
          .sandwichNorm,
          "what \(part) gives before \(model.norms == .sandwich ? "this model's" : "a later Gemma's")"
            + " norm after it; dictionaries are trained on what is"
            + " added, \(site == .mlpRawOut ? "hook_mlp_out" : "hook_attn_out")"
        ) : nil)
  }

  /// The number after `stem`, and what follows it after a dot.
  private func block(after stem: String) -> (layer: Int, rest: Substring)? {
    guard name.hasPrefix(stem) else { return nil }
    let rest = name.dropFirst(stem.count)
    guard let dot = rest.firstIndex(of: ".") else {
      return Self.number(rest).map { ($0, "") }
    }
    let tail = rest[rest.index(after: dot)...]
    guard !tail.isEmpty else { return nil }
    return Self.number(rest[..<dot]).map { ($0, tail) }
  }

  /// A number as it is written without a sign or leading zeros.
  private static func number(_ text: some StringProtocol) -> Int? {
    guard let value = Int32(text), value >= 0, value < Int32.max, String(value) == text else {
      return nil
    }
    return Int(value)
  }
}
