import Formats

extension MalformedCase {
  private static func json(
    _ name: String, _ header: String, _ detail: String
  ) -> MalformedCase {
    .init(name, header: header, .invalidJSON(detail: detail))
  }

  /// The same with `text` in the place of a metadata value.
  private static func value(_ name: String, _ text: String, _ detail: String) -> MalformedCase {
    json(name, "{\"__metadata__\":{\"k\":\(text)}}", detail)
  }

  private static let badEscape = "a string contains an invalid escape"
  private static let keyExpected = "expected a key in double quotes"

  static let grammar: [MalformedCase] = [
    json("brace never closed", "{", "found the end, \(keyExpected)"),
    json("nothing but braces twice", "{}{}", "found '{' after the end of the document"),
    json("trailing garbage", "{} x", "found 'x' after the end of the document"),
    json("trailing NUL padding", "{}\0\0", "found byte 0x00 after the end of the document"),
    json("trailing comma after document", "{},", "found ',' after the end of the document"),
    json("trailing brace", "{}}", "found '}' after the end of the document"),
    json("trailing form feed", "{}\u{C}", "found byte 0x0c after the end of the document"),
    json("trailing no-break space", "{}\u{A0}", "found byte 0xc2 after the end of the document"),
    json("comma alone", "{,}", "found ',', \(keyExpected)"),
    json("trailing comma", "{\"a\":1,}", "found '}', \(keyExpected)"),
    json("double comma", "{\"a\":1,,\"b\":2}", "found ',', \(keyExpected)"),
    json("no comma", "{\"a\":1 \"b\":2}", "found '\"', expected ',' or '}'"),
    json("no colon", "{\"a\" 1}", "found '1', expected ':' after a key"),
    json("equals sign", "{\"a\"=1}", "found '=', expected ':' after a key"),
    json("double colon", "{\"a\"::1}", "found ':', expected a value"),
    json("no value", "{\"a\":}", "found '}', expected a value"),
    json("key without value at the end", "{\"a\":", "found the end, expected a value"),
    json("key without colon at the end", "{\"a\"", "found the end, expected ':' after a key"),
    json("value without brace at the end", "{\"a\":1", "found the end, expected ',' or '}'"),
    json("number as key", "{1:2}", "found '1', \(keyExpected)"),
    json("bare key", "{a:1}", "found 'a', \(keyExpected)"),
    json("single-quoted key", "{'a':1}", "found ''', \(keyExpected)"),
    json("object as key", "{{}:1}", "found '{', \(keyExpected)"),
    json("line comment", "{// c\n\"a\":1}", "found '/', \(keyExpected)"),
    json("block comment", "{/* c */}", "found '/', \(keyExpected)"),
    json("comment after a value", "{\"a\":1/**/}", "found '/', expected ',' or '}'"),
    json("hash comment", "{}#", "found '#' after the end of the document"),
    json("mismatched bracket", "{\"a\":[1}", "found '}', expected ',' or ']'"),
    json("mismatched brace", "{\"a\":{\"b\":1]}", "found ']', expected ',' or '}'"),
    json("NUL in a key, escaped", "{\"a\\u0000b\":1}", "a key contains U+0000"),
    json("NUL in a key, raw", "{\"a\0b\":1}", "a string contains byte 0x00, expected it escaped"),
    json("newline in a key", "{\"a\nb\":1}", "a string contains byte 0x0a, expected it escaped"),
    json("key never ends", "{\"a:1}", "a string does not end"),
    value("single-quoted value", "'x'", "found ''', expected a value"),
    value("value never ends", "\"x", "a string does not end"),
    value("escape at the end of a string", "\"x\\\"", "a string does not end"),
    value("tab in a string", "\"\t\"", "a string contains byte 0x09, expected it escaped"),
    value("escape x", "\"\\x41\"", badEscape),
    value("escape zero", "\"\\0\"", badEscape),
    value("escape quote", "\"\\'\"", badEscape),
    value("escape upper-case U", "\"\\U0041\"", badEscape),
    value("escape u with 3 digits", "\"\\u041\"", badEscape),
    value("escape u with a bad digit", "\"\\u00g1\"", badEscape),
    value("escape u with a sign", "\"\\u+041\"", badEscape),
    value("high surrogate alone", "\"\\ud800\"", badEscape),
    value("high surrogate before text", "\"\\ud800abcdef\"", badEscape),
    value("high surrogate twice", "\"\\ud800\\ud800\"", badEscape),
    value("high surrogate before a newline escape", "\"\\ud800\\n\"", badEscape),
    value("low surrogate alone", "\"\\udc00\"", badEscape),
    value("surrogates in the wrong order", "\"\\udc00\\ud800\"", badEscape),
    value("NaN", "NaN", "found 'N', expected a value"),
    value("nan", "nan", "found 'a' in a word, expected null"),
    value("Infinity", "Infinity", "found 'I', expected a value"),
    value("minus Infinity", "-Infinity", "found 'I', expected a digit"),
    value("upper-case True", "True", "found 'T', expected a value"),
    value("upper-case NULL", "NULL", "found 'N', expected a value"),
    value("cut word", "tru", "found '}' in a word, expected true"),
    value("undefined", "undefined", "found 'u', expected a value"),
    value("leading zero", "01", "a number starts with 0, expected no leading zero"),
    value("minus leading zero", "-01", "a number starts with 0, expected no leading zero"),
    value("double zero", "00", "a number starts with 0, expected no leading zero"),
    value("plus sign", "+1", "found '+', expected a value"),
    value("minus alone", "-", "found '}', expected a digit"),
    value("double minus", "--1", "found '-', expected a digit"),
    value("point first", ".5", "found '.', expected a value"),
    value("point last", "5.", "found '}', expected a digit after '.'"),
    value("two points", "1.2.3", "found '.', expected ',' or '}'"),
    value("exponent empty", "1e", "found '}', expected a digit in the exponent"),
    value("exponent sign only", "1e+", "found '}', expected a digit in the exponent"),
    value("exponent fraction", "1e1.5", "found '.', expected ',' or '}'"),
    value("hexadecimal", "0x10", "found 'x', expected ',' or '}'"),
    value("digit separator", "1_000", "found '_', expected ',' or '}'"),
    value("word after number", "1F32", "found 'F', expected ',' or '}'"),
    value("array with trailing comma", "[1,]", "found ']', expected a value"),
    value("array with leading comma", "[,1]", "found ',', expected a value"),
    value("array with colon", "[1:2]", "found ':', expected ',' or ']'"),
    value("array never closed", "[1", "found '}', expected ',' or ']'"),
  ]

