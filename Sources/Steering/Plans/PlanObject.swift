import Formats

/// One JSON object of a plan, read field by field with errors that name the field's path.
struct PlanObject {
  private let object: JSONValue
  private let field: String

  /// Throws unless `value` is an object with no key outside `keys`.
  init(_ value: JSONValue, field: String, keys: [String]) throws(PlanError) {
    guard case .object(let members) = value else {
      throw PlanError(
        field.isEmpty ? "plan" : field,
        .value(found: value.serialised(pretty: false), expected: "an object"))
    }
    object = value
    self.field = field
    for member in members where !keys.contains(member.key) {
      throw PlanError(path(member.key), .unknownKey(accepted: keys))
    }
  }

  subscript(key: String) -> JSONValue? { object[key] }

  func integer(_ key: String) throws(PlanError) -> Int? {
    guard let value = object[key] else { return nil }
    guard case .integer(let number) = value else { throw mismatch(key, "an integer") }
    return Int(number)
  }

  func number(_ key: String) throws(PlanError) -> Double? {
    guard let value = object[key] else { return nil }
    guard let number = value.asDouble else { throw mismatch(key, "a number") }
    return number
  }

  func choice<T: RawRepresentable & CaseIterable>(
    _ key: String
  ) throws(PlanError) -> T? where T.RawValue == String {
    guard let value = object[key] else { return nil }
    guard case .string(let text) = value, let choice = T(rawValue: text) else {
      throw mismatch(key, "one of " + T.allCases.map(\.rawValue).joined(separator: ", "))
    }
    return choice
  }

  func mismatch(_ key: String, _ expected: String) -> PlanError {
    let found = object[key]?.serialised(pretty: false) ?? "nothing"
    return PlanError(path(key), .value(found: found, expected: expected))
  }

  private func path(_ key: String) -> String { field.isEmpty ? key : field + "." + key }
}
