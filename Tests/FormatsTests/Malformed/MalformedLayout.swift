import Formats
import Tensors

extension MalformedCase {
  private static func shape(
    _ name: String, _ text: String, _ expected: FormatError.Reason
  ) -> MalformedCase {
    .init(
      "shape: " + name, entry: "{\"dtype\":\"U8\",\"shape\":\(text),\"data_offsets\":[0,8]}",
      expected)
  }

  private static func wrong(
    _ field: String, _ found: String, _ expected: String = "an integer"
  ) -> FormatError.Reason {
    .wrongType(field: field, found: found, expected: expected, tensor: "a")
  }

  private static func range(_ field: String, _ found: String) -> FormatError.Reason {
    .outOfRange(field: field, found: found, expected: "0...\(Int.max)", tensor: "a")
  }

  private static func overflow(_ shape: [Int]) -> FormatError.Reason {
    .shapeOverflow(tensor: "a", shape: shape)
  }

  private static let fraction = "a number with a fraction or exponent"
  private static let arrayExpected = "an array of integers"

  static let shapes: [MalformedCase] = [
    shape("null", "null", wrong("shape", "null", arrayExpected)),
    shape("integer", "8", wrong("shape", "an integer", arrayExpected)),
    shape("string", "\"8\"", wrong("shape", "a string", arrayExpected)),
    shape("object", "{\"0\":8}", wrong("shape", "an object", arrayExpected)),
    shape("boolean", "true", wrong("shape", "a boolean", arrayExpected)),
    shape("of strings", "[\"8\"]", wrong("shape[0]", "a string")),
    shape("of floats", "[8.0]", wrong("shape[0]", fraction)),
    shape("of exponents", "[8e0]", wrong("shape[0]", fraction)),
    shape("of null", "[null]", wrong("shape[0]", "null")),
    shape("of booleans", "[true]", wrong("shape[0]", "a boolean")),
    shape("nested", "[[8]]", wrong("shape[0]", "an array")),
    shape("second wrong", "[8,\"1\"]", wrong("shape[1]", "a string")),
    shape("negative", "[-8]", range("shape[0]", "-8")),
    shape("negative twice", "[-2,-4]", range("shape[0]", "-2")),
    shape("-1 as rest", "[8,-1]", range("shape[1]", "-1")),
    shape("least integer", "[-9223372036854775808]", range("shape[0]", "-9223372036854775808")),
    shape("2^63", "[9223372036854775808]", range("shape[0]", "9223372036854775808")),
    shape("2^64 - 1", "[18446744073709551615]", range("shape[0]", "18446744073709551615")),
    shape("2^64", "[18446744073709551616]", .integerOutOfRange(text: "18446744073709551616")),
    shape("-2^63 - 1", "[-9223372036854775809]", .integerOutOfRange(text: "-9223372036854775809")),
    shape(
      "100 nines", "[" + String(repeating: "9", count: 100) + "]",
      .integerOutOfRange(text: String(repeating: "9", count: 100))),
    shape(
      "a thousand nines", "[" + String(repeating: "9", count: 1000) + "]",
      .integerOutOfRange(text: String(repeating: "9", count: 100))),
    shape("number over all doubles", "[1e999]", .numberOutOfRange(text: "1e999")),
    shape("number under all doubles", "[-1e999]", .numberOutOfRange(text: "-1e999")),
    shape("2^32 x 2^32", "[4294967296,4294967296]", overflow([1 << 32, 1 << 32])),
    shape("2^62 x 2", "[4611686018427387904,2]", overflow([1 << 62, 2])),
    shape("2^62 x 4 wraps to 0", "[4611686018427387904,4]", overflow([1 << 62, 4])),
    shape("2^61 x 8 + 8 wraps to 8", "[2305843009213693953,8]", overflow([(1 << 61) + 1, 8])),
    shape("three factors", "[2097152,2097152,4194304]", overflow([1 << 21, 1 << 21, 1 << 22])),
    shape("zero after the overflow", "[4294967296,4294967296,0]", overflow([1 << 32, 1 << 32, 0])),
    .init(
      "bytes overflow, elements do not",
      entry: #"{"dtype":"F64","shape":[1152921504606846977],"data_offsets":[0,8]}"#,
      overflow([(1 << 60) + 1])),
    .init(
      "bytes overflow for F16",
      entry: #"{"dtype":"F16","shape":[4611686018427387904],"data_offsets":[0,8]}"#,
      overflow([1 << 62])),
  ]

