/// Reads the fields of a GGUF header one after the other; every length is checked before it is used.
///
/// Little-endian. On failure the cursor does not move past the field that is wrong. What a field is called
/// is put into words on failure only: a header may have millions of them.
struct GGUFCursor {
  private(set) var offset = 0
  let fileByteCount: Int

  init(fileByteCount: Int) { self.fileByteCount = fileByteCount }

  /// Steps over `count` bytes and returns where they start.
  ///
  /// - Throws: `truncated` when the file ends before them; `limitExceeded` when only the part of the
  ///   file that may be header does.
  mutating func take(
    _ count: Int, _ what: @autoclosure () -> String, _ bytes: RawSpan
  ) throws(FormatError) -> Int {
    let available = bytes.byteCount - offset
    guard count <= available else {
      guard bytes.byteCount < fileByteCount, count <= fileByteCount - offset else {
        throw FormatError(
          .truncated(what: what(), needed: count, available: fileByteCount - offset), offset: offset
        )
      }
      throw FormatError(
        .limitExceeded(
          what: "GGUF header bytes", found: offset + count, limit: GGUFHeader.byteLimit),
        offset: offset)
    }
    let start = offset
    offset += count
    return start
  }

  mutating func integer<T: FixedWidthInteger & BitwiseCopyable>(
    _ type: T.Type, _ what: @autoclosure () -> String, _ bytes: RawSpan
  ) throws(FormatError) -> T {
    let start = try take(MemoryLayout<T>.size, what(), bytes)
    return T(littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: start, as: T.self))
  }

  /// A 64-bit count of something.
  ///
  /// - Throws: `lengthOverflow`, `limitExceeded`.
  mutating func count(
    _ what: @autoclosure () -> String, limit: Int, _ bytes: RawSpan
  ) throws(FormatError) -> Int {
    let start = offset
    let raw = try integer(UInt64.self, what(), bytes)
    guard let count = Int(exactly: raw) else {
      throw FormatError(.lengthOverflow(what: what(), found: raw), offset: start)
    }
    guard count <= limit else {
      throw FormatError(.limitExceeded(what: what(), found: count, limit: limit), offset: start)
    }
    return count
  }

  /// A length and that many bytes of UTF-8, which are checked but not copied.
  mutating func skipString(
    _ what: @autoclosure () -> String, limit: Int, _ bytes: RawSpan
  ) throws(FormatError) -> Range<Int> {
    let count = try count("bytes of \(what())", limit: limit, bytes)
    let start = try take(count, what(), bytes)
    if let bad = UTF8Validation.firstInvalidOffset(bytes.extracting(start..<offset)) {
      throw FormatError(.invalidUTF8(what: what()), offset: start + bad)
    }
    return start..<offset
  }

  mutating func string(
    _ what: @autoclosure () -> String, limit: Int, _ bytes: RawSpan
  ) throws(FormatError) -> String {
    let range = try skipString(what(), limit: limit, bytes)
    return String(decoding: Self.copy(range, bytes), as: UTF8.self)
  }

  static func copy(_ range: Range<Int>, _ bytes: RawSpan) -> [UInt8] {
    range.map { bytes.unsafeLoad(fromByteOffset: $0, as: UInt8.self) }
  }

  /// The number that says what kind of value follows.
  mutating func kind(of key: String, _ bytes: RawSpan) throws(FormatError) -> GGUFValue.Kind {
    let start = offset
    let raw = try integer(UInt32.self, "type of \(MessageText.quoted(key))", bytes)
    guard let kind = GGUFValue.Kind(rawValue: raw) else {
      throw FormatError(
        .outOfRange(field: "type of \(key)", found: String(raw), expected: "0 to 12"),
        offset: start)
    }
    return kind
  }

  /// A value of a kind; `depth` counts the arrays that it is inside of.
  mutating func value(
    _ kind: GGUFValue.Kind, of key: String, depth: Int = 0, _ bytes: RawSpan
  ) throws(FormatError) -> GGUFValue {
    func what() -> String { "value of \(MessageText.quoted(key))" }
    switch kind {
    case .u8: return .u8(try integer(UInt8.self, what(), bytes))
    case .i8: return .i8(try integer(Int8.self, what(), bytes))
    case .u16: return .u16(try integer(UInt16.self, what(), bytes))
    case .i16: return .i16(try integer(Int16.self, what(), bytes))
    case .u32: return .u32(try integer(UInt32.self, what(), bytes))
    case .i32: return .i32(try integer(Int32.self, what(), bytes))
    case .u64: return .u64(try integer(UInt64.self, what(), bytes))
    case .i64: return .i64(try integer(Int64.self, what(), bytes))
    case .f32: return .f32(Float(bitPattern: try integer(UInt32.self, what(), bytes)))
    case .f64: return .f64(Double(bitPattern: try integer(UInt64.self, what(), bytes)))
    case .bool: return .bool(try bool(key, bytes))
    case .string: return .string(try string(what(), limit: GGUFHeader.stringLimit, bytes))
    case .array: return .array(try array(of: key, depth: depth + 1, bytes))
    }
  }

  private mutating func bool(_ key: String, _ bytes: RawSpan) throws(FormatError) -> Bool {
    let start = offset
    let raw = try integer(UInt8.self, "value of \(MessageText.quoted(key))", bytes)
    guard raw <= 1 else {
      throw FormatError(
        .outOfRange(field: key, found: String(raw), expected: "0 or 1, a truth value"),
        offset: start)
    }
    return raw == 1
  }

  /// Checks every element of an array and keeps their bytes, which are copied once however deep it is.
  private mutating func array(
    of key: String, depth: Int, _ bytes: RawSpan
  ) throws(FormatError) -> GGUFArray {
    let (kind, count, elements) = try skipArray(of: key, depth: depth, bytes)
    return GGUFArray(elementKind: kind, count: count, bytes: Self.copy(elements, bytes))
  }

  /// Checks every element of an array and says where they lie.
  private mutating func skipArray(
    of key: String, depth: Int, _ bytes: RawSpan
  ) throws(FormatError) -> (kind: GGUFValue.Kind, count: Int, elements: Range<Int>) {
    guard depth <= GGUFHeader.depthLimit else {
      throw FormatError(
        .limitExceeded(what: "GGUF array depth", found: depth, limit: GGUFHeader.depthLimit),
        offset: offset)
    }
    func what() -> String { "array of \(MessageText.quoted(key))" }
    let kind = try kind(of: key, bytes)
    let count = try count("elements of the \(what())", limit: GGUFHeader.byteLimit, bytes)
    let start = offset
    if let size = kind.byteCount {
      // At most 2^26 elements of 8 bytes: no overflow.
      _ = try take(count * size, what(), bytes)
      if kind == .bool {
        for place in start..<offset
        where bytes.unsafeLoad(fromByteOffset: place, as: UInt8.self) > 1 {
          let found = bytes.unsafeLoad(fromByteOffset: place, as: UInt8.self)
          throw FormatError(
            .outOfRange(field: key, found: String(found), expected: "0 or 1, a truth value"),
            offset: place)
        }
      }
    } else {
      for _ in 0..<count {
        if kind == .string {
          _ = try skipString(what(), limit: GGUFHeader.stringLimit, bytes)
        } else {
          _ = try skipArray(of: key, depth: depth + 1, bytes)
        }
      }
    }
    return (kind, count, start..<offset)
  }
}
