/// Types of plain scalars, by the core schema of YAML 1.2 (section 10.3.2), but text where YAML 1.1 does
/// not see a number: PyYAML, which most files are written with, leaves such strings unquoted.
enum YAMLScalar {
  private static let nulls: Set<String> = ["", "~", "null", "Null", "NULL"]
  private static let truths: Set<String> = ["true", "True", "TRUE"]
  private static let falsehoods: Set<String> = ["false", "False", "FALSE"]

  /// The value of a scalar without quotes: null, a truth value, a number, or else a string.
  ///
  /// - Throws: `integerOutOfRange`, `numberOutOfRange` (`.inf` and `.nan` too); `invalidYAML` for a
  ///   decimal integer that starts with 0, which YAML 1.1 reads as octal.
  static func value(_ text: String, _ place: YAMLPlace) throws(FormatError) -> JSONValue {
    if nulls.contains(text) { return .null }
    if truths.contains(text) { return .bool(true) }
    if falsehoods.contains(text) { return .bool(false) }
    let units = Array(text.utf8)
    if let value = try integer(units, text, place) { return value }
    if isSpecial(units) { throw FormatError(.numberOutOfRange(text: text)) }
    guard isFloat(units) else { return .string(text) }
    guard isFloatInBoth(units) else { return .string(text) }
    guard let number = Double(text), number.isFinite else {
      throw FormatError(.numberOutOfRange(text: text))
    }
    return .number(number)
  }

  private static func integer(
    _ units: [UInt8], _ text: String, _ place: YAMLPlace
  ) throws(FormatError) -> JSONValue? {
    // Octal, 0o17, is a number in YAML 1.2 alone, and stays text: writers of 1.1 do not quote it.
    if units.count > 2, units.starts(with: "0x".utf8) {
      let digits = text.utf8.dropFirst(2)
      guard digits.allSatisfy({ isDigit($0, radix: 16) }) else { return nil }
      guard let value = UInt64(Substring(digits), radix: 16) else {
        throw FormatError(.integerOutOfRange(text: text))
      }
      return Int64(exactly: value).map { .integer($0) } ?? .unsigned(value)
    }
    let digits = units.drop { $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "+") }
    guard !digits.isEmpty, units.count - digits.count <= 1,
      digits.allSatisfy({ isDigit($0, radix: 10) })
    else { return nil }
    guard digits.count == 1 || digits.first != UInt8(ascii: "0") else {
      throw FormatError(
        .invalidYAML(
          detail:
            "integer \(MessageText.quoted(text)) starts with 0, expected none, or quotes (\(place))"
        ))
    }
    if let value = Int64(text) { return .integer(value) }
    if let value = UInt64(text) { return .unsigned(value) }
    throw FormatError(.integerOutOfRange(text: text))
  }

  /// `.inf` with or without a sign, `.nan`.
  private static func isSpecial(_ units: [UInt8]) -> Bool {
    let text = String(decoding: units, as: UTF8.self)
    let signs: [Substring] = ["-", "+"]
    let bare = signs.contains(text.prefix(1)) ? text.dropFirst() : text[...]
    return [".inf", ".Inf", ".INF"].contains(bare) || [".nan", ".NaN", ".NAN"].contains(text)
  }

  /// `[-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?`
  private static func isFloat(_ units: [UInt8]) -> Bool {
    var rest = units[...]
    func takeDigits(_ rest: inout ArraySlice<UInt8>) -> Int {
      let count = rest.prefix { isDigit($0, radix: 10) }.count
      rest.removeFirst(count)
      return count
    }
    func take(_ accepted: String, _ rest: inout ArraySlice<UInt8>) -> Bool {
      guard let unit = rest.first, accepted.utf8.contains(unit) else { return false }
      rest.removeFirst()
      return true
    }
    _ = take("-+", &rest)
    let whole = takeDigits(&rest)
    if take(".", &rest) {
      guard takeDigits(&rest) + whole > 0 else { return false }
    } else {
      guard whole > 0 else { return false }
    }
    if take("eE", &rest) {
      _ = take("-+", &rest)
      guard takeDigits(&rest) > 0 else { return false }
    }
    return rest.isEmpty
  }

  /// Whether YAML 1.1 reads the number too: with an exponent it asks for a point before and a sign
  /// within it.
  private static func isFloatInBoth(_ units: [UInt8]) -> Bool {
    guard let mark = units.firstIndex(where: { $0 == UInt8(ascii: "e") || $0 == UInt8(ascii: "E") })
    else { return true }
    let sign = units[units.index(after: mark)...].first
    return units[..<mark].contains(UInt8(ascii: "."))
      && (sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+"))
  }

  private static func isDigit(_ unit: UInt8, radix: Int) -> Bool {
    switch unit {
    case 0x30...0x39: Int(unit) - 0x30 < radix
    case 0x41...0x46, 0x61...0x66: radix == 16
    default: false
    }
  }
}
