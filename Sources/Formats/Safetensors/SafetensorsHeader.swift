import Tensors

/// The validated header of a safetensors file: what lies where.
///
/// Invariants: `entries` are sorted by offset, cover `0..<dataByteCount` without hole and overlap,
/// and each covers exactly the bytes of its type and shape; names and metadata keys are unique.
package struct SafetensorsHeader: Sendable {
  /// The longest header that is read. The format itself allows 100 MB; real headers stay below
  /// 1 MB, and parsing costs many times the text.
  package static let byteLimit = 16 << 20

  package struct Entry: Equatable, Sendable {
    package let name: String
    package let elementType: ElementType
    package let shape: [Int]
    /// Where the tensor starts and ends, from the end of the header.
    package let begin: Int
    package let end: Int
  }

  /// In offset order; empty tensors come before the one that starts at the same byte.
  package let entries: [Entry]
  /// In file order.
  package let metadata: [(key: String, value: String)]

  static let metadataKey = "__metadata__"

  /// Reads the length prefix: the header's length, checked against the limit and the file.
  ///
  /// - Parameter prefix: the first bytes of the file, at least 8 when the file has them.
  /// - Throws: `truncated`, `lengthOverflow`, `headerTooLarge`.
  package static func byteCount(
    prefix: RawSpan, fileByteCount: Int
  ) throws(FormatError) -> Int {
    guard fileByteCount >= 8, prefix.byteCount >= 8 else {
      throw FormatError(
        .truncated(what: "header length", needed: 8, available: fileByteCount), offset: 0)
    }
    let raw = UInt64(littleEndian: prefix.unsafeLoadUnaligned(as: UInt64.self))
    guard let length = Int(exactly: raw) else {
      throw FormatError(.lengthOverflow(what: "header", found: raw), offset: 0)
    }
    guard length <= byteLimit else {
      throw FormatError(.headerTooLarge(found: length, limit: byteLimit), offset: 0)
    }
    guard length <= fileByteCount - 8 else {
      throw FormatError(
        .truncated(what: "header", needed: length, available: fileByteCount - 8), offset: 8)
    }
    return length
  }

  /// Reads and checks the header's JSON against the number of bytes that follow it.
  ///
  /// Offsets of errors count from the start of `json`.
  package static func parse(
    _ json: RawSpan, dataByteCount: Int
  ) throws(FormatError) -> SafetensorsHeader {
    if let offset = UTF8Validation.firstInvalidOffset(json) {
      throw FormatError(.invalidUTF8(what: "header"), offset: offset)
    }
    let first = json.isEmpty ? nil : json.unsafeLoad(as: UInt8.self)
    guard first == UInt8(ascii: "{") else {
      throw FormatError(.wrongHeaderStart(found: ByteDescription.text(first)), offset: 0)
    }
    let document = try JSONValue.parse(json, limits: JSONLimits(byteCount: byteLimit))
    guard case .object(let members) = document else {
      fatalError("a JSON text that starts with '{' is an object")
    }
    var entries: [Entry] = []
    entries.reserveCapacity(members.count)
    var metadata: [(key: String, value: String)] = []
    for member in members {
      if member.key == metadataKey {
        metadata = try SafetensorsHeader.metadata(member.value)
      } else {
        entries.append(try Entry(name: member.key, member.value))
      }
    }
    entries = inOffsetOrder(entries)
    try checkCover(entries, dataByteCount: dataByteCount)
    return SafetensorsHeader(entries: entries, metadata: metadata)
  }

  /// Checks a whole file in memory, as ``SafetensorsFile/open(_:)`` would.
  package static func validate(_ bytes: RawSpan) throws(FormatError) -> SafetensorsHeader {
    let length = try byteCount(prefix: bytes, fileByteCount: bytes.byteCount)
    do throws(FormatError) {
      return try parse(
        bytes.extracting(8..<(8 + length)), dataByteCount: bytes.byteCount - 8 - length)
    } catch {
      throw error.shifted(by: 8)
    }
  }

  private static func metadata(
    _ value: JSONValue
  ) throws(FormatError) -> [(key: String, value: String)] {
    guard case .object(let members) = value else {
      throw FormatError(
        .wrongType(field: metadataKey, found: value.kind, expected: "an object of strings"))
    }
    var metadata: [(key: String, value: String)] = []
    for member in members {
      guard case .string(let text) = member.value else {
        throw FormatError(
          .wrongType(
            field: "\(metadataKey).\(member.key)", found: member.value.kind, expected: "a string"))
      }
      metadata.append((member.key, text))
    }
    return metadata
  }
}
