import Formats

extension ReplayText {
  /// What the text was taken for in a reading: `scheme` and `document`, as steer-llama writes them.
  ///
  /// A time stands for its window, whose length the line does not say: it is kept as the window of one second.
  func identifier(
    _ members: [JSONValue.Member], _ path: String
  ) throws(FormatError) -> DocumentIdentifier {
    func find(_ name: String) -> JSONValue? {
      members.first { $0.key == name && !$0.value.isNull }?.value
    }
    let document = find("document")
    func mismatch(_ expected: String) -> FormatError {
      guard let document else { return FormatError(.missingField(field: "\(path).document")) }
      return Self.mismatch(document, "\(path).document", expected)
    }
    func name() throws(FormatError) -> String {
      guard let name = document?.asString, !name.isEmpty else {
        throw mismatch("a name that is not empty")
      }
      return name
    }
    guard let value = find("scheme") else {
      // A plan's, or written by hand.
      if document == nil { return .given(id) }
      if let number = document?.asInt { return .given("\(number)") }
      return .given(try name())
    }
    switch value.asString {
    case "given": return .given(try name())
    case "window":
      guard let time = document?.asInt else { throw mismatch("seconds since 1970, an integer") }
      return .window(time)
    case "prompt":
      guard document == nil else { throw mismatch("null with the scheme 'prompt'") }
      guard let prompt = text("prompt") else { throw FormatError(.missingField(field: "prompt")) }
      guard !prompt.isEmpty else {
        throw FormatError(
          .outOfRange(field: "prompt", found: "empty", expected: "the exact prompt"))
      }
      return .prompt(prompt)
    case "constant":
      guard document == nil else { throw mismatch("null with the scheme 'constant'") }
      return .constant
    default:
      throw Self.mismatch(value, "\(path).scheme", "'given', 'prompt', 'window' or 'constant'")
    }
  }
}
