/// Reads the one Python literal a `.npy` header may be: a dictionary of three known keys.
///
/// Accepted: strings in single or double quotes without escapes, `True`, `False`, a tuple of decimal
/// integers, one trailing comma, spaces; after the `}` only spaces and newlines. Nothing nests, so
/// nothing recurses.
struct NPYLiteralParser {
  struct Fields {
    let descriptor: String
    let isFortranOrder: Bool
    let shape: [Int]
  }

  private var offset: Int
  private let end: Int

  init(offset: Int, end: Int) {
    self.offset = offset
    self.end = end
  }

  mutating func parse(_ bytes: RawSpan) throws(FormatError) -> Fields {
    var descriptor: String?
    var isFortranOrder: Bool?
    var shape: [Int]?
    try expect("{", bytes)
    while !take("}", bytes) {
      let start = offset
      let key = try string(bytes)
      try expect(":", bytes)
      let isDuplicate: Bool
      switch key {
      case "descr":
        isDuplicate = descriptor != nil
        descriptor = try self.descriptor(bytes)
      case "fortran_order":
        isDuplicate = isFortranOrder != nil
        isFortranOrder = try boolean(bytes)
      case "shape":
        isDuplicate = shape != nil
        shape = try tuple(bytes)
      default:
        let accepted = ["descr", "fortran_order", "shape"]
        throw FormatError(.unknownField(field: key, accepted: accepted), offset: start)
      }
      guard !isDuplicate else { throw FormatError(.duplicateKey(key: key), offset: start) }
      if !take(",", bytes) {
        try expect("}", bytes)
        break
      }
    }
    while let byte = peek(bytes), byte == 0x20 || byte == 0x0A { offset += 1 }
    guard offset == end else { throw invalid("found \(describe(bytes)) after '}'") }
    guard let descriptor else { throw FormatError(.missingField(field: "descr")) }
    guard let isFortranOrder else { throw FormatError(.missingField(field: "fortran_order")) }
    guard let shape else { throw FormatError(.missingField(field: "shape")) }
    return Fields(descriptor: descriptor, isFortranOrder: isFortranOrder, shape: shape)
  }

  private mutating func descriptor(_ bytes: RawSpan) throws(FormatError) -> String {
    skipSpaces(bytes)
    guard peek(bytes) != UInt8(ascii: "["), peek(bytes) != UInt8(ascii: "(") else {
      throw FormatError(
        .unsupported(
          what: "a structured npy array", advice: "save one field, as in numpy.save(path, x['f'])"),
        offset: offset)
    }
    return try string(bytes)
  }

  private mutating func string(_ bytes: RawSpan) throws(FormatError) -> String {
    skipSpaces(bytes)
    guard let quote = peek(bytes), quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else {
      throw invalid("found \(describe(bytes)), expected a string")
    }
    offset += 1
    var units: [UInt8] = []
    while let byte = peek(bytes), byte != quote {
      guard (0x20..<0x7F).contains(byte), byte != UInt8(ascii: "\\") else {
        throw invalid("found \(describe(bytes)) in a string, expected printable ASCII")
      }
      units.append(byte)
      offset += 1
    }
    guard peek(bytes) == quote else { throw invalid("a string does not end") }
    offset += 1
    return String(decoding: units, as: UTF8.self)
  }

  private mutating func boolean(_ bytes: RawSpan) throws(FormatError) -> Bool {
    skipSpaces(bytes)
    for (word, value) in [("True", true), ("False", false)] {
      let units = Array(word.utf8)
      guard offset + units.count <= end else { continue }
      let isMatch = units.indices.allSatisfy { index in
        bytes.unsafeLoad(fromByteOffset: offset + index, as: UInt8.self) == units[index]
      }
      if isMatch {
        offset += units.count
        return value
      }
    }
    throw invalid("found \(describe(bytes)), expected True or False")
  }

  /// `()`, `(3,)`, `(3, 4)` or `(3, 4,)`; `(3)` is no tuple in Python and refused.
  private mutating func tuple(_ bytes: RawSpan) throws(FormatError) -> [Int] {
    try expect("(", bytes)
    var lengths: [Int] = []
    var hasComma = false
    while !take(")", bytes) {
      guard lengths.isEmpty || hasComma else {
        throw invalid("found \(describe(bytes)), expected ',' or ')'")
      }
      lengths.append(try integer(bytes))
      hasComma = take(",", bytes)
    }
    guard lengths.count != 1 || hasComma else {
      throw invalid("shape is a number in brackets, expected a tuple as in (3,)")
    }
    return lengths
  }

  private mutating func integer(_ bytes: RawSpan) throws(FormatError) -> Int {
    skipSpaces(bytes)
    let start = offset
    var value = 0
    while let byte = peek(bytes), (0x30...0x39).contains(byte) {
      let (product, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = product.addingReportingOverflow(Int(byte - 0x30))
      guard !overflow, !carry else {
        let text = JSONEscapes.text(bytes.extracting(start..<(offset + 1)))
        throw FormatError(
          .outOfRange(field: "shape", found: text, expected: "0...\(Int.max)"), offset: start)
      }
      value = sum
      offset += 1
    }
    guard offset > start else { throw invalid("found \(describe(bytes)), expected a length") }
    guard offset - start == 1 || bytes.unsafeLoad(fromByteOffset: start, as: UInt8.self) != 0x30
    else { throw invalid("a length starts with 0, expected no leading zero") }
    return value
  }

  private mutating func expect(_ byte: Unicode.Scalar, _ bytes: RawSpan) throws(FormatError) {
    guard take(byte, bytes) else {
      throw invalid("found \(describe(bytes)), expected '\(byte)'")
    }
  }

  private mutating func take(_ scalar: Unicode.Scalar, _ bytes: RawSpan) -> Bool {
    skipSpaces(bytes)
    guard peek(bytes) == UInt8(ascii: scalar) else { return false }
    offset += 1
    return true
  }

  private mutating func skipSpaces(_ bytes: RawSpan) {
    while peek(bytes) == 0x20 { offset += 1 }
  }

  private func peek(_ bytes: RawSpan) -> UInt8? {
    offset < end ? bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self) : nil
  }

  private func describe(_ bytes: RawSpan) -> String { ByteDescription.text(peek(bytes)) }

  private func invalid(_ detail: String) -> FormatError {
    FormatError(.invalidNPYHeader(detail: detail), offset: offset)
  }
}
