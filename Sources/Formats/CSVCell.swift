/// A cell of comma-separated values (RFC 4180).
package enum CSVCell {
  /// A cell of text: quoted where it must be; what a spreadsheet would take for a formula gets an apostrophe.
  ///
  /// Bytes decide, not characters: a quote with a combining accent after it is one character, and yet a
  /// quote to whoever reads the table.
  package static func text(_ text: String) -> String {
    var bytes = Array(text.utf8)
    if let first = bytes.first, "=+-@\t\r".utf8.contains(first) {
      bytes.insert(UInt8(ascii: "'"), at: 0)
    }
    let quote = UInt8(ascii: "\"")
    if bytes.contains(where: { "\",\r\n".utf8.contains($0) }) {
      bytes = [quote] + bytes.flatMap { $0 == quote ? [quote, quote] : [$0] } + [quote]
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
