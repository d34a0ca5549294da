import Formats

extension JSONValue {
  /// An integer.
  static func int(_ value: Int) -> JSONValue { .integer(Int64(value)) }

  /// A number; null when it is missing or not finite, which JSON cannot hold.
  static func real(_ value: Double?) -> JSONValue {
    guard let value, value.isFinite else { return .null }
    return .number(value)
  }

  /// A string, or null.
  static func text(_ value: String?) -> JSONValue { value.map { .string($0) } ?? .null }

  /// Prints the value to standard output, indented.
  func show() { Terminal.out.write(serialised(pretty: true) + "\n") }
}
