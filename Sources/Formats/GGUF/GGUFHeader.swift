/// The validated header of a GGUF file: its keys, and which tensor lies where.
///
/// Invariants: keys and tensor names are unique; `tensors` follow one another in the data, each from a
/// multiple of the alignment on, and end inside the file, which ends with the last of them.
package struct GGUFHeader: Equatable, Sendable {
  /// The longest header that is read. Vocabularies make those of models some 10 MB long.
  package static let byteLimit = 64 << 20
  /// Bytes of one string; the longest real ones are chat templates.
  package static let stringLimit = 16 << 20
  package static let keyLimit = 65_535
  package static let nameLimit = 64
  package static let countLimit = 65_536
  package static let depthLimit = 4
  package static let alignmentLimit = 65_536
  static let alignmentKey = "general.alignment"
  static let defaultAlignment = 32
  static let magic = Array("GGUF".utf8)

  /// One tensor's name, type, shape and place.
  package struct Entry: Equatable, Sendable {
    package let name: String
    package let type: GGMLType
    /// Row-major, as everywhere here: the slowest axis first. The file has them the other way round.
    package let shape: [Int]
    /// From the start of the data.
    package let begin: Int
    package let byteCount: Int
    /// Where the file describes it, from the start of the file.
    package let infoOffset: Int
  }

  package let version: Int
  /// In file order.
  package let keys: [(key: String, value: GGUFValue)]
  /// In file order, which is also that of their data.
  package let tensors: [Entry]
  package let alignment: Int
  /// Where tensor data starts, from the start of the file; past its end when there is none.
  package let dataOffset: Int

  package static func == (left: GGUFHeader, right: GGUFHeader) -> Bool {
    left.version == right.version && left.tensors == right.tensors
      && left.alignment == right.alignment && left.dataOffset == right.dataOffset
      && left.keys.elementsEqual(right.keys) { $0.key == $1.key && $0.value == $1.value }
  }

  /// What `key`, compared byte by byte, holds.
  package subscript(key: String) -> GGUFValue? {
    keys.first { $0.key.utf8.elementsEqual(key.utf8) }?.value
  }

  /// Reads and checks the header at the start of `bytes`, and the size of the file against it.
  ///
  /// - Parameter bytes: the start of the file, up to ``byteLimit`` bytes of it.
  /// - Throws: `unrecognised`, `unsupported`, `truncated`, `lengthOverflow`, `limitExceeded`,
  ///   `invalidUTF8`, `duplicateKey`, `wrongType`, `outOfRange`, `duplicateTensor`,
  ///   `unknownElementType`, `wrongShape`, `shapeOverflow`, `hole`, `overlap`, `trailingBytes`.
  package static func parse(
    _ bytes: RawSpan, fileByteCount: Int
  ) throws(FormatError) -> GGUFHeader {
    var cursor = GGUFCursor(fileByteCount: fileByteCount)
    try checkMagic(&cursor, bytes)
    let version = try version(&cursor, bytes)
    let tensorCount = try cursor.count("GGUF tensors", limit: countLimit, bytes)
    let keyCount = try cursor.count("GGUF keys", limit: countLimit, bytes)
    var keys: [(key: String, value: GGUFValue)] = []
    // By bytes: Swift's strings are equal when Unicode holds them for the same text.
    var seen: Set<[UInt8]> = []
    var alignment = defaultAlignment
    for _ in 0..<keyCount {
      let start = cursor.offset
      let key = try cursor.string("a GGUF key", limit: keyLimit, bytes)
      guard !key.isEmpty else {
        throw FormatError(
          .outOfRange(field: "GGUF key", found: "empty", expected: "a name"), offset: start)
      }
      guard seen.insert(Array(key.utf8)).inserted else {
        throw FormatError(.duplicateKey(key: key), offset: start)
      }
      let kind = try cursor.kind(of: key, bytes)
      let place = cursor.offset
      let value = try cursor.value(kind, of: key, bytes)
      if key == alignmentKey { alignment = try checkedAlignment(value, offset: place) }
      keys.append((key, value))
    }
    let tensors = try entries(tensorCount, alignment: alignment, &cursor, bytes)
    let dataOffset = aligned(cursor.offset, to: alignment)
    try checkEnd(
      tensors, headerEnd: cursor.offset, dataOffset: dataOffset, alignment: alignment,
      fileByteCount: fileByteCount)
    return GGUFHeader(
      version: version, keys: keys, tensors: tensors, alignment: alignment, dataOffset: dataOffset)
  }

  /// Checks a whole file in memory, as ``GGUFFile/open(_:)`` would.
  package static func validate(_ bytes: RawSpan) throws(FormatError) -> GGUFHeader {
    try parse(
      bytes.extracting(0..<min(bytes.byteCount, byteLimit)), fileByteCount: bytes.byteCount)
  }

  /// `offset` or the next multiple of `alignment`; header offsets are far from overflowing.
  static func aligned(_ offset: Int, to alignment: Int) -> Int {
    (offset + alignment - 1) & ~(alignment - 1)
  }

  private static func checkMagic(
    _ cursor: inout GGUFCursor, _ bytes: RawSpan
  ) throws(FormatError) {
    let start = try cursor.take(4, "GGUF magic", bytes)
    guard GGUFCursor.copy(start..<cursor.offset, bytes) == magic else {
      throw FormatError(
        .unrecognised(expected: "the GGUF magic bytes", advice: "is this a .gguf file?"),
        offset: start)
    }
  }

  private static func version(
    _ cursor: inout GGUFCursor, _ bytes: RawSpan
  ) throws(FormatError) -> Int {
    let start = cursor.offset
    let raw = try cursor.integer(UInt32.self, "GGUF version", bytes)
    switch raw {
    case 2, 3: return Int(raw)
    case 1:
      throw FormatError(
        .unsupported(
          what: "GGUF version 1, which counts in 32 bits", advice: "write it again as version 3"),
        offset: start)
    case _ where raw & 0xFFFF == 0 && raw != 0:
      throw FormatError(
        .unsupported(what: "big-endian GGUF", advice: "write it again in little-endian order"),
        offset: start)
    default:
      throw FormatError(
        .outOfRange(field: "GGUF version", found: String(raw), expected: "2 or 3"), offset: start)
    }
  }

  private static func checkedAlignment(
    _ value: GGUFValue, offset: Int
  ) throws(FormatError) -> Int {
    guard case .u32(let raw) = value else {
      throw FormatError(
        .wrongType(field: alignmentKey, found: value.kind.name, expected: "U32"), offset: offset)
    }
    guard raw.nonzeroBitCount == 1, raw <= UInt32(alignmentLimit) else {
      throw FormatError(
        .outOfRange(
          field: alignmentKey, found: String(raw),
          expected: "a power of two up to \(alignmentLimit)"), offset: offset)
    }
    return Int(raw)
  }
}
