/// Names single bytes in messages.
enum ByteDescription {
  /// `'x'` for printable ASCII, `byte 0x07` otherwise, `the end` for none.
  static func text(_ byte: UInt8?) -> String {
    guard let byte else { return "the end" }
    if byte > 0x20, byte < 0x7F { return "'\(Character(Unicode.Scalar(byte)))'" }
    let digits = String(byte, radix: 16)
    return "byte 0x" + (digits.count == 1 ? "0" : "") + digits
  }
}
