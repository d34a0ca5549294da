import CSteering
import Steering
import Watermark

/// The documents of the interface, as the library names them.
enum DocumentInput {
  /// Longest name or prompt, in bytes.
  private static let limit: UInt64 = 16 << 20

  /// What the caller calls a text, in the scheme of `key`.
  static func identifier(
    _ document: UnsafePointer<steer_document_t>?, of key: WatermarkKey
  ) throws(Refusal) -> DocumentIdentifier {
    guard let document else { throw .null("document") }
    var value = steer_document_t()
    try Struct.read(document, into: &value, "document")
    let scheme = key.documents
    guard value.scheme == scheme.code else {
      throw Refusal(
        .invalidArgument,
        "document.scheme is \(value.scheme), expected \(scheme.code), scheme '\(scheme.name)' of key"
          + " '\(key.id)'")
    }
    if case .window = scheme {
    } else if value.time != 0 {
      throw unused("time", scheme)
    }
    switch scheme {
    case .given: return .given(try text(value))
    case .prompt: return .prompt(try text(value))
    case .window(let seconds):
      try checkNoText(value, scheme)
      return .window(at: Int(value.time), seconds: seconds)
    case .constant:
      try checkNoText(value, scheme)
      return .constant
    }
  }

  private static func text(_ document: steer_document_t) throws(Refusal) -> String {
    guard document.length <= limit else {
      throw Refusal(
        .invalidArgument, "document.length is \(document.length) bytes, expected at most \(limit)")
    }
    guard let pointer = document.text else { throw .null("document.text") }
    guard document.length > 0 else {
      throw Refusal(.invalidArgument, "document.length is 0 bytes, expected at least 1")
    }
    let bytes = UnsafeRawBufferPointer(start: pointer, count: Int(document.length))
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw Refusal(.invalidArgument, "document.text is not UTF-8, expected UTF-8")
    }
    return text
  }

  private static func checkNoText(
    _ document: steer_document_t, _ scheme: DocumentScheme
  ) throws(Refusal) {
    if document.text != nil { throw unused("text", scheme) }
    if document.length != 0 { throw unused("length", scheme) }
  }

  private static func unused(_ field: String, _ scheme: DocumentScheme) -> Refusal {
    Refusal(
      .invalidArgument, "document.\(field) is set, expected 0 with scheme '\(scheme.name)'")
  }
}
