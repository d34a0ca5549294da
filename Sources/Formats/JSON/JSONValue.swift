/// A JSON document as plain data: members of objects keep the order of the file.
///
/// An integer without fraction and exponent is `integer`, or `unsigned` when it lies above
/// `Int64.max`; everything else numeric is `number`, always finite when parsed.
package enum JSONValue: Equatable, Sendable {
  case object([Member])
  case array([JSONValue])
  case string(String)
  case integer(Int64)
  case unsigned(UInt64)
  case number(Double)
  case bool(Bool)
  case null

  /// One key and its value.
  package struct Member: Equatable, Sendable {
    package var key: String
    package var value: JSONValue

    package init(_ key: String, _ value: JSONValue) {
      self.key = key
      self.value = value
    }
  }
}

extension JSONValue {
  /// The value under `key`, or nil when this is no object or has no such key.
  ///
  /// - Complexity: O(members).
  package subscript(key: String) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.key == key }?.value
  }

  package var asObject: [Member]? {
    if case .object(let members) = self { members } else { nil }
  }

  package var asArray: [JSONValue]? {
    if case .array(let values) = self { values } else { nil }
  }

  package var asString: String? {
    if case .string(let text) = self { text } else { nil }
  }

  package var asBool: Bool? {
    if case .bool(let flag) = self { flag } else { nil }
  }

  /// The integer, when it was written as one and fits.
  package var asInt: Int? {
    if case .integer(let value) = self { Int(exactly: value) } else { nil }
  }

  /// The nearest double of any numeric value.
  package var asDouble: Double? {
    switch self {
    case .number(let value): value
    case .integer(let value): Double(value)
    case .unsigned(let value): Double(value)
    default: nil
    }
  }

  package var isNull: Bool { self == .null }

  /// What the value is, with its article, for messages: `an object`, `a string`.
  package var kind: String {
    switch self {
    case .object: "an object"
    case .array: "an array"
    case .string: "a string"
    case .integer, .unsigned: "an integer"
    case .number: "a number with a fraction or exponent"
    case .bool: "a boolean"
    case .null: "null"
    }
  }
}
