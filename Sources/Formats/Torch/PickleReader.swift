/// The instructions of a pickle, one after another, each with its operand.
///
/// Knows the instructions that torch writes in protocols 2 to 5, and refuses every other by name.
struct PickleReader {
  /// An instruction and its operand.
  enum Instruction {
    case stop
    case mark
    case none
    case bool(Bool)
    case integer(Int64)
    case float(Double)
    case string(String)
    case global(module: String, name: String)
    /// The global whose module and name are on the stack.
    case stackGlobal
    case reduce
    case build
    case persistent
    case emptyDictionary
    case emptyList
    case emptyTuple
    case tuple
    /// A tuple of the last 1, 2 or 3 values.
    case shortTuple(Int)
    case append
    case appends
    case setItem
    case setItems
    case put(Int)
    case memoise
    case get(Int)
    /// The protocol's number or a frame's length: nothing to do.
    case nothing
  }

  private(set) var offset = 0
  /// Where the last instruction started.
  private(set) var start = 0

  /// Instructions that pickles may hold elsewhere and that are refused here, with their names.
  private static let refused: [UInt8: String] = [
    0x30: "POP", 0x31: "POP_MARK", 0x32: "DUP", 0x46: "FLOAT", 0x49: "INT",
    0x4C: "LONG", 0x50: "PERSID", 0x53: "STRING", 0x54: "BINSTRING", 0x55: "SHORT_BINSTRING",
    0x56: "UNICODE", 0x67: "GET", 0x69: "INST", 0x6C: "LIST", 0x64: "DICT", 0x6F: "OBJ",
    0x70: "PUT", 0x81: "NEWOBJ", 0x82: "EXT1", 0x83: "EXT2", 0x84: "EXT4", 0x8B: "LONG4",
    0x42: "BINBYTES", 0x43: "SHORT_BINBYTES", 0x8E: "BINBYTES8", 0x8F: "EMPTY_SET",
    0x90: "ADDITEMS", 0x91: "FROZENSET", 0x92: "NEWOBJ_EX", 0x96: "BYTEARRAY8",
    0x97: "NEXT_BUFFER", 0x98: "READONLY_BUFFER",
  ]

  /// Reads the next instruction of `bytes`.
  ///
  /// - Throws: `invalidPickle`, `refusedCall`, `truncated`, `invalidUTF8`, with the offset.
  mutating func next(_ bytes: RawSpan) throws(FormatError) -> Instruction {
    start = offset
    let code = try byte(bytes)
    switch code {
    case 0x80:
      let version = try byte(bytes)
      guard start == 0, (2...5).contains(version) else {
        throw invalid(
          start == 0
            ? "protocol \(version), expected 2 to 5" : "a second protocol number after the start")
      }
      return .nothing
    case 0x95:
      let length = try wide(bytes, "a frame")
      guard length <= bytes.byteCount - offset else {
        throw truncated("a frame", length, bytes)
      }
      return .nothing
    case 0x2E: return .stop
    case 0x28: return .mark
    case 0x4E: return .none
    case 0x88: return .bool(true)
    case 0x89: return .bool(false)
    case 0x4A: return .integer(Int64(Int32(bitPattern: try four(bytes))))
    case 0x4B: return .integer(Int64(try byte(bytes)))
    case 0x4D:
      let range = try take(2, "an integer", bytes)
      return .integer(Int64(bytes.uint16(at: range.lowerBound)))
    case 0x8A: return .integer(try long(bytes))
    case 0x47:
      let range = try take(8, "a float", bytes)
      return .float(Double(bitPattern: bytes.uint64(at: range.lowerBound).byteSwapped))
    case 0x8C: return .string(try text(Int(try byte(bytes)), bytes))
    case 0x58: return .string(try text(Int(try four(bytes)), bytes))
    case 0x8D: return .string(try text(try wide(bytes, "a string"), bytes))
    case 0x63:
      let module = try line(bytes)
      return .global(module: module, name: try line(bytes))
    case 0x93: return .stackGlobal
    case 0x52: return .reduce
    case 0x62: return .build
    case 0x51: return .persistent
    case 0x7D: return .emptyDictionary
    case 0x5D: return .emptyList
    case 0x29: return .emptyTuple
    case 0x74: return .tuple
    case 0x85, 0x86, 0x87: return .shortTuple(Int(code - 0x84))
    case 0x61: return .append
    case 0x65: return .appends
    case 0x73: return .setItem
    case 0x75: return .setItems
    case 0x71: return .put(Int(try byte(bytes)))
    case 0x72: return .put(Int(try four(bytes)))
    case 0x94: return .memoise
    case 0x68: return .get(Int(try byte(bytes)))
    case 0x6A: return .get(Int(try four(bytes)))
    default: throw try refusal(of: code, bytes)
    }
  }

