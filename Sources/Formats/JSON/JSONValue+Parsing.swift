extension JSONValue {
  /// Reads one JSON document, strictly.
  ///
  /// Checks in this order: length, UTF-8, then grammar, limits and keys in one pass. Refused beyond
  /// RFC 8259: duplicate keys (compared after decoding escapes, as Swift compares strings, so
  /// canonically equivalent keys are equal), U+0000 in keys, integers of more than 64 bits, numbers
  /// that overflow to infinity.
  /// - Throws: `limitExceeded`, `invalidUTF8`, `invalidJSON`, `duplicateKey`, `integerOutOfRange`,
  ///   `numberOutOfRange`, with the byte offset where it is known.
  package static func parse(
    _ bytes: RawSpan, limits: JSONLimits = JSONLimits()
  ) throws(FormatError) -> JSONValue {
    guard bytes.byteCount <= limits.byteCount else {
      throw FormatError(
        .limitExceeded(what: "JSON bytes", found: bytes.byteCount, limit: limits.byteCount))
    }
    if let offset = UTF8Validation.firstInvalidOffset(bytes) {
      throw FormatError(.invalidUTF8(what: "JSON text"), offset: offset)
    }
    let range = try JSONScanner.scan(bytes, limits: limits)
    return try JSONTree.build(bytes.extracting(range), depth: limits.depth)
  }

  /// Throws what ``parse(text:limits:)`` throws, without building a value.
  package static func check(text: String, limits: JSONLimits) throws(FormatError) {
    let bytes = Array(text.utf8)
    guard bytes.count <= limits.byteCount else {
      throw FormatError(
        .limitExceeded(what: "JSON bytes", found: bytes.count, limit: limits.byteCount))
    }
    _ = try JSONScanner.scan(bytes.span.bytes, limits: limits)
  }

  /// Reads one JSON document from an array of bytes.
  package static func parse(
    _ bytes: [UInt8], limits: JSONLimits = JSONLimits()
  ) throws(FormatError) -> JSONValue {
    try parse(bytes.span.bytes, limits: limits)
  }

  /// Reads one JSON document from a string.
  package static func parse(
    text: String, limits: JSONLimits = JSONLimits()
  ) throws(FormatError) -> JSONValue {
    try parse(Array(text.utf8), limits: limits)
  }

  /// Reads the JSON document in the file at `path`; errors carry the path.
  package static func read(
    path: String, limits: JSONLimits = JSONLimits()
  ) throws(FormatError) -> JSONValue {
    do throws(FormatError) {
      let file = try MappedFile.open(path)
      guard file.byteCount <= limits.byteCount else {
        throw FormatError(
          .limitExceeded(what: "JSON bytes", found: file.byteCount, limit: limits.byteCount))
      }
      return try parse(try file.copyBytes(0..<file.byteCount), limits: limits)
    } catch {
      throw error.at(path: path)
    }
  }
}
