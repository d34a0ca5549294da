import CJSON
import Glibc

/// Builds values through json-c from a text that ``JSONScanner`` has accepted.
enum JSONTree {
  /// - Throws: `numberOutOfRange`; `invalidJSON` should json-c refuse what the scanner accepted.
  static func build(_ bytes: RawSpan, depth: Int) throws(FormatError) -> JSONValue {
    guard let tokener = json_tokener_new_ex(Int32(depth + 2)) else {
      throw FormatError(.systemCall(call: "malloc", errno: ENOMEM))
    }
    defer { json_tokener_free(tokener) }
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8)
    var root = bytes.withUnsafeBytes { raw in
      json_tokener_parse_ex(
        tokener, raw.bindMemory(to: CChar.self).baseAddress, Int32(raw.count))
    }
    if json_tokener_get_error(tokener) == json_tokener_continue {
      // A number at the top ends only with the text: a NUL says that it has ended.
      root = json_tokener_parse_ex(tokener, "", 1)
    }
    let status = json_tokener_get_error(tokener)
    guard status == json_tokener_success else {
      let detail = String(cString: json_tokener_error_desc(status))
      throw FormatError(
        .invalidJSON(detail: detail), offset: Int(json_tokener_get_parse_end(tokener)))
    }
    defer { json_object_put(root) }
    return try value(root)
  }

  /// Recursive; the scanner has bounded the depth.
  private static func value(_ node: OpaquePointer?) throws(FormatError) -> JSONValue {
    guard let node else { return .null }
    switch json_object_get_type(node) {
    case json_type_object: return try object(node)
    case json_type_array:
      var values: [JSONValue] = []
      let count = json_object_array_length(node)
      values.reserveCapacity(count)
      for index in 0..<count { values.append(try value(json_object_array_get_idx(node, index))) }
      return .array(values)
    case json_type_string: return .string(text(node))
    case json_type_boolean: return .bool(json_object_get_boolean(node) != 0)
    case json_type_int:
      let wide = json_object_get_uint64(node)
      return wide > UInt64(Int64.max) ? .unsigned(wide) : .integer(json_object_get_int64(node))
    case json_type_double:
      let number = json_object_get_double(node)
      guard number.isFinite else { throw FormatError(.numberOutOfRange(text: text(node))) }
      return .number(number)
    default: fatalError("json-c returned a value of unknown type")
    }
  }

  private static func object(_ node: OpaquePointer) throws(FormatError) -> JSONValue {
    var members: [JSONValue.Member] = []
    members.reserveCapacity(Int(json_object_object_length(node)))
    var iterator = json_object_iter_begin(node)
    var end = json_object_iter_end(node)
    while json_object_iter_equal(&iterator, &end) == 0 {
      let key = String(cString: json_object_iter_peek_name(&iterator))
      members.append(.init(key, try value(json_object_iter_peek_value(&iterator))))
      json_object_iter_next(&iterator)
    }
    return .object(members)
  }

  /// The text of a string, or of a number as it was written.
  private static func text(_ node: OpaquePointer) -> String {
    guard let characters = json_object_get_string(node) else { return "" }
    let count = Int(json_object_get_string_len(node))
    guard json_object_get_type(node) == json_type_string else {
      return String(cString: characters)
    }
    let bytes = UnsafeRawBufferPointer(start: characters, count: count)
    return String(decoding: bytes, as: UTF8.self)
  }
}
