/// The escapes inside JSON strings: their lengths, their meaning, and how to write them.
enum JSONEscapes {
  /// The length of the valid escape at `offset` (2, 6, or 12 for a surrogate pair), or nil.
  static func length(of bytes: RawSpan, at offset: Int) -> Int? {
    guard offset + 1 < bytes.byteCount else { return nil }
    let kind = bytes.unsafeLoad(fromByteOffset: offset + 1, as: UInt8.self)
    guard kind == UInt8(ascii: "u") else { return simple(kind) == nil ? nil : 2 }
    guard let unit = hexadecimal(bytes, at: offset + 2) else { return nil }
    switch unit {
    case 0xD800...0xDBFF:
      guard offset + 7 < bytes.byteCount,
        bytes.unsafeLoad(fromByteOffset: offset + 6, as: UInt8.self) == UInt8(ascii: "\\"),
        bytes.unsafeLoad(fromByteOffset: offset + 7, as: UInt8.self) == UInt8(ascii: "u"),
        let low = hexadecimal(bytes, at: offset + 8), (0xDC00...0xDFFF).contains(low)
      else { return nil }
      return 12
    case 0xDC00...0xDFFF: return nil
    default: return 6
    }
  }

  /// The string that scanned bytes stand for.
  static func decode(_ bytes: RawSpan) -> String {
    var units: [UInt8] = []
    units.reserveCapacity(bytes.byteCount)
    var offset = 0
    while offset < bytes.byteCount {
      let byte = bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
      guard byte == UInt8(ascii: "\\"), let length = length(of: bytes, at: offset) else {
        units.append(byte)
        offset += 1
        continue
      }
      if length == 2 {
        units.append(simple(bytes.unsafeLoad(fromByteOffset: offset + 1, as: UInt8.self)) ?? byte)
      } else if let scalar = scalar(bytes, at: offset, length: length) {
        units.append(contentsOf: Array(String(Character(scalar)).utf8))
      }
      offset += length
    }
    return String(decoding: units, as: UTF8.self)
  }

  /// The bytes as text, without decoding escapes.
  static func text(_ bytes: RawSpan) -> String {
    var units: [UInt8] = []
    for index in 0..<bytes.byteCount {
      units.append(bytes.unsafeLoad(fromByteOffset: index, as: UInt8.self))
    }
    return String(decoding: units, as: UTF8.self)
  }

  /// Appends `text` in double quotes, escaping what JSON demands and nothing else.
  static func append(_ text: String, to output: inout String) {
    output.append("\"")
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": output.append("\\\"")
      case "\\": output.append("\\\\")
      case "\n": output.append("\\n")
      case "\r": output.append("\\r")
      case "\t": output.append("\\t")
      case "\u{0}"..<" ":
        let digits = String(scalar.value, radix: 16)
        output.append("\\u00" + (digits.count == 1 ? "0" : "") + digits)
      default: output.unicodeScalars.append(scalar)
      }
    }
    output.append("\"")
  }

  private static func scalar(_ bytes: RawSpan, at offset: Int, length: Int) -> Unicode.Scalar? {
    guard let unit = hexadecimal(bytes, at: offset + 2) else { return nil }
    guard length == 12, let low = hexadecimal(bytes, at: offset + 8) else {
      return Unicode.Scalar(unit)
    }
    return Unicode.Scalar(0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00))
  }

  private static func hexadecimal(_ bytes: RawSpan, at offset: Int) -> UInt32? {
    guard offset + 4 <= bytes.byteCount else { return nil }
    var value: UInt32 = 0
    for index in offset..<(offset + 4) {
      let digit: UInt32
      switch bytes.unsafeLoad(fromByteOffset: index, as: UInt8.self) {
      case let byte where byte >= 0x30 && byte <= 0x39: digit = UInt32(byte - 0x30)
      case let byte where byte | 0x20 >= 0x61 && byte | 0x20 <= 0x66:
        digit = UInt32((byte | 0x20) - 0x61 + 10)
      default: return nil
      }
      value = value << 4 | digit
    }
    return value
  }

  private static func simple(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): byte
    case UInt8(ascii: "b"): 0x08
    case UInt8(ascii: "f"): 0x0C
    case UInt8(ascii: "n"): 0x0A
    case UInt8(ascii: "r"): 0x0D
    case UInt8(ascii: "t"): 0x09
    default: nil
    }
  }
}
