import CYAML
import Glibc

/// Takes a YAML text apart through libyaml's event parser, which builds no tree of its own.
enum YAMLEvents {
  /// Calls `body` with one event after another, in the order of the text.
  ///
  /// - Parameter bytes: valid UTF-8.
  /// - Throws: `invalidYAML` with libyaml's words, `systemCall`, and what `body` throws.
  static func read(
    _ bytes: [UInt8], _ body: (YAMLEvent, YAMLPlace) throws(FormatError) -> Void
  ) throws(FormatError) {
    let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
    defer { parser.deallocate() }
    guard yaml_parser_initialize(parser) == 1 else {
      throw FormatError(.systemCall(call: "malloc", errno: ENOMEM))
    }
    defer { yaml_parser_delete(parser) }
    // libyaml keeps the address: the text stays where it is until the parser is gone.
    let text = UnsafeMutablePointer<UInt8>.allocate(capacity: max(bytes.count, 1))
    defer { text.deallocate() }
    text.initialize(repeating: 0, count: max(bytes.count, 1))
    for index in bytes.indices { text[index] = bytes[index] }
    yaml_parser_set_input_string(parser, text, bytes.count)
    yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
    while try step(parser, body) {}
  }

  /// Reads one event; false at the end of the text.
  private static func step(
    _ parser: UnsafeMutablePointer<yaml_parser_t>,
    _ body: (YAMLEvent, YAMLPlace) throws(FormatError) -> Void
  ) throws(FormatError) -> Bool {
    var event = yaml_event_t()
    guard yaml_parser_parse(parser, &event) == 1 else { throw problem(parser.pointee) }
    defer { yaml_event_delete(&event) }
    let place = place(event.start_mark)
    switch event.type {
    case YAML_STREAM_START_EVENT: break
    case YAML_STREAM_END_EVENT, YAML_NO_EVENT: return false
    case YAML_DOCUMENT_START_EVENT:
      try body(.documentStart, place)
      let start = event.data.document_start
      if start.version_directive != nil
        || start.tag_directives.start != start.tag_directives.end
      {
        try body(.directive, place)
      }
    case YAML_DOCUMENT_END_EVENT: try body(.documentEnd, place)
    case YAML_ALIAS_EVENT: try body(.alias, place)
    case YAML_SCALAR_EVENT:
      let scalar = event.data.scalar
      try properties(scalar.anchor, scalar.tag, place, body)
      let units = UnsafeBufferPointer(start: scalar.value, count: scalar.length)
      try body(
        .scalar(
          String(decoding: units, as: UTF8.self),
          isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE), place)
    case YAML_SEQUENCE_START_EVENT:
      let start = event.data.sequence_start
      try properties(start.anchor, start.tag, place, body)
      try body(.listStart, place)
    case YAML_MAPPING_START_EVENT:
      let start = event.data.mapping_start
      try properties(start.anchor, start.tag, place, body)
      try body(.mapStart, place)
    case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT: try body(.containerEnd, place)
    default: throw FormatError(.invalidYAML(detail: "an unknown construct (\(place))"))
    }
    return true
  }

  private static func properties(
    _ anchor: UnsafeMutablePointer<UInt8>?, _ tag: UnsafeMutablePointer<UInt8>?,
    _ place: YAMLPlace, _ body: (YAMLEvent, YAMLPlace) throws(FormatError) -> Void
  ) throws(FormatError) {
    if anchor != nil { try body(.anchor, place) }
    if tag != nil { try body(.tag, place) }
  }

  private static func problem(_ parser: yaml_parser_t) -> FormatError {
    guard parser.error != YAML_MEMORY_ERROR else {
      return FormatError(.systemCall(call: "malloc", errno: ENOMEM))
    }
    let words = parser.problem.map { String(cString: $0) } ?? "unknown problem"
    guard parser.error != YAML_READER_ERROR else {
      return FormatError(.invalidYAML(detail: words), offset: Int(parser.problem_offset))
    }
    return FormatError(.invalidYAML(detail: "\(words) (\(place(parser.problem_mark)))"))
  }

  private static func place(_ mark: yaml_mark_t) -> YAMLPlace {
    YAMLPlace(line: Int(mark.line) &+ 1, column: Int(mark.column) &+ 1)
  }
}
