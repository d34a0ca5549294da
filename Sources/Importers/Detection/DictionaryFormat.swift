/// The layouts in which dictionaries are published; the raw value is what `--format` takes.
public enum DictionaryFormat: String, Sendable, CaseIterable {
  /// SAELens: `cfg.json` and `sae_weights.safetensors`.
  case saelens
  /// Gemma Scope 1: `params.npz`.
  case gemmaScope = "gemma-scope"
  /// Gemma Scope 2, SAEs and transcoders: `params.safetensors`.
  case gemmaScope2 = "gemma-scope-2"
  /// Gemma Scope 2, cross-layer transcoders: one safetensors file per layer.
  case gemmaScope2CrossLayer = "gemma-scope-2-clt"
  /// Llama Scope 1: `hyperparams.json` and `checkpoints/final.safetensors`.
  case llamaScope = "llama-scope"
  /// Llama Scope R1 Distill: `config.json` and `sae_weights.safetensors` with a log threshold.
  case llamaScopeR1 = "llama-scope-r1"
  /// Llamascopium 2 (Language-Model-SAEs): `config.json` with `sae_type`.
  case llamascopium
  /// Llamascopium 2, cross-layer transcoders.
  case llamascopiumCrossLayer = "llamascopium-clt"
  /// dictionary_learning: `ae.pt` and `config.json`.
  case dictionaryLearning = "dictionary-learning"
  /// EleutherAI sparsify: `cfg.json` and `sae.safetensors`.
  case sparsify
  /// OpenAI's sparse_autoencoder, versions 1, 4 and 5: one `.pt` file.
  case openai
  /// Goodfire: one `.pt` or `.pth` file with `encoder_linear`.
  case goodfire
  /// The DeepSeek-R1 dictionaries of qresearch: one `.pt` file.
  case deepseekR1 = "deepseek-r1"
  /// Qwen Scope: `layerN.sae.pt`.
  case qwenScope = "qwen-scope"
  /// circuit-tracer per-layer transcoders: `config.yaml` and `layer_N.safetensors`.
  case circuitTracer = "circuit-tracer"
  /// circuit-tracer cross-layer transcoders: `W_enc_N.safetensors` and `W_dec_N.safetensors`.
  case circuitTracerCrossLayer = "circuit-tracer-clt"
  /// Expander SAEs: `checkpoint.pt` with a mask.
  case expander
  /// This library's compact form: `dictionary.json` and `weights.safetensors`.
  case native

  /// Whether what it holds reads each layer and writes to all later ones.
  public var isCrossLayer: Bool {
    switch self {
    case .gemmaScope2CrossLayer, .llamascopiumCrossLayer, .circuitTracerCrossLayer: true
    default: false
    }
  }
}
