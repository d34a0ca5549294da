/// Reads the subset of YAML that configuration files need, as the same plain data as JSON.
///
/// One document of maps, lists and scalars. Everything in YAML that refers, computes or hides is
/// refused by name: anchors and aliases, tags, directives, merge keys, further documents.
package enum YAMLDocument {
  /// What a text may cost.
  package struct Limits: Equatable, Sendable {
    /// Bytes of text.
    package var byteCount = 1 << 20
    /// Containers inside one another.
    package var depth = 32
    /// Scalars, keys and containers.
    package var nodeCount = 100_000
    /// Lines that start with `%`: directives, or text of a block that is not indented.
    package var directiveCount = 16

    package init() {}
  }

  /// Reads the YAML document in the file at `path`; errors carry the path.
  ///
  /// - Throws: what ``parse(_:limits:)`` and ``MappedFile`` throw.
  package static func read(
    path: String, limits: Limits = Limits()
  ) throws(FormatError) -> JSONValue {
    do throws(FormatError) {
      let file = try MappedFile.open(path)
      try check(file.byteCount, limits)
      return try parse(try file.copyBytes(0..<file.byteCount), limits: limits)
    } catch {
      throw error.at(path: path)
    }
  }

  /// Reads one YAML document.
  ///
  /// - Throws: `limitExceeded`, `invalidUTF8`, `invalidYAML`, `unsupported`, `duplicateKey`,
  ///   `integerOutOfRange`, `numberOutOfRange`. Places are lines and columns, counted from 1.
  package static func parse(
    _ bytes: [UInt8], limits: Limits = Limits()
  ) throws(FormatError) -> JSONValue {
    try check(bytes.count, limits)
    if let offset = UTF8Validation.firstInvalidOffset(bytes.span.bytes) {
      throw FormatError(.invalidUTF8(what: "YAML text"), offset: offset)
    }
    try checkDirectives(bytes, limits)
    var builder = YAMLBuilder(limits: limits)
    try YAMLEvents.read(bytes) { event, place throws(FormatError) in
      try builder.take(event, at: place)
    }
    guard let root = builder.root else {
      throw FormatError(.invalidYAML(detail: "it has no document"))
    }
    return root
  }

  /// Directives are refused one by one, but the parser reads them all first, each against all before.
  private static func checkDirectives(
    _ bytes: [UInt8], _ limits: Limits
  ) throws(FormatError) {
    var count = 0
    var startsLine = true
    for byte in bytes {
      if startsLine, byte == UInt8(ascii: "%") { count += 1 }
      startsLine = byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r")
    }
    guard count <= limits.directiveCount else {
      throw FormatError(
        .limitExceeded(
          what: "lines of YAML that start with %", found: count, limit: limits.directiveCount))
    }
  }

  private static func check(_ byteCount: Int, _ limits: Limits) throws(FormatError) {
    guard byteCount <= limits.byteCount else {
      throw FormatError(
        .limitExceeded(what: "YAML bytes", found: byteCount, limit: limits.byteCount))
    }
  }
}
