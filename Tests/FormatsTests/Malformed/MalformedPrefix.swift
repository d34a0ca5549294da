import Formats

extension MalformedCase {
  private static func cut(_ available: Int) -> FormatError.Reason {
    .truncated(what: "header length", needed: 8, available: available)
  }

  private static func tooLarge(_ found: Int) -> FormatError.Reason {
    .headerTooLarge(found: found, limit: 16_777_216)
  }

  private static func start(_ found: String) -> FormatError.Reason {
    .wrongHeaderStart(found: found)
  }

  private static func text(_ text: String) -> [UInt8] { Array(text.utf8) }

  /// The eight bytes of the length, and other formats where they are read as one.
  static let prefix: [MalformedCase] = [
    .init("empty file", { [] }, cut(0)),
    .init("1 byte", { [1] }, cut(1)),
    .init("2 bytes", { [2, 0] }, cut(2)),
    .init("3 bytes", { [2, 0, 0] }, cut(3)),
    .init("4 bytes", { [2, 0, 0, 0] }, cut(4)),
    .init("5 bytes", { [2, 0, 0, 0, 0] }, cut(5)),
    .init("6 bytes", { [2, 0, 0, 0, 0, 0] }, cut(6)),
    .init("7 bytes", { [2, 0, 0, 0, 0, 0, 0] }, cut(7)),
    .init("length 0 and nothing", { lengthBytes(0) }, start("the end")),
    .init("length 0 before a header", { lengthBytes(0) + text("{}") }, start("the end")),
    .init(
      "length 1", { lengthBytes(1) + text("{}") },
      .invalidJSON(detail: "found the end, expected a key in double quotes")),
    .init(
      "length 7 cuts a key", { lengthBytes(7) + text("{\"abcdefgh\":1}") },
      .invalidJSON(detail: "a string does not end")),
    .init(
      "length one short", { lengthBytes(9) + text("{\"a\": {}}  ").prefix(11) },
      .missingField(field: "dtype", tensor: "a")),
    .init(
      "length one more than there is", { lengthBytes(3) + text("{}") },
      .truncated(what: "header", needed: 3, available: 2)),
    .init(
      "length 100 of 2", { lengthBytes(100) + text("{}") },
      .truncated(what: "header", needed: 100, available: 2)),
    .init(
      "length at the limit, file short", { lengthBytes(16_777_216) + text("{}") },
      .truncated(what: "header", needed: 16_777_216, available: 2)),
    .init(
      "length equal to file size", { lengthBytes(10) + text("{}") },
      .truncated(what: "header", needed: 10, available: 2)),
    .init("length over the limit by 1", { lengthBytes(16_777_217) }, tooLarge(16_777_217)),
    .init("length 100 MB", { lengthBytes(100_000_000) + text("{}") }, tooLarge(100_000_000)),
    .init("length 100 MB + 1", { lengthBytes(100_000_001) }, tooLarge(100_000_001)),
    .init("length 2^31", { lengthBytes(1 << 31) }, tooLarge(1 << 31)),
    .init("length 2^32", { lengthBytes(1 << 32) }, tooLarge(1 << 32)),
    .init("length 2^63 - 1", { lengthBytes((1 << 63) - 1) }, tooLarge(Int.max)),
    .init("length 2^63 - 8", { lengthBytes((1 << 63) - 8) }, tooLarge(Int.max - 7)),
    .init(
      "length 2^63", { lengthBytes(1 << 63) }, .lengthOverflow(what: "header", found: 1 << 63)),
    .init(
      "length 2^64 - 1", { lengthBytes(.max) }, .lengthOverflow(what: "header", found: .max)),
    .init(
      "length 2^64 - 8", { lengthBytes(.max - 7) + text("{}") },
      .lengthOverflow(what: "header", found: .max - 7)),
    .init("length big-endian", { [0, 0, 0, 0, 0, 0, 0, 2] + text("{}") }, tooLarge(2 << 56)),
    .init("no length, JSON at once", { text("{\"a\":{}}") }, tooLarge(0x7D7D_7B3A_2261_227B)),
    .init(
      "a zip archive", { [0x50, 0x4B, 3, 4, 20, 0, 0, 0] + text("x") }, tooLarge(0x14_0403_4B50)),
    .init(
      "a npy file", { [0x93] + text("NUMPY") + [1, 0] + text("v") }, tooLarge(0x01_5950_4D55_4E93)),
    .init("a GGUF file", { text("GGUF") + [3, 0, 0, 0] }, tooLarge(0x3_4655_4747)),
    .init(
      "a large-file pointer", { text("version https://example.org") },
      tooLarge(0x206E_6F69_7372_6576)),
    .init("a web page", { text("<!DOCTYPE html>") }, tooLarge(0x5059_5443_4F44_213C)),
  ]

