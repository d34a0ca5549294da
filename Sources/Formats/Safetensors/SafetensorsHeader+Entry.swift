import Tensors

extension SafetensorsHeader.Entry {
  private static let fields = ["dtype", "shape", "data_offsets"]

  /// Reads one tensor's entry: exactly the three fields, each of its type.
  ///
  /// - Throws: `wrongType`, `unknownField`, `missingField`, `unknownElementType`, `outOfRange`.
  init(name: String, _ value: JSONValue) throws(FormatError) {
    guard case .object(let members) = value else {
      throw FormatError(
        .wrongType(field: name, found: value.kind, expected: "an object describing a tensor"))
    }
    for member in members where !Self.fields.contains(member.key) {
      throw FormatError(.unknownField(field: member.key, accepted: Self.fields, tensor: name))
    }
    self.name = name
    elementType = try Self.elementType(try Self.field("dtype", of: value, name), name)
    shape = try Self.integers(try Self.field("shape", of: value, name), "shape", name)
    let field = try Self.field("data_offsets", of: value, name)
    let offsets = try Self.integers(field, "data_offsets", name)
    guard offsets.count == 2 else {
      throw FormatError(
        .wrongType(
          field: "data_offsets", found: "an array of \(offsets.count)",
          expected: "an array of 2 integers", tensor: name))
    }
    begin = offsets[0]
    end = offsets[1]
  }

  private static func field(
    _ field: String, of value: JSONValue, _ name: String
  ) throws(FormatError) -> JSONValue {
    guard let found = value[field] else {
      throw FormatError(.missingField(field: field, tensor: name))
    }
    return found
  }

  private static func elementType(
    _ value: JSONValue, _ name: String
  ) throws(FormatError) -> ElementType {
    guard case .string(let text) = value else {
      throw FormatError(
        .wrongType(field: "dtype", found: value.kind, expected: "a string", tensor: name))
    }
    guard let type = ElementType(rawValue: text) else {
      throw FormatError(
        .unknownElementType(
          tensor: name, found: text, accepted: ElementType.allCases.map(\.rawValue)))
    }
    return type
  }

  private static func integers(
    _ value: JSONValue, _ field: String, _ name: String
  ) throws(FormatError) -> [Int] {
    guard case .array(let elements) = value else {
      throw FormatError(
        .wrongType(
          field: field, found: value.kind, expected: "an array of integers", tensor: name))
    }
    var integers: [Int] = []
    integers.reserveCapacity(elements.count)
    for (index, element) in elements.enumerated() {
      let position = "\(field)[\(index)]"
      let found: String
      switch element {
      case .integer(let integer):
        if integer >= 0, let length = Int(exactly: integer) {
          integers.append(length)
          continue
        }
        found = String(integer)
      case .unsigned(let integer): found = String(integer)
      default:
        throw FormatError(
          .wrongType(field: position, found: element.kind, expected: "an integer", tensor: name))
      }
      throw FormatError(
        .outOfRange(field: position, found: found, expected: "0...\(Int.max)", tensor: name))
    }
    return integers
  }
}
