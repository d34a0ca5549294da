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

  /// Where its norms stand.
  public let norms: Norms
  /// Whether it is a Gemma of any age.
  public let isGemma: Bool
  /// Whether nothing is known about it.
  public let isUnknown: Bool
  let modules: Modules

  /// Reads a model's name, such as `google/gemma-3-270m`; nil for an unknown model.
  public init(_ name: String?) {
    let name = (name ?? "").lowercased().split(separator: "/").last.map(String.init) ?? ""
    func has(_ words: [String]) -> Bool { words.contains { name.contains($0) } }
    isGemma = name.contains("gemma")
    // gemma-2b is a Gemma 1 of two billion parameters, gemma-2-2b a Gemma 2.
    let generations = ["2", "3", "4"].flatMap { ["gemma-\($0)-", "gemma\($0)", "gemma-\($0)n"] }
    let isSandwich =
      has(generations + ["olmo-2", "olmo2", "olmo-3", "olmo3"])
      || ["gemma-2", "gemma-3", "gemma-4"].contains(name)
    let isBefore = has([
      "gpt2", "gpt-2", "pythia", "gpt-neox", "gpt_neox", "llama", "mistral", "qwen", "gemma-2b",
      "gemma-7b", "olmo-1b", "olmo-7b",
    ])
    norms = isSandwich ? .sandwich : isBefore ? .before : .unknown
    isUnknown = norms == .unknown && !isGemma
    if has(["gpt2", "gpt-2"]) {
      modules = .gpt2
    } else if has(["pythia", "gpt-neox", "gpt_neox"]) {
      modules = .neox
    } else {
      modules = .llama
    }
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
  }

  package var name: String
  package var reason: Reason

  package init(_ name: String, _ reason: Reason) {
    self.name = name
    self.reason = reason
  }
}
