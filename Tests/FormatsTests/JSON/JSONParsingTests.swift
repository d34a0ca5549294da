import Formats
import Testing

@Suite struct JSONParsingTests {
  static let accepted: [(text: String, value: JSONValue)] = [
    ("null", .null), (" true ", true), ("\nfalse\r\n", false), ("0", 0), ("-0", 0), ("7", 7),
    ("-12", -12), ("9223372036854775807", .integer(.max)), ("-9223372036854775808", .integer(.min)),
    ("9223372036854775808", .unsigned(1 << 63)), ("18446744073709551615", .unsigned(.max)),
    ("0.0", 0.0), ("-0.0", -0.0), ("1.5", 1.5), ("1e2", 100.0), ("1E+2", 100.0), ("25e-1", 2.5),
    ("1e-400", 0.0), ("18446744073709551616.0", 18446744073709551616.0),
    ("36893488147419103232e0", 36893488147419103232.0), ("0.1", 0.1),
    ("1.7976931348623157e308", .number(.greatestFiniteMagnitude)),
    ("5e-324", .number(.leastNonzeroMagnitude)), ("\"\"", ""), ("\"a\"", "a"),
    (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"),
    (#""\u0041\u00e9\u20AC""#, "A\u{E9}\u{20AC}"),
    (#""\ud83d\ude00""#, "\u{1F600}"),
    ("\"\u{1F600}\u{7F}\u{85}\u{2028}\"", "\u{1F600}\u{7F}\u{85}\u{2028}"),
    (#""a\u0000b""#, "a\0b"), (#""\uFFFF\uFFFE""#, "\u{FFFF}\u{FFFE}"), ("[]", []), ("[ ]", []),
    ("{}", [:]), ("{ }", [:]), ("[1,[2,[3]],{}]", [1, [2, [3]], [:]]),
    ("[1.0,1]", [1.0, 1]), ("{\"b\":1,\"a\":2}", ["b": 1, "a": 2]),
    (" { \"a\" : [ 1 , \"x\" ] , \"\" : null } ", ["a": [1, "x"], "": .null]),
    ("{\"a\":{\"a\":{\"a\":1}}}", ["a": ["a": ["a": 1]]]),
    ("[{\"k\":1},{\"k\":2}]", [["k": 1], ["k": 2]]), ("{\"\\u006b\":1}", ["k": 1]),
  ]

  @Test(arguments: accepted)
  func accepts(_ text: String, _ value: JSONValue) throws {
    #expect(try JSONValue.parse(text: text) == value)
  }

  @Test func integersAndFractionsStayApart() throws {
    #expect(try JSONValue.parse(text: "1") == .integer(1))
    #expect(try JSONValue.parse(text: "1.0") == .number(1))
    #expect(JSONValue.integer(1) != .number(1))
  }

  static let refused: [(text: String, reason: FormatError.Reason, offset: Int?)] = [
    ("", .invalidJSON(detail: "found the end, expected a value"), 0),
    ("  ", .invalidJSON(detail: "found the end, expected a value"), 2),
    ("1 2", .invalidJSON(detail: "found '2' after the end of the document"), 2),
    ("nul", .invalidJSON(detail: "found the end in a word, expected null"), 0),
    ("NaN", .invalidJSON(detail: "found 'N', expected a value"), 0),
    ("-NaN", .invalidJSON(detail: "found 'N', expected a digit"), 1),
    ("'a'", .invalidJSON(detail: "found ''', expected a value"), 0),
    ("1e999", .numberOutOfRange(text: "1e999"), nil),
    ("[1,-1e400]", .numberOutOfRange(text: "-1e400"), nil),
    ("18446744073709551616", .integerOutOfRange(text: "18446744073709551616"), 0),
    ("[-9223372036854775809]", .integerOutOfRange(text: "-9223372036854775809"), 1),
    (
      "99999999999999999999999", .integerOutOfRange(text: "99999999999999999999999"), 0
    ),
    ("{\"a\":1,\"\\u0061\":2}", .duplicateKey(key: "a"), 7),
    ("[[{\"a\":1,\"a\":1}]]", .duplicateKey(key: "a"), 9),
  ]

  @Test(arguments: refused)
  func refuses(_ text: String, _ reason: FormatError.Reason, _ offset: Int?) {
    let error = refusal { () throws(FormatError) in try JSONValue.parse(text: text) }
    #expect(error == FormatError(reason, offset: offset))
  }

  @Test func invalidUTF8IsFoundBeforeTheGrammar() {
    let error = refusal { () throws(FormatError) in
      try JSONValue.parse([0x7B, 0x7B, 0x22, 0xC0, 0x80])
    }
    #expect(error == FormatError(.invalidUTF8(what: "JSON text"), offset: 3))
  }

  @Test(arguments: 1...12)
  func truncationIsRefused(_ count: Int) {
    let text = #"{"a":[1,"é"]}"#
    let error = refusal { () throws(FormatError) in
      try JSONValue.parse(Array(text.utf8.prefix(count)))
    }
    guard case .invalidJSON? = error?.reason else {
      #expect(error?.reason == .invalidUTF8(what: "JSON text"))
      #expect(count == 10)
      return
    }
  }

  @Test func limitsAreExact() throws {
    let limits = JSONLimits(byteCount: 13, depth: 2, valueCount: 4, objectCount: 1)
    #expect(try JSONValue.parse(text: "{\"a\":[1, 2]} ", limits: limits) == ["a": [1, 2]])
    func reason(_ text: String) -> FormatError.Reason? {
      refusal { () throws(FormatError) in
        try JSONValue.parse(text: text, limits: limits)
      }?.reason
    }
    #expect(
      reason("{\"a\":[1, 2]}  ") == .limitExceeded(what: "JSON bytes", found: 14, limit: 13))
    #expect(reason("[[[]]]") == .limitExceeded(what: "JSON depth", found: 3, limit: 2))
    #expect(reason("[1,2,3,4]") == .limitExceeded(what: "JSON values", found: 5, limit: 4))
    #expect(reason("[{},{}]") == .limitExceeded(what: "JSON objects", found: 2, limit: 1))
  }

  @Test func depthAtTheLimitIsAccepted() throws {
    let text = String(repeating: "[", count: 64) + String(repeating: "]", count: 64)
    #expect(try JSONValue.parse(text: text).asArray?.count == 1)
    let deepest = JSONLimits(depth: 512)
    let deep = String(repeating: "{\"a\":", count: 512) + "1" + String(repeating: "}", count: 512)
    #expect(try JSONValue.parse(text: deep, limits: deepest).asObject?.count == 1)
    let scalars = JSONLimits(depth: 0)
    #expect(try JSONValue.parse(text: "1", limits: scalars) == 1)
  }

  @Test func readingAFileNamesIt() throws {
    let scratch = try Scratch()
    let path = try scratch.write("{\"a\":1}\n", "good.json")
    #expect(try JSONValue.read(path: path) == ["a": 1])
    let bad = try scratch.write("{", "bad.json")
    let error = refusal { () throws(FormatError) in try JSONValue.read(path: bad) }
    #expect(error?.path == bad)
    #expect(
      error?.reason == .invalidJSON(detail: "found the end, expected a key in double quotes"))
    let large = try scratch.sparse([], byteCount: (16 << 20) + 1, "large.json")
    #expect(
      refusal { () throws(FormatError) in try JSONValue.read(path: large) }?.reason
        == .limitExceeded(what: "JSON bytes", found: (16 << 20) + 1, limit: 16 << 20))
    let missing = refusal { () throws(FormatError) in
      try JSONValue.read(path: scratch.file("none.json"))
    }
    #expect(missing?.reason == .systemCall(call: "open", errno: 2))
  }

  @Test func limitsOutOfRangeTrap() async {
    await #expect(processExitsWith: .failure) { _ = JSONLimits(depth: 513) }
    await #expect(processExitsWith: .failure) { _ = JSONLimits(byteCount: -1) }
  }
}
