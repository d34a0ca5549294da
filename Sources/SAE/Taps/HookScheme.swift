/// A way of naming places in a model.
public enum HookScheme: String, Sendable, CaseIterable {
  /// TransformerLens and SAELens: `blocks.12.hook_resid_post`.
  case transformerLens = "transformer-lens"
  /// A module of Hugging Face's implementation and its end: `model.layers.12.output`.
  case huggingFace = "hugging-face"
  /// An entry of Hugging Face's `output_hidden_states`: `hidden_states[13]`.
  case hiddenStates = "hidden-states"
  /// EleutherAI's sparsify, a module of the base model: `layers.12`.
  case sparsify
  /// A tensor of llama.cpp's graph: `l_out-12`.
  case llamaCpp = "llama.cpp"
  /// A tensor of a control vector as repeng counts and llama.cpp applies it: `direction.12`.
  case repeng
  /// A tensor of a control vector as llama.cpp's generator counts it: one more, `direction.13`.
  case cvectorGenerator = "cvector-generator"
}

/// A name that many read as another place than it is; refused unless the caller confirms it.
public enum HookTrap: String, Sendable, CaseIterable {
  /// On models that norm what attention and MLP give, their raw output is not what they add.
  case sandwichNorm = "sandwich-norm"
  /// The normalised MLP input before the learned gain is not the norm module's output.
  case preGain = "pre-gain"
  /// `hook_mlp_in` is the residual stream before the norm, but is also published for what follows it.
  case mlpIn = "hook-mlp-in"
  /// The last entry of `hidden_states` has the model's final norm applied.
  case finalNorm = "final-norm"
  /// Gemma multiplies embeddings by √d; implementations differ in whether the name is before or after.
  case embeddingScale = "embedding-scale"
}

/// What a model's name says about where its norms stand.
public struct HookModel: Sendable, Equatable {
  /// Where the norms of a block stand.
  public enum Norms: String, Sendable {
    /// Only before attention and MLP: what these give is what is added.
    case before
    /// Also after them (Gemma 2, 3, 4; OLMo 2, 3).
    case sandwich
    /// The name says nothing.
    case unknown
  }

  /// How Hugging Face calls the modules of a block.
  enum Modules: Sendable {
    case llama
    case gpt2
    case neox
  }

  /// The Gemmas whose blocks differ, in their norms or in llama.cpp's graph.
  enum Gemma: Sendable {
    /// Gemma 1, CodeGemma and RecurrentGemma: norms only before attention and MLP.
    case first
    /// Gemma 2 and 3, and what was made of them.
    case second
    /// Gemma 3n, whose stream is split in several.
    case thirdN
    case fourth
    /// The name does not say which.
    case unknown
  }

  /// Where its norms stand.
  public let norms: Norms
  /// Whether it is a Gemma of any age.
  public var isGemma: Bool { gemma != nil }
  /// Whether nothing is known about it.
  public let isUnknown: Bool
  /// Which Gemma it is; nil for other models.
  let gemma: Gemma?
  let modules: Modules

  /// Whether attention and MLP read the same stream, so that there is none between them.
  var isParallel: Bool { modules == .neox }
  /// Whether a norm stands before the MLP: OLMo 2 and 3 have none there.
  var hasNormBeforeMLP: Bool { norms != .sandwich || isGemma }

  /// Reads a model's name, such as `google/gemma-3-270m`; nil for an unknown model.
  public init(_ name: String?) {
    let name = (name ?? "").lowercased().split(separator: "/").last.map(String.init) ?? ""
    func has(_ words: [String]) -> Bool { words.contains { name.contains($0) } }
    gemma = Self.gemma(name)
    switch gemma {
    case .first: norms = .before
    case .second, .thirdN, .fourth: norms = .sandwich
    case .unknown: norms = .unknown
    case nil:
      let isSandwich = has(["olmo-2", "olmo2", "olmo-3", "olmo3"])
      let isBefore = has([
        "gpt2", "gpt-2", "pythia", "gpt-neox", "gpt_neox", "llama", "mistral", "qwen", "olmo-1b",
        "olmo-7b",
      ])
      norms = isSandwich ? .sandwich : isBefore ? .before : .unknown
    }
    isUnknown = norms == .unknown && gemma == nil
    if has(["gpt2", "gpt-2"]) {
      modules = .gpt2
    } else if has(["pythia", "gpt-neox", "gpt_neox"]) {
      modules = .neox
    } else {
      modules = .llama
    }
  }

  /// Which Gemma `name`, in lower case and without its owner, says it is; nil for other models.
  private static func gemma(_ name: String) -> Gemma? {
    guard name.contains("gemma") else { return nil }
    func says(_ age: String) -> Bool {
      name == "gemma-\(age)" || name.contains("gemma-\(age)-") || name.contains("gemma\(age)")
    }
    if says("3n") { return .thirdN }
    if says("4") { return .fourth }
    if says("2") || says("3") { return .second }
    // gemma-2b is a Gemma 1 of two billion parameters, but shieldgemma-2b was made of Gemma 2.
    for size in ["gemma-2b", "gemma-7b", "gemma-1.1"] where name.hasPrefix(size) {
      let next = name.dropFirst(size.count).first
      if !(next?.isLetter ?? false), !(next?.isNumber ?? false) { return .first }
    }
    if name.hasPrefix("codegemma-") || name.hasPrefix("recurrentgemma-") { return .first }
    let later = [
      "shieldgemma", "txgemma", "t5gemma", "medgemma", "datagemma", "embeddinggemma",
      "functiongemma", "translategemma",
    ]
    return later.contains { name.contains($0) } ? .second : .unknown
  }
}

/// Why a name of a place is not read.
package struct HookError: Error, Equatable, Sendable {
  package enum Reason: Equatable, Sendable {
    /// No scheme, or not the given one, knows the name.
    case unknown(accepted: [String])
    /// The name is a place that many take for another.
    case trap(HookTrap, what: String)
    /// The name means one place or another, depending on what is not known.
    case ambiguous(meanings: String, expected: String)
    /// The model has no such place, or not by this name.
    case absent(why: String, expected: String)
  }

  package var name: String
  package var reason: Reason

  package init(_ name: String, _ reason: Reason) {
    self.name = name
    self.reason = reason
  }
}
