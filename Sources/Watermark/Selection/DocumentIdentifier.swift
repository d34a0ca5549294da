import Tensors

/// What one document is called when its entries are chosen; generation and detection must agree on it.
///
/// Texts are taken as their UTF-8 bytes, without Unicode normalisation. Two identifiers are equal when
/// their bytes are.
public enum DocumentIdentifier: Sendable {
  /// A name that the caller gives. Fails when the detector does not know it: it has to be stored.
  case given(String)
  /// The prompt that the text answers. Fails when the detector has not the exact prompt, to the byte.
  ///
  /// Two texts of one prompt share their choice. Only the prompt's SHA-256 is used.
  case prompt(String)
  /// The number of the time window the text was made in. Fails when the time is not known at all.
  ///
  /// A detector that knows the time only roughly tries a range of windows, and must correct for it.
  /// Texts of one window share their choice.
  case window(Int)
  /// One choice for all texts. It cannot be lost, but it can be stolen, for ever.
  ///
  /// Whoever has about 64 marked texts can learn it from them, take the mark off and forge it.
  case constant

  /// The window that holds a time: floor(time / seconds); traps unless `seconds` is positive.
  public static func window(at time: Int, seconds: Int) -> DocumentIdentifier {
    precondition(seconds > 0, "seconds must be above 0")
    let (quotient, remainder) = time.quotientAndRemainder(dividingBy: seconds)
    return .window(remainder < 0 ? quotient - 1 : quotient)
  }

  /// `given`, `prompt`, `window` or `constant`.
  public var scheme: String {
    switch self {
    case .given: "given"
    case .prompt: "prompt"
    case .window: "window"
    case .constant: "constant"
    }
  }

  /// Scheme, then value, each with its length in front: no two identifiers have the same bytes.
  ///
  /// The value is a name's UTF-8, the SHA-256 of a prompt's UTF-8, a window's number as 8 big-endian
  /// bytes, and nothing for the constant choice.
  package var canonicalBytes: [UInt8] {
    var canonical = CanonicalBytes()
    canonical.append(scheme)
    switch self {
    case .given(let name): canonical.append(name)
    case .prompt(let text):
      var digest = Digest()
      digest.update(raw: Array(text.utf8).span.bytes)
      canonical.append(digest.finish())
    case .window(let number): canonical.append(number)
    case .constant: canonical.append("")
    }
    return canonical.bytes
  }
}

extension DocumentIdentifier: Hashable {
  /// Whether both have the same bytes; canonically equivalent texts may differ.
  public static func == (a: DocumentIdentifier, b: DocumentIdentifier) -> Bool {
    a.canonicalBytes == b.canonicalBytes
  }

  /// Hashes what `==` compares.
  public func hash(into hasher: inout Hasher) { hasher.combine(canonicalBytes) }
}