  /// The first byte of the header.
  static let headerStart: [MalformedCase] = [
    .init("top-level array", header: "[]", start("'['")),
    .init("top-level array of objects", header: "[{}]", start("'['")),
    .init("top-level string", header: "\"{}\"", start("'\"'")),
    .init("top-level number", header: "12", start("'1'")),
    .init("top-level negative number", header: "-1", start("'-'")),
    .init("top-level true", header: "true", start("'t'")),
    .init("top-level null", header: "null", start("'n'")),
    .init("space before {", header: " {}", start("byte 0x20")),
    .init("newline before {", header: "\n{}", start("byte 0x0a")),
    .init("tab before {", header: "\t{}", start("byte 0x09")),
    .init("byte order mark", header: "\u{FEFF}{}", start("byte 0xef")),
    .init("closing brace first", header: "}{", start("'}'")),
    .init("NUL first", header: "\0{}", start("byte 0x00")),
    .init("comment first", header: "/**/{}", start("'/'")),
    .init("only spaces", header: "        ", start("byte 0x20")),
  ]

  private static func utf8(_ name: String, _ bytes: [UInt8]) -> MalformedCase {
    .init(
      name, { safetensors(text("{\"__metadata__\":{\"k\":\"") + bytes + text("\"}}")) },
      .invalidUTF8(what: "header"))
  }

  static let encoding: [MalformedCase] = [
    utf8("lone continuation byte", [0x80]),
    utf8("two continuation bytes", [0xBF, 0xBF]),
    utf8("lead byte without continuation", [0xC3]),
    utf8("latin-1 text", [0x66, 0xFC, 0x72]),
    utf8("overlong NUL", [0xC0, 0x80]),
    utf8("overlong slash in 2", [0xC0, 0xAF]),
    utf8("overlong slash in 3", [0xE0, 0x80, 0xAF]),
    utf8("overlong slash in 4", [0xF0, 0x80, 0x80, 0xAF]),
    utf8("encoded high surrogate", [0xED, 0xA0, 0x80]),
    utf8("encoded low surrogate", [0xED, 0xBF, 0xBF]),
    utf8("above U+10FFFF", [0xF4, 0x90, 0x80, 0x80]),
    utf8("five-byte form", [0xF8, 0x88, 0x80, 0x80, 0x80]),
    utf8("byte 0xFE", [0xFE]),
    utf8("byte 0xFF", [0xFF]),
    utf8("three-byte form cut", [0xE2, 0x82]),
    utf8("four-byte form cut", [0xF0, 0x9F, 0x98]),
    .init(
      "in a tensor name", { safetensors(text("{\"") + [0xFF] + text("\":1}")) },
      .invalidUTF8(what: "header")),
    .init(
      "outside strings", { safetensors(text("{") + [0xFF] + text("}")) },
      .invalidUTF8(what: "header")),
    .init(
      "in the padding", { safetensors(text("{}  ") + [0x80]) }, .invalidUTF8(what: "header")),
    .init("before the start check", { safetensors([0xFF]) }, .invalidUTF8(what: "header")),
    .init("UTF-16", { safetensors([0xFF, 0xFE, 0x7B, 0, 0x7D, 0]) }, .invalidUTF8(what: "header")),
  ]
}
