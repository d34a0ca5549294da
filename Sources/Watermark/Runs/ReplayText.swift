import Formats
import Steering
import Tensors

/// A scored text with its readings: a line that steer-llama wrote with `--score-file` and a key.
struct ReplayText {
  /// One reading, and whose plan it is of.
  struct Reading {
    var key: String
    var identifier: DocumentIdentifier
    var reading: ReplayReading
    /// Where the evidence is, where the ratios of single tokens were kept.
    var span: MarkedSpan?

    /// Throws unless this is of the strength of all others.
    func check(strength: Double, _ path: String, _ whose: String) throws(FormatError) {
      guard reading.strength == strength else {
        throw FormatError(
          .outOfRange(
            field: "\(path).strength", found: ReplayText.text(reading.strength),
            expected: "\(ReplayText.text(strength)), \(whose)"))
      }
    }

    /// Throws unless this can stand beside `others`, the readings of the same text: of another key or
    /// document, and of as many tokens.
    func check(beside others: [Reading], _ path: String) throws(FormatError) {
      if let other = others.first, other.reading.tokens != reading.tokens {
        throw FormatError(
          .outOfRange(
            field: "\(path).tokens", found: "\(reading.tokens)",
            expected: "\(other.reading.tokens), as of key '\(other.key)'"))
      }
      if others.contains(where: { $0.key == key && $0.identifier == identifier }) {
        throw FormatError(
          .outOfRange(
            field: path, found: "of key '\(key)' again", expected: "each key and document once"))
      }
    }
  }

  /// What tells texts apart that were replayed with several keys, one file each.
  struct Identity: Hashable {
    var id: String?
    /// SHA-256 of the text's UTF-8; nil where the line has no text.
    var digest: [UInt8]?
  }

  /// A number as files have it.
  private static func text(_ number: Double) -> String { JSONValue.number(number).serialised() }

  /// What the reading of place `index` is called in errors.
  func path(ofReading index: Int) -> String {
    readings.count == 1 ? "replay" : "replay[\(index)]"
  }

  /// What readings are called whose plan is not a key's.
  static let planName = "plan"

  /// The text's name.
  var id: String
  /// All members of the line.
  var members: [JSONValue.Member]
  /// None where the line has no member `replay`.
  var readings: [Reading]

  /// The line's own `id`, and what its text is.
  var identity: Identity {
    var digest: [UInt8]?
    if let text = text("text") {
      var state = Digest()
      state.update(raw: Array(text.utf8).span.bytes)
      digest = state.finish()
    }
    return Identity(id: text("id"), digest: digest)
  }

  /// Whether the line says that it was marked, as steer-llama does by a member `watermark`.
  var isMarked: Bool {
    text("role") ?? "unmarked" != "unmarked"
      || members.contains { $0.key == "watermark" && !$0.value.isNull && $0.value != .bool(false) }
  }

  /// The member `name` as text.
  func text(_ name: String) -> String? { members.first { $0.key == name }?.value.asString }

  /// Reads a line's members; `name` is the text's name where it has no `id`.
  ///
  /// - Throws: `missingField`, `wrongType`, `outOfRange`.
  init(_ members: [JSONValue.Member], name: String) throws(FormatError) {
    self.members = members
    func find(_ name: String) -> JSONValue? {
      members.first { $0.key == name && !$0.value.isNull }?.value
    }
    for name in ["id", "role", "split", "text"] {
      if let value = find(name), value.asString == nil {
        throw Self.mismatch(value, name, "a string")
      }
    }
    id = find("id")?.asString ?? name
    guard !id.isEmpty else {
      throw FormatError(
        .outOfRange(field: "id", found: "empty", expected: "a name, or no member 'id'"))
    }
    try Self.checkStatistics(members)
    readings = []
    guard let value = find("replay") else { return }
    if case .array(let items) = value {
      for (index, item) in items.enumerated() {
        let reading = try self.reading(item, "replay[\(index)]")
        try reading.check(beside: readings, "replay[\(index)]")
        readings.append(reading)
      }
    } else {
      readings = [try reading(value, "replay")]
      // Of one reading alone it is known whose they are.
      if let value = find("log_ratios") {
        readings[0].span = MarkedSpan.largest(try Self.numbers(value, "log_ratios"))
      }
    }
  }

