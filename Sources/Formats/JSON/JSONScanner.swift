/// Checks a JSON text against RFC 8259 and the limits, in one linear pass, before json-c sees it.
///
/// json-c keeps the last of two equal keys, saturates long integers and accepts `NaN`, so the
/// verdict is formed here; json-c then only builds the tree. Memory: the depth's stack and the keys
/// of the objects that are open.
struct JSONScanner {
  private let limits: JSONLimits
  private var offset = 0
  private var valueCount = 0
  private var objectCount = 0
  /// One entry per open container, true for objects.
  private var containers: [Bool] = []
  /// One set per open object.
  private var keys: [Set<String>] = []

  init(limits: JSONLimits) { self.limits = limits }

  /// The range of the one value in `bytes`, surrounding white space left out.
  ///
  /// `bytes` must be valid UTF-8.
  /// - Complexity: O(bytes).
  static func scan(_ bytes: RawSpan, limits: JSONLimits) throws(FormatError) -> Range<Int> {
    var scanner = JSONScanner(limits: limits)
    return try scanner.scan(bytes)
  }

  private mutating func scan(_ bytes: RawSpan) throws(FormatError) -> Range<Int> {
    skipWhiteSpace(bytes)
    let start = offset
    repeat {
      let isComplete = try scanValueOrOpening(bytes)
      if isComplete { try closeContainers(bytes) }
    } while !containers.isEmpty
    let end = offset
    skipWhiteSpace(bytes)
    guard offset == bytes.byteCount else {
      throw invalid("found \(describe(bytes)) after the end of the document", at: offset)
    }
    return start..<end
  }

  /// Reads a scalar or an empty container (true), or enters a container (false).
  private mutating func scanValueOrOpening(_ bytes: RawSpan) throws(FormatError) -> Bool {
    skipWhiteSpace(bytes)
    valueCount += 1
    guard valueCount <= limits.valueCount else {
      throw exceeded("JSON values", found: valueCount, limit: limits.valueCount)
    }
    switch peek(bytes) {
    case UInt8(ascii: "{"): return try open(bytes, isObject: true)
    case UInt8(ascii: "["): return try open(bytes, isObject: false)
    case UInt8(ascii: "\""): _ = try scanString(bytes)
    case UInt8(ascii: "-")?, (0x30...0x39)?: try scanNumber(bytes)
    case UInt8(ascii: "t"): try scanWord("true", bytes)
    case UInt8(ascii: "f"): try scanWord("false", bytes)
    case UInt8(ascii: "n"): try scanWord("null", bytes)
    default: throw invalid("found \(describe(bytes)), expected a value", at: offset)
    }
    return true
  }

  private mutating func open(_ bytes: RawSpan, isObject: Bool) throws(FormatError) -> Bool {
    guard containers.count < limits.depth else {
      throw exceeded("JSON depth", found: containers.count + 1, limit: limits.depth)
    }
    if isObject {
      objectCount += 1
      guard objectCount <= limits.objectCount else {
        throw exceeded("JSON objects", found: objectCount, limit: limits.objectCount)
      }
    }
    offset += 1
    skipWhiteSpace(bytes)
    if peek(bytes) == (isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) {
      offset += 1
      return true
    }
    containers.append(isObject)
    if isObject {
      keys.append([])
      try scanKey(bytes)
    }
    return false
  }

  /// After a complete value: steps over `,` to the next one, or out of every container that ends.
  private mutating func closeContainers(_ bytes: RawSpan) throws(FormatError) {
    while let isObject = containers.last {
      skipWhiteSpace(bytes)
      let closing = isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")
      switch peek(bytes) {
      case UInt8(ascii: ","):
        offset += 1
        if isObject { try scanKey(bytes) }
        return
      case closing:
        offset += 1
        containers.removeLast()
        if isObject { keys.removeLast() }
      default:
        throw invalid(
          "found \(describe(bytes)), expected ',' or '\(Character(Unicode.Scalar(closing)))'",
          at: offset)
      }
    }
  }

  private mutating func scanKey(_ bytes: RawSpan) throws(FormatError) {
    skipWhiteSpace(bytes)
    let start = offset
    guard peek(bytes) == UInt8(ascii: "\"") else {
      throw invalid("found \(describe(bytes)), expected a key in double quotes", at: offset)
    }
    let text = try scanString(bytes)
    let key = JSONEscapes.decode(bytes.extracting(text))
    guard !key.utf8.contains(0) else {
      throw invalid("a key contains U+0000", at: start)
    }
    guard keys[keys.count - 1].insert(key).inserted else {
      throw FormatError(.duplicateKey(key: key), offset: start)
    }
    skipWhiteSpace(bytes)
    guard peek(bytes) == UInt8(ascii: ":") else {
      throw invalid("found \(describe(bytes)), expected ':' after a key", at: offset)
    }
    offset += 1
  }
}

