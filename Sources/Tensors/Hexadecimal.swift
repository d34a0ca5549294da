/// Bytes and 64-bit numbers as lower-case hexadecimal digits.
package enum Hexadecimal {
  private static let digits = Array("0123456789abcdef".utf8)

  /// Two digits for every byte.
  package static func text(_ bytes: [UInt8]) -> String {
    String(
      decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }

  /// The 16 digits of a number, the most significant first.
  package static func text(_ bits: UInt64) -> String {
    text((0..<8).map { UInt8(truncatingIfNeeded: bits >> UInt64(56 - 8 * $0)) })
  }

  /// The bytes; nil when a digit is missing or is none, upper case included.
  package static func bytes(_ text: String) -> [UInt8]? {
    var high: UInt8?
    var bytes: [UInt8] = []
    for unit in text.utf8 {
      guard let digit = value(unit) else { return nil }
      if let first = high {
        bytes.append(first << 4 | digit)
        high = nil
      } else {
        high = digit
      }
    }
    return high == nil ? bytes : nil
  }

  /// The number that 16 digits say; nil for anything else, upper case included.
  package static func bits(_ text: String) -> UInt64? {
    guard text.utf8.count == 16 else { return nil }
    return bytes(text)?.reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// Whether a text is a SHA-256: 64 digits, none in upper case.
  package static func isDigest(_ text: String) -> Bool {
    text.utf8.count == 64 && text.utf8.allSatisfy { value($0) != nil }
  }

  private static func value(_ unit: UInt8) -> UInt8? {
    switch unit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): unit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): unit - UInt8(ascii: "a") + 10
    default: nil
    }
  }
}