  private static func twice(_ name: String, _ header: String, _ key: String) -> MalformedCase {
    .init(name, header: header, data: 8, .duplicateKey(key: key))
  }

  private static let entry = #"{"dtype":"U8","shape":[8],"data_offsets":[0,8]}"#

  static let duplicates: [MalformedCase] = [
    twice("tensor twice, same bytes", "{\"a\":\(entry),\"a\":\(entry)}", "a"),
    twice("tensor twice, first wrong", "{\"a\":1,\"a\":\(entry)}", "a"),
    twice("tensor twice, not adjacent", "{\"a\":\(entry),\"b\":1,\"a\":\(entry)}", "a"),
    twice("tensor twice, one escaped", "{\"a\":\(entry),\"\\u0061\":\(entry)}", "a"),
    twice("tensor twice, both escaped", "{\"\\u0061\":1,\"\\u0061\":1}", "a"),
    twice("escaped slash", "{\"a/b\":1,\"a\\/b\":1}", "a/b"),
    twice("escaped newline in two ways", "{\"a\\n\":1,\"a\\u000a\":1}", "a\n"),
    twice("escape digits in other case", "{\"\\u00eb\":1,\"\\u00EB\":1}", "\u{EB}"),
    twice("surrogate pair and raw", "{\"\u{1F600}\":1,\"\\ud83d\\ude00\":1}", "\u{1F600}"),
    twice("canonically equivalent", "{\"\u{E9}\":1,\"e\u{301}\":1}", "\u{E9}"),
    twice("empty name twice", "{\"\":1,\"\":2}", ""),
    twice("metadata twice", "{\"__metadata__\":{},\"__metadata__\":{}}", "__metadata__"),
    twice(
      "metadata twice, escaped", "{\"__metadata__\":{},\"\\u005f_metadata__\":{}}", "__metadata__"),
    twice("metadata key twice", "{\"__metadata__\":{\"k\":\"1\",\"k\":\"2\"}}", "k"),
    twice(
      "dtype twice", #"{"a":{"dtype":"U8","dtype":"F64","shape":[8],"data_offsets":[0,8]}}"#,
      "dtype"),
    twice(
      "shape twice", #"{"a":{"dtype":"U8","shape":[8],"shape":[8],"data_offsets":[0,8]}}"#, "shape"),
    twice(
      "offsets twice",
      #"{"a":{"dtype":"U8","shape":[8],"data_offsets":[0,8],"data_offsets":[0,8]}}"#,
      "data_offsets"),
    twice(
      "dtype twice, escaped",
      #"{"a":{"dtype":"U8","\u0064type":"U8","shape":[8],"data_offsets":[0,8]}}"#, "dtype"),
  ]

  private static func nested(_ depth: Int, _ open: String, _ close: String) -> String {
    "{\"a\":" + String(repeating: open, count: depth) + String(repeating: close, count: depth) + "}"
  }

  static let limits: [MalformedCase] = [
    .init(
      "65 levels of arrays", header: nested(64, "[", "]"),
      .limitExceeded(what: "JSON depth", found: 65, limit: 64)),
    .init(
      "65 levels of objects", header: nested(64, "{\"a\":", "}"),
      .limitExceeded(what: "JSON depth", found: 65, limit: 64)),
    .init(
      "100,000 arrays open", header: "{\"a\":" + String(repeating: "[", count: 100_000),
      .limitExceeded(what: "JSON depth", found: 65, limit: 64)),
    .init(
      "a million open arrays", { safetensors("{\"a\":" + String(repeating: "[", count: 1 << 20)) },
      .limitExceeded(what: "JSON depth", found: 65, limit: 64)),
    .init(
      "1,000,001 values",
      { safetensors("{\"a\":[" + String(repeating: "0,", count: 999_999) + "0]}") },
      .limitExceeded(what: "JSON values", found: 1_000_001, limit: 1_000_000)),
    .init(
      "200,001 objects",
      { safetensors("{\"a\":[" + String(repeating: "{},", count: 200_000) + "{}]}") },
      .limitExceeded(what: "JSON objects", found: 200_001, limit: 200_000)),
  ]
}
