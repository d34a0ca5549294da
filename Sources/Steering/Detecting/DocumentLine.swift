import Formats

/// One line of a documents file: what is known of one document.
///
/// Members that are not known here are left to those who wrote them.
struct DocumentLine: Equatable {
  /// The document's number in its shard.
  var number: Int?
  var id: String?
  var pieces: [String]?
  /// Rows that it has, where nothing else says so.
  var rowCount: Int?
  var segments: [Int32]?
  var source: String?
  var pair: String?
  var split: String?
  var labels: [String: Bool] = [:]

  /// A line without a member.
  init() {}

  /// Reads one line.
  ///
  /// - Throws: what JSON refuses; `wrongType` and `outOfRange` naming the member.
  init(_ bytes: [UInt8]) throws(FormatError) {
    let value = try JSONValue.parse(bytes)
    guard case .object(let members) = value else {
      throw FormatError(.wrongType(field: "line", found: value.kind, expected: "an object"))
    }
    for member in members where !member.value.isNull {
      let (key, value) = (member.key, member.value)
      switch key {
      case "document": number = try Self.count(value, key)
      case "rows": rowCount = try Self.count(value, key)
      case "id": id = try Self.text(value, key)
      case "source": source = try Self.text(value, key)
      case "pair": pair = try Self.text(value, key)
      case "split": split = try Self.text(value, key)
      case "pieces":
        var pieces: [String] = []
        for (index, item) in try Self.items(value, key).enumerated() {
          pieces.append(try Self.text(item, "pieces[\(index)]"))
        }
        self.pieces = pieces
      case "segments":
        var segments: [Int32] = []
        for (index, item) in try Self.items(value, key).enumerated() {
          segments.append(try Self.segment(item, "segments[\(index)]"))
        }
        self.segments = segments
      case "labels": labels = try Self.labels(value)
      default: break
      }
    }
    if let id, id.isEmpty {
      throw FormatError(.outOfRange(field: "id", found: "empty", expected: "a name"))
    }
  }

  private static func labels(_ value: JSONValue) throws(FormatError) -> [String: Bool] {
    guard case .object(let members) = value else {
      throw mismatch(value, "labels", "an object of true and false")
    }
    var labels: [String: Bool] = [:]
    for member in members {
      guard let flag = member.value.asBool else {
        throw mismatch(member.value, "labels.\(MessageText.plain(member.key))", "true or false")
      }
      labels[member.key] = flag
    }
    return labels
  }

  private static func items(
    _ value: JSONValue, _ field: String
  ) throws(FormatError) -> [JSONValue] {
    guard let items = value.asArray else { throw mismatch(value, field, "an array") }
    return items
  }

  private static func text(_ value: JSONValue, _ field: String) throws(FormatError) -> String {
    guard let text = value.asString else { throw mismatch(value, field, "a string") }
    return text
  }

  private static func count(_ value: JSONValue, _ field: String) throws(FormatError) -> Int {
    guard let count = value.asInt, count >= 0 else {
      throw mismatch(value, field, "an integer of 0 or more")
    }
    return count
  }

  private static func segment(_ value: JSONValue, _ field: String) throws(FormatError) -> Int32 {
    guard let number = value.asInt, let segment = Int32(exactly: number) else {
      throw mismatch(value, field, "a 32-bit integer")
    }
    return segment
  }

  private static func mismatch(
    _ value: JSONValue, _ field: String, _ expected: String
  ) -> FormatError {
    let found =
      switch value {
      case .integer, .unsigned, .number: value.serialised()
      default: value.kind
      }
    return FormatError(.wrongType(field: field, found: found, expected: expected))
  }
}