  /// What to say of an instruction that is not read: of a call, what it would call.
  private mutating func refusal(of code: UInt8, _ bytes: RawSpan) throws(FormatError) -> FormatError
  {
    if code == 0x69 {
      let module = try line(bytes)
      return FormatError(.refusedCall(name: "\(module).\(try line(bytes))"), offset: start)
    }
    guard let name = Self.refused[code] else {
      return invalid("unknown instruction \(ByteDescription.text(code))")
    }
    switch code {
    case 0x6F, 0x81, 0x92: return FormatError(.refusedCall(name: name), offset: start)
    case 0x82, 0x83, 0x84:
      return FormatError(.refusedCall(name: "\(name) (a registered extension)"), offset: start)
    default: return invalid("instruction \(name), expected tensors and plain values only")
    }
  }

  // MARK: Operands

  private mutating func byte(_ bytes: RawSpan) throws(FormatError) -> UInt8 {
    let range = try take(1, "an instruction", bytes)
    return bytes.unsafeLoad(fromByteOffset: range.lowerBound, as: UInt8.self)
  }

  private mutating func four(_ bytes: RawSpan) throws(FormatError) -> UInt32 {
    bytes.uint32(at: try take(4, "an operand", bytes).lowerBound)
  }

  private mutating func wide(_ bytes: RawSpan, _ what: String) throws(FormatError) -> Int {
    let value = bytes.uint64(at: try take(8, "an operand", bytes).lowerBound)
    guard let length = Int(exactly: value) else {
      throw FormatError(.lengthOverflow(what: what, found: value), offset: start)
    }
    return length
  }

  /// An integer of up to 8 bytes, in two's complement.
  private mutating func long(_ bytes: RawSpan) throws(FormatError) -> Int64 {
    let count = Int(try byte(bytes))
    let range = try take(count, "an integer", bytes)
    guard count <= 8 else {
      throw invalid("an integer of \(count) bytes, expected at most 8")
    }
    var value: Int64 = 0
    for (place, index) in range.enumerated() {
      let byte = bytes.unsafeLoad(fromByteOffset: index, as: UInt8.self)
      value |= Int64(byte) << (8 * place)
    }
    let shift = 64 - 8 * count
    return count == 0 ? 0 : (value << shift) >> shift
  }

  private mutating func text(_ count: Int, _ bytes: RawSpan) throws(FormatError) -> String {
    try string(try take(count, "a string", bytes), bytes)
  }

  private mutating func line(_ bytes: RawSpan) throws(FormatError) -> String {
    var end = offset
    while end < bytes.byteCount, bytes.unsafeLoad(fromByteOffset: end, as: UInt8.self) != 0x0A {
      end += 1
    }
    guard end < bytes.byteCount else { throw truncated("a name", end + 1 - offset, bytes) }
    let text = try string(offset..<end, bytes)
    offset = end + 1
    return text
  }

  private func string(_ range: Range<Int>, _ bytes: RawSpan) throws(FormatError) -> String {
    guard UTF8Validation.firstInvalidOffset(bytes.extracting(range)) == nil else {
      throw FormatError(.invalidUTF8(what: "a string of the pickle"), offset: range.lowerBound)
    }
    return String(
      decoding: range.map { bytes.unsafeLoad(fromByteOffset: $0, as: UInt8.self) }, as: UTF8.self)
  }

  private mutating func take(
    _ count: Int, _ what: String, _ bytes: RawSpan
  ) throws(FormatError) -> Range<Int> {
    guard count <= bytes.byteCount - offset else { throw truncated(what, count, bytes) }
    defer { offset += count }
    return offset..<(offset + count)
  }

  private func truncated(_ what: String, _ needed: Int, _ bytes: RawSpan) -> FormatError {
    FormatError(
      .truncated(
        what: "\(what) of the pickle", needed: needed, available: bytes.byteCount - offset),
      offset: start)
  }

  private func invalid(_ detail: String) -> FormatError {
    FormatError(.invalidPickle(detail: detail), offset: start)
  }
}