// MARK: - Scalars

extension JSONScanner {
  /// The range between the quotes.
  private mutating func scanString(_ bytes: RawSpan) throws(FormatError) -> Range<Int> {
    let start = offset + 1
    offset += 1
    while let byte = peek(bytes) {
      switch byte {
      case UInt8(ascii: "\""):
        offset += 1
        return start..<(offset - 1)
      case UInt8(ascii: "\\"):
        guard let length = JSONEscapes.length(of: bytes, at: offset) else {
          throw invalid("a string contains an invalid escape", at: offset)
        }
        offset += length
      case 0..<0x20:
        throw invalid("a string contains \(describe(bytes)), expected it escaped", at: offset)
      default:
        offset += 1
      }
    }
    throw invalid("a string does not end", at: start - 1)
  }

  private mutating func scanNumber(_ bytes: RawSpan) throws(FormatError) {
    let start = offset
    let isNegative = peek(bytes) == UInt8(ascii: "-")
    if isNegative { offset += 1 }
    let first = offset
    let digits = skipDigits(bytes)
    guard digits > 0 else {
      throw invalid("found \(describe(bytes)), expected a digit", at: offset)
    }
    let hasLeadingZero = bytes.unsafeLoad(fromByteOffset: first, as: UInt8.self) == 0x30
    guard digits == 1 || !hasLeadingZero else {
      throw invalid("a number starts with 0, expected no leading zero", at: start)
    }
    var isInteger = true
    if peek(bytes) == UInt8(ascii: ".") {
      isInteger = false
      offset += 1
      guard skipDigits(bytes) > 0 else {
        throw invalid("found \(describe(bytes)), expected a digit after '.'", at: offset)
      }
    }
    if let byte = peek(bytes), byte | 0x20 == UInt8(ascii: "e") {
      isInteger = false
      offset += 1
      if let sign = peek(bytes), sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") {
        offset += 1
      }
      guard skipDigits(bytes) > 0 else {
        throw invalid("found \(describe(bytes)), expected a digit in the exponent", at: offset)
      }
    }
    if isInteger, !fits(bytes, digits: first..<offset, isNegative: isNegative) {
      let text = JSONEscapes.text(bytes.extracting(start..<min(offset, start + 100)))
      throw FormatError(.integerOutOfRange(text: text), offset: start)
    }
  }

  /// Whether the digits are an `Int64`, or a `UInt64` without sign.
  private func fits(_ bytes: RawSpan, digits: Range<Int>, isNegative: Bool) -> Bool {
    guard digits.count <= 20 else { return false }
    var magnitude: UInt64 = 0
    for index in digits {
      let digit = UInt64(bytes.unsafeLoad(fromByteOffset: index, as: UInt8.self) - 0x30)
      let (product, overflow) = magnitude.multipliedReportingOverflow(by: 10)
      let (sum, carry) = product.addingReportingOverflow(digit)
      guard !overflow, !carry else { return false }
      magnitude = sum
    }
    return !isNegative || magnitude <= Int64.min.magnitude
  }

  private mutating func scanWord(_ word: StaticString, _ bytes: RawSpan) throws(FormatError) {
    let start = offset
    for expected in word.description.utf8 {
      guard peek(bytes) == expected else {
        throw invalid("found \(describe(bytes)) in a word, expected \(word)", at: start)
      }
      offset += 1
    }
  }

  private mutating func skipDigits(_ bytes: RawSpan) -> Int {
    let start = offset
    while let byte = peek(bytes), byte >= 0x30, byte <= 0x39 { offset += 1 }
    return offset - start
  }

  private mutating func skipWhiteSpace(_ bytes: RawSpan) {
    while let byte = peek(bytes), byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
      offset += 1
    }
  }

  private func peek(_ bytes: RawSpan) -> UInt8? {
    offset < bytes.byteCount ? bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self) : nil
  }

  private func describe(_ bytes: RawSpan) -> String { ByteDescription.text(peek(bytes)) }

  private func invalid(_ detail: String, at offset: Int) -> FormatError {
    FormatError(.invalidJSON(detail: detail), offset: offset)
  }

  private func exceeded(_ what: String, found: Int, limit: Int) -> FormatError {
    FormatError(.limitExceeded(what: what, found: found, limit: limit), offset: offset)
  }
}
