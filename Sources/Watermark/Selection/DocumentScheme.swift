/// How the documents of a key are told apart; each kind fails in its own way, see ``DocumentIdentifier``.
public enum DocumentScheme: Sendable, Hashable {
  /// The caller names each document, and the detector has to know the name.
  case given
  /// The exact prompt, which the detector needs; texts of one prompt share their choice.
  case prompt
  /// Windows of so many seconds since 1970, counted by floor(time / seconds); texts of one share a choice.
  case window(seconds: Int)
  /// One choice for ever, which about 64 marked texts are enough to steal.
  case constant

  /// Longest window, in seconds: more than 31 years.
  package static let maximumSeconds = 1_000_000_000

  /// `given`, `prompt`, `window` or `constant`.
  public var name: String {
    switch self {
    case .given: "given"
    case .prompt: "prompt"
    case .window: "window"
    case .constant: "constant"
    }
  }
}