  private static func offsets(
    _ name: String, _ text: String, data: Int = 8, _ expected: FormatError.Reason
  ) -> MalformedCase {
    .init(
      "offsets: " + name, entry: "{\"dtype\":\"U8\",\"shape\":[8],\"data_offsets\":\(text)}",
      data: data, expected)
  }

  static let offsetCases: [MalformedCase] = [
    offsets("null", "null", wrong("data_offsets", "null", arrayExpected)),
    offsets("integer", "8", wrong("data_offsets", "an integer", arrayExpected)),
    offsets("string", "\"0,8\"", wrong("data_offsets", "a string", arrayExpected)),
    offsets(
      "object", "{\"begin\":0,\"end\":8}", wrong("data_offsets", "an object", arrayExpected)),
    offsets("none", "[]", wrong("data_offsets", "an array of 0", "an array of 2 integers")),
    offsets("one", "[8]", wrong("data_offsets", "an array of 1", "an array of 2 integers")),
    offsets("three", "[0,4,8]", wrong("data_offsets", "an array of 3", "an array of 2 integers")),
    offsets("float begin", "[0.0,8]", wrong("data_offsets[0]", fraction)),
    offsets("float end", "[0,8.0]", wrong("data_offsets[1]", fraction)),
    offsets("half", "[0,7.5]", wrong("data_offsets[1]", fraction)),
    offsets("exponent", "[0,8e0]", wrong("data_offsets[1]", fraction)),
    offsets("strings", "[\"0\",\"8\"]", wrong("data_offsets[0]", "a string")),
    offsets("null end", "[0,null]", wrong("data_offsets[1]", "null")),
    offsets("nested", "[[0,8]]", wrong("data_offsets[0]", "an array")),
    offsets("negative begin", "[-8,0]", range("data_offsets[0]", "-8")),
    offsets("negative end", "[0,-8]", range("data_offsets[1]", "-8")),
    offsets("2^63", "[0,9223372036854775808]", range("data_offsets[1]", "9223372036854775808")),
    offsets(
      "2^64 - 8 to 0", "[18446744073709551608,0]", range("data_offsets[0]", "18446744073709551608")
    ),
    offsets("2^64", "[0,18446744073709551616]", .integerOutOfRange(text: "18446744073709551616")),
    offsets(
      "2^63 - 1", "[0,9223372036854775807]", .sizeMismatch(tensor: "a", found: .max, expected: 8)),
    offsets("begin after end", "[8,0]", .hole(tensor: "a", begin: 8, expected: 0)),
    offsets("one byte short", "[0,7]", .sizeMismatch(tensor: "a", found: 7, expected: 8)),
    offsets("one byte long", "[0,9]", .sizeMismatch(tensor: "a", found: 9, expected: 8)),
    offsets("nothing", "[0,0]", .sizeMismatch(tensor: "a", found: 0, expected: 8)),
    offsets("hole at the start", "[1,9]", data: 9, .hole(tensor: "a", begin: 1, expected: 0)),
    offsets(
      "huge hole", "[9223372036854775799,9223372036854775807]",
      .hole(tensor: "a", begin: 9_223_372_036_854_775_799, expected: 0)),
    offsets(
      "data missing", "[0,8]", data: 0, .truncated(what: "tensor data", needed: 8, available: 0)),
    offsets(
      "one byte missing", "[0,8]", data: 7,
      .truncated(what: "tensor data", needed: 8, available: 7)),
    offsets("one byte left over", "[0,8]", data: 9, .trailingBytes(count: 1)),
    offsets("a page left over", "[0,8]", data: 4104, .trailingBytes(count: 4096)),
  ]

