import Formats

extension MalformedCase {
  private typealias B = GGUFBytes

  private static func head(
    version: UInt32 = 3, tensors: UInt64 = 0, keys: UInt64 = 0
  ) -> [UInt8] {
    Array("GGUF".utf8) + B.u32(version) + B.u64(tensors) + B.u64(keys)
  }

  private static func cut(_ what: String, _ needed: Int, _ available: Int) -> FormatError.Reason {
    .truncated(what: what, needed: needed, available: available)
  }

  private static func range(
    _ field: String, _ found: String, _ expected: String, _ tensor: String? = nil
  ) -> FormatError.Reason {
    .outOfRange(field: field, found: found, expected: expected, tensor: tensor)
  }

  private static let notGGUF = FormatError.Reason.unrecognised(
    expected: "the GGUF magic bytes", advice: "is this a .gguf file?")

  static let ggufStart: [MalformedCase] = [
    .init("GGUF: empty", { [] }, cut("GGUF magic", 4, 0)),
    .init("GGUF: other magic", { Array("GGML".utf8) + B.zeros(20) }, notGGUF),
    .init("GGUF: magic reversed", { Array("FUGG".utf8) + B.zeros(20) }, notGGUF),
    .init("GGUF: a zip archive", { [0x50, 0x4B, 3, 4] }, notGGUF),
    .init("GGUF: a safetensors file", { safetensors("{}") }, notGGUF),
    .init(
      "GGUF: version 0", { head(version: 0) }, range("GGUF version", "0", "2 or 3")),
    .init(
      "GGUF: version 1", { head(version: 1) },
      .unsupported(
        what: "GGUF version 1, which counts in 32 bits", advice: "write it again as version 3")),
    .init("GGUF: version 4", { head(version: 4) }, range("GGUF version", "4", "2 or 3")),
    .init(
      "GGUF: version 2^32 - 1", { head(version: .max) },
      range("GGUF version", "4294967295", "2 or 3")),
    .init(
      "GGUF: big-endian", { Array("GGUF".utf8) + [0, 0, 0, 3] + B.zeros(16) },
      .unsupported(what: "big-endian GGUF", advice: "write it again in little-endian order")),
    .init(
      "GGUF: 65,537 tensors", { head(tensors: 65_537) },
      .limitExceeded(what: "GGUF tensors", found: 65_537, limit: 65_536)),
    .init(
      "GGUF: 2^63 tensors", { head(tensors: 1 << 63) },
      .lengthOverflow(what: "GGUF tensors", found: 1 << 63)),
    .init(
      "GGUF: 65,537 keys", { head(keys: 65_537) },
      .limitExceeded(what: "GGUF keys", found: 65_537, limit: 65_536)),
    .init(
      "GGUF: 2^64 - 1 keys", { head(keys: .max) }, .lengthOverflow(what: "GGUF keys", found: .max)),
    .init(
      "GGUF: a key that is not there", { head(keys: 1) }, cut("bytes of a GGUF key", 8, 0)),
    .init(
      "GGUF: a tensor that is not there", { head(tensors: 1) },
      cut("bytes of a tensor's name", 8, 0)),
    .init(
      "GGUF: bytes after a file without tensors", { B.file(data: B.zeros(33)) },
      .trailingBytes(count: 33)),
  ]

