import Formats
import Glibc

/// Numbers and texts of a page's data, as short as they may be.
enum PageFigures {
  /// A number with `digits` significant digits; `null` for none.
  static func number(_ value: Double?, digits: Int = 4) -> String {
    guard let value, value.isFinite else { return "null" }
    guard value != 0 else { return "0" }
    let exponent = digits - 1 - Int(floor(log10(abs(value))))
    let rounded: Double
    if exponent > 300 {
      rounded = value
    } else if exponent >= 0 {
      // Both are exact up to 10^22, so that the quotient is the decimal's own double.
      let scale = pow(10, Double(exponent))
      rounded = (value * scale).rounded() / scale
    } else {
      let scale = pow(10, Double(-exponent))
      rounded = (value / scale).rounded() * scale
    }
    let text = rounded.isFinite ? rounded.description : value.description
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }

  /// JSON that may stand in a script element: no `<`, so no end tag and no comment.
  static func json(_ value: JSONValue) -> String {
    var bytes: [UInt8] = []
    for byte in value.serialised().utf8 {
      if byte == UInt8(ascii: "<") {
        bytes += Array("\\u003c".utf8)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// A string of JSON, quotes included.
  static func text(_ text: String) -> String { json(.string(text)) }
}
