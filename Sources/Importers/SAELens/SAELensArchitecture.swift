/// The inference architectures of SAELens that this importer runs, by the library's own names.
enum SAELensArchitecture: String, CaseIterable {
  case standard
  case gated
  case jumprelu
  case topk
  case abstopk
  case transcoder
  case skipTranscoder = "skip_transcoder"
  case jumpreluTranscoder = "jumprelu_transcoder"
  case jumpreluSkipTranscoder = "jumprelu_skip_transcoder"
  case matchingPursuit = "matching_pursuit"

  /// Architectures of the library that are known and not run, each with the reason and what to do.
  static let refused: [String: (why: String, advice: String)] = [
    "temporal": (
      "it predicts part of each code from earlier tokens, so rows cannot be encoded one by one",
      "use another dictionary"
    ),
    "batchtopk": (trainingReason, trainingAdvice),
    "matryoshka_batchtopk": (trainingReason, trainingAdvice),
  ]

  private static let trainingReason =
    "it is a raw training checkpoint: its threshold and activation scale are not folded in"
  private static let trainingAdvice =
    "export it with SAELens' save_inference_model, which writes architecture 'jumprelu'"

  var isTranscoder: Bool {
    switch self {
    case .transcoder, .skipTranscoder, .jumpreluTranscoder, .jumpreluSkipTranscoder: true
    case .standard, .gated, .jumprelu, .topk, .abstopk, .matchingPursuit: false
    }
  }

  var hasThreshold: Bool {
    switch self {
    case .jumprelu, .jumpreluTranscoder, .jumpreluSkipTranscoder: true
    default: false
    }
  }

  var hasSkip: Bool { self == .skipTranscoder || self == .jumpreluSkipTranscoder }

  /// The tensors that a weights file of this architecture holds, no more and no fewer.
  var tensorNames: [String] {
    if self == .matchingPursuit { return ["W_dec", "b_dec"] }
    var names = ["W_enc", "W_dec", "b_dec"]
    names += self == .gated ? ["b_gate", "b_mag", "r_mag"] : ["b_enc"]
    if hasThreshold { names.append("threshold") }
    if hasSkip { names.append("W_skip") }
    return names
  }
}