  private static func two(
    _ name: String, _ a: (Int, Int), _ b: (Int, Int), data: Int = 16,
    _ expected: FormatError.Reason
  ) -> MalformedCase {
    let header =
      #"{"a":{"dtype":"U8","shape":[8],"data_offsets":[\#(a.0),\#(a.1)]},"#
      + #""b":{"dtype":"U8","shape":[8],"data_offsets":[\#(b.0),\#(b.1)]}}"#
    return .init("two: " + name, header: header, data: data, expected)
  }

  static let covers: [MalformedCase] = [
    two("same bytes", (0, 8), (0, 8), .overlap(tensor: "b", begin: 0, expected: 8)),
    two("overlap by one", (0, 8), (7, 15), .overlap(tensor: "b", begin: 7, expected: 8)),
    two("overlap, other order", (7, 15), (0, 8), .overlap(tensor: "a", begin: 7, expected: 8)),
    two("one inside the other", (0, 8), (2, 6), .overlap(tensor: "b", begin: 2, expected: 8)),
    two("hole between", (0, 8), (9, 17), data: 17, .hole(tensor: "b", begin: 9, expected: 8)),
    two("hole, other order", (9, 17), (0, 8), data: 17, .hole(tensor: "a", begin: 9, expected: 8)),
    two("second reversed", (0, 8), (8, 0), .reversedOffsets(tensor: "b", begin: 8, end: 0)),
    two("second too long", (0, 8), (8, 17), .sizeMismatch(tensor: "b", found: 9, expected: 8)),
    two("trailing after both", (0, 8), (8, 16), data: 20, .trailingBytes(count: 4)),
    two(
      "second beyond the file", (0, 8), (8, 16), data: 15,
      .truncated(what: "tensor data", needed: 16, available: 15)),
    two("first shifted", (8, 16), (16, 24), data: 24, .hole(tensor: "a", begin: 8, expected: 0)),
    .init(
      "reversed by one", entry: #"{"dtype":"U8","shape":[0],"data_offsets":[0,-1]}"#, data: 0,
      range("data_offsets[1]", "-1")),
    .init("no tensors, one byte", header: "{}", data: 1, .trailingBytes(count: 1)),
    .init(
      "metadata only, bytes hidden", header: #"{"__metadata__":{"k":"v"}}"#, data: 64,
      .trailingBytes(count: 64)),
    .init(
      "empty tensor, one byte", entry: #"{"dtype":"U8","shape":[0],"data_offsets":[0,0]}"#, data: 1,
      .trailingBytes(count: 1)),
    .init(
      "empty tensor beyond the data", entry: #"{"dtype":"U8","shape":[0],"data_offsets":[8,8]}"#,
      .hole(tensor: "a", begin: 8, expected: 0)),
    .init(
      "empty tensor inside another",
      header: #"{"a":{"dtype":"U8","shape":[8],"data_offsets":[0,8]},"#
        + #""z":{"dtype":"U8","shape":[0],"data_offsets":[4,4]}}"#, data: 8,
      .overlap(tensor: "z", begin: 4, expected: 8)),
    .init(
      "scalar with no bytes", entry: #"{"dtype":"F32","shape":[],"data_offsets":[0,0]}"#, data: 0,
      .sizeMismatch(tensor: "a", found: 0, expected: 4)),
    .init(
      "scalar with two elements", entry: #"{"dtype":"F32","shape":[],"data_offsets":[0,8]}"#,
      .sizeMismatch(tensor: "a", found: 8, expected: 4)),
  ]

  /// One byte too many for every element type.
  static let sizes: [MalformedCase] = ElementType.allCases.map { type in
    let bytes = 3 * type.byteCount + 1
    return .init(
      "size of \(type.rawValue)",
      entry: "{\"dtype\":\"\(type.rawValue)\",\"shape\":[3],\"data_offsets\":[0,\(bytes)]}",
      data: bytes,
      .sizeMismatch(tensor: "a", found: bytes, expected: 3 * type.byteCount))
  }
}