  static let ggufKeys: [MalformedCase] = [
    .init(
      "GGUF: empty key", { B.file(keys: [B.key("", 0, [1])]) }, range("GGUF key", "empty", "a name")
    ),
    .init(
      "GGUF: key of 65,536 bytes", { head(keys: 1) + B.u64(65_536) },
      .limitExceeded(what: "bytes of a GGUF key", found: 65_536, limit: 65_535)),
    .init(
      "GGUF: key of 2^64 - 1 bytes", { head(keys: 1) + B.u64(.max) },
      .lengthOverflow(what: "bytes of a GGUF key", found: .max)),
    .init(
      "GGUF: key longer than the file", { head(keys: 1) + B.u64(3) + [0x61, 0x62] },
      cut("a GGUF key", 3, 2)),
    .init(
      "GGUF: key is not UTF-8", { head(keys: 1) + B.string([0x61, 0xFF]) + B.u32(0) + [1] },
      .invalidUTF8(what: "a GGUF key")),
    .init(
      "GGUF: key twice", { B.file(keys: [B.key("a", 0, [1]), B.key("a", 0, [1])]) },
      .duplicateKey(key: "a")),
    .init(
      "GGUF: unknown kind", { B.file(keys: [B.key("a", 13, [1])]) },
      range("type of a", "13", "0 to 12")),
    .init(
      "GGUF: kind 2^32 - 1", { B.file(keys: [B.key("a", .max, [1])]) },
      range("type of a", "4294967295", "0 to 12")),
    .init(
      "GGUF: truth value 2", { B.file(keys: [B.key("a", 7, [2])]) },
      range("a", "2", "0 or 1, a truth value")),
    .init(
      "GGUF: truth value 255 in an array",
      { B.file(keys: [B.key("a", 9, B.array(7, count: 3, [0, 1, 255]))]) },
      range("a", "255", "0 or 1, a truth value")),
    .init(
      "GGUF: string is not UTF-8", { B.file(keys: [B.key("a", 8, B.string([0xC3]))]) },
      .invalidUTF8(what: "value of 'a'")),
    .init(
      "GGUF: string longer than the limit", { B.file(keys: [B.key("a", 8, B.u64(16_777_217))]) },
      .limitExceeded(what: "bytes of value of 'a'", found: 16_777_217, limit: 16_777_216)),
    .init(
      "GGUF: string longer than the file", { B.file(keys: [B.key("a", 8, B.u64(16_777_216))]) },
      cut("value of 'a'", 16_777_216, 0)),
    .init(
      "GGUF: string of 2^63 bytes", { B.file(keys: [B.key("a", 8, B.u64(1 << 63))]) },
      .lengthOverflow(what: "bytes of value of 'a'", found: 1 << 63)),
    .init(
      "GGUF: array of an unknown kind",
      { B.file(keys: [B.key("a", 9, B.array(13, count: 1, [0]))]) },
      range("type of a", "13", "0 to 12")),
    .init(
      "GGUF: array longer than any header",
      { B.file(keys: [B.key("a", 9, B.array(0, count: 67_108_865, []))]) },
      .limitExceeded(
        what: "elements of the array of 'a'", found: 67_108_865, limit: 67_108_864)),
    .init(
      "GGUF: array of 2^61 numbers whose bytes wrap around",
      { B.file(keys: [B.key("a", 9, B.array(12, count: 1 << 61, []))]) },
      .limitExceeded(
        what: "elements of the array of 'a'", found: 1 << 61, limit: 67_108_864)),
    .init(
      "GGUF: array of 2^64 - 1", { B.file(keys: [B.key("a", 9, B.array(0, count: .max, []))]) },
      .lengthOverflow(what: "elements of the array of 'a'", found: .max)),
    .init(
      "GGUF: array longer than the file",
      { B.file(keys: [B.key("a", 9, B.array(6, count: 2, B.u32(0)))]) },
      cut("array of 'a'", 8, 4)),
    .init(
      "GGUF: array of strings, one cut",
      { B.file(keys: [B.key("a", 9, B.array(8, count: 2, B.string("x") + B.u64(2) + [0x79]))]) },
      cut("array of 'a'", 2, 1)),
    .init(
      "GGUF: array of strings, one not UTF-8",
      { B.file(keys: [B.key("a", 9, B.array(8, count: 1, B.string([0x80])))]) },
      .invalidUTF8(what: "array of 'a'")),
    .init(
      "GGUF: arrays five deep",
      {
        let bytes = (0..<4).reduce(B.array(0, count: 0, [])) { inner, _ in
          B.array(9, count: 1, inner)
        }
        return B.file(keys: [B.key("a", 9, bytes)])
      }, .limitExceeded(what: "GGUF array depth", found: 5, limit: 4)),
    .init(
      "GGUF: alignment of another kind",
      { B.file(keys: [B.key("general.alignment", 10, B.u64(32))]) },
      .wrongType(field: "general.alignment", found: "U64", expected: "U32")),
    alignment(0), alignment(3), alignment(48), alignment(131_072), alignment(.max),
  ]

  private static func alignment(_ value: UInt32) -> MalformedCase {
    .init(
      "GGUF: alignment \(value)",
      { B.file(keys: [B.key("general.alignment", 4, B.u32(value))]) },
      range("general.alignment", String(value), "a power of two up to 65536"))
  }
}