  private static func numbers(_ value: JSONValue, _ path: String) throws(FormatError) -> [Double] {
    guard let items = value.asArray else { throw mismatch(value, path, "an array of numbers") }
    var numbers: [Double] = []
    for (index, item) in items.enumerated() {
      guard let number = item.asDouble, number.isFinite else {
        throw mismatch(item, "\(path)[\(index)]", "a finite number")
      }
      numbers.append(number)
    }
    return numbers
  }

  /// What the bank's amounts were multiplied by; without it nobody knows which null texts a z belongs to.
  private func strength(
    _ members: [JSONValue.Member], _ path: String
  ) throws(FormatError) -> Double {
    guard let value = members.first(where: { $0.key == "strength" })?.value, !value.isNull else {
      throw FormatError(
        .outOfRange(
          field: "\(path).strength", found: "missing",
          expected: "what the bank's amounts were multiplied by in the plan of the replay"))
    }
    guard let number = value.asDouble, number.isFinite, number > 0 else {
      throw Self.mismatch(value, "\(path).strength", "a finite number above 0")
    }
    return number
  }

  private func reading(_ value: JSONValue, _ path: String) throws(FormatError) -> Reading {
    guard let members = value.asObject else { throw Self.mismatch(value, path, "an object") }
    func find(_ name: String) throws(FormatError) -> JSONValue {
      guard let value = members.first(where: { $0.key == name })?.value else {
        throw FormatError(.missingField(field: "\(path).\(name)"))
      }
      return value
    }
    func number(_ name: String, from least: Double) throws(FormatError) -> Double {
      let value = try find(name)
      guard let number = value.asDouble, number.isFinite, number >= least else {
        throw Self.mismatch(value, "\(path).\(name)", least == 0 ? "0 or more" : "a finite number")
      }
      return number
    }
    var name = Self.planName
    if let key = members.first(where: { $0.key == "key" })?.value, !key.isNull {
      guard let text = key.asString, WatermarkKey.isValid(id: text) else {
        throw Self.mismatch(key, "\(path).key", "the name of a key")
      }
      name = text
    }
    let tokens = try find("tokens")
    guard let count = tokens.asInt, (0...Int(Int32.max)).contains(count) else {
      throw Self.mismatch(tokens, "\(path).tokens", "an integer of 0 to \(Int32.max)")
    }
    let reading = ReplayReading(
      tokens: count, innovation: try number("innovation", from: -.infinity),
      variance: try number("variance", from: 0),
      logRatio: try number("log_ratio", from: -.infinity),
      strength: try strength(members, path))
    let z = reading.variance > 0 ? reading.innovation / reading.variance.squareRoot() : 0
    guard Float(z).isFinite else {
      throw FormatError(
        .outOfRange(
          field: path, found: "of z \(z)", expected: "one that a 32-bit float can hold"))
    }
    return Reading(key: name, identifier: try identifier(members, path), reading: reading)
  }

  /// Throws when a line's member `z`, to which statistics are added, holds something else.
  static func checkStatistics(_ members: [JSONValue.Member]) throws(FormatError) {
    guard let value = members.first(where: { $0.key == "z" })?.value, !value.isNull else { return }
    guard value.asObject != nil else { throw mismatch(value, "z", "an object of numbers") }
  }

  /// The same, as the public error.
  static func checkStatistics(
    _ members: [JSONValue.Member], place: String
  ) throws(SteeringError) {
    try SteeringError.rendering { () throws(FormatError) in
      do throws(FormatError) {
        try checkStatistics(members)
      } catch {
        throw error.at(path: place)
      }
    }
  }

  static func mismatch(
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
