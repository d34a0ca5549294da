import Formats
import Tensors

extension MalformedCase {
  private static let object = "an object describing a tensor"
  private static let strings = "an object of strings"

  private static func type(
    _ name: String, _ header: String, _ field: String, _ found: String, _ expected: String,
    tensor: String? = nil
  ) -> MalformedCase {
    .init(
      name, header: header, data: 8,
      .wrongType(field: field, found: found, expected: expected, tensor: tensor))
  }

  private static let fraction = "a number with a fraction or exponent"

  static let metadataCases: [MalformedCase] = [
    type("null", #"{"__metadata__":null}"#, "__metadata__", "null", strings),
    type("array", #"{"__metadata__":[]}"#, "__metadata__", "an array", strings),
    type("string", #"{"__metadata__":"x"}"#, "__metadata__", "a string", strings),
    type("number", #"{"__metadata__":1}"#, "__metadata__", "an integer", strings),
    type("boolean", #"{"__metadata__":true}"#, "__metadata__", "a boolean", strings),
    type("int value", #"{"__metadata__":{"k":1}}"#, "__metadata__.k", "an integer", "a string"),
    type("float value", #"{"__metadata__":{"k":1.5}}"#, "__metadata__.k", fraction, "a string"),
    type("null value", #"{"__metadata__":{"k":null}}"#, "__metadata__.k", "null", "a string"),
    type("bool value", #"{"__metadata__":{"k":false}}"#, "__metadata__.k", "a boolean", "a string"),
    type("array value", #"{"__metadata__":{"k":["v"]}}"#, "__metadata__.k", "an array", "a string"),
    type("object value", #"{"__metadata__":{"k":{}}}"#, "__metadata__.k", "an object", "a string"),
    type(
      "second value", #"{"__metadata__":{"j":"v","k":2}}"#, "__metadata__.k", "an integer",
      "a string"),
    .init(
      "a tensor in its place",
      header: #"{"__metadata__":{"dtype":"U8","shape":[8],"data_offsets":[0,8]}}"#, data: 8,
      .wrongType(field: "__metadata__.shape", found: "an array", expected: "a string")),
  ]

  private static func lacks(_ name: String, _ entry: String, _ field: String) -> MalformedCase {
    .init(name, entry: entry, .missingField(field: field, tensor: "a"))
  }

  private static func unknown(_ name: String, _ entry: String, _ field: String) -> MalformedCase {
    let accepted = ["dtype", "shape", "data_offsets"]
    return .init(name, entry: entry, .unknownField(field: field, accepted: accepted, tensor: "a"))
  }

  static let entries: [MalformedCase] = [
    type("entry is null", #"{"a":null}"#, "a", "null", object),
    type("entry is an array", #"{"a":["F32",[2],[0,8]]}"#, "a", "an array", object),
    type("entry is a string", #"{"a":"F32"}"#, "a", "a string", object),
    type("entry is an integer", #"{"a":8}"#, "a", "an integer", object),
    type("entry is a float", #"{"a":8.0}"#, "a", fraction, object),
    type("entry is a boolean", #"{"a":true}"#, "a", "a boolean", object),
    lacks("entry is empty", "{}", "dtype"),
    lacks("no dtype", #"{"shape":[8],"data_offsets":[0,8]}"#, "dtype"),
    lacks("no shape", #"{"dtype":"U8","data_offsets":[0,8]}"#, "shape"),
    lacks("no offsets", #"{"dtype":"U8","shape":[8]}"#, "data_offsets"),
    unknown(
      "extra field", #"{"dtype":"U8","shape":[8],"data_offsets":[0,8],"strides":[1]}"#, "strides"),
    unknown("extra field first", #"{"x":1,"dtype":"U8","shape":[8],"data_offsets":[0,8]}"#, "x"),
    unknown("field in upper case", #"{"DTYPE":"U8","shape":[8],"data_offsets":[0,8]}"#, "DTYPE"),
    unknown("field with a space", #"{"dtype ":"U8","shape":[8],"data_offsets":[0,8]}"#, "dtype "),
    unknown("field without name", #"{"":0,"dtype":"U8","shape":[8],"data_offsets":[0,8]}"#, ""),
    unknown(
      "older field name", #"{"dtype":"U8","shape":[8],"offsets":[0,8]}"#, "offsets"),
    unknown("entry within an entry", #"{"b":{"dtype":"U8","shape":[8]}}"#, "b"),
    unknown(
      "metadata within an entry",
      #"{"dtype":"U8","shape":[8],"data_offsets":[0,8],"__metadata__":{}}"#, "__metadata__"),
  ]

  private static func dtype(_ text: String, _ found: String) -> MalformedCase {
    .init(
      "dtype \(text)", entry: "{\"dtype\":\(text),\"shape\":[8],\"data_offsets\":[0,8]}",
      .wrongType(field: "dtype", found: found, expected: "a string", tensor: "a"))
  }

  private static func dtype(unknown name: String, _ found: String? = nil) -> MalformedCase {
    let accepted = [
      "BOOL", "U8", "I8", "F8_E5M2", "F8_E4M3", "I16", "U16", "F16", "BF16", "I32", "U32", "F32",
      "I64", "U64", "F64",
    ]
    return .init(
      "dtype \(name)", entry: "{\"dtype\":\"\(name)\",\"shape\":[8],\"data_offsets\":[0,8]}",
      .unknownElementType(tensor: "a", found: found ?? name, accepted: accepted))
  }

  static let elementTypes: [MalformedCase] = [
    dtype("null", "null"), dtype("32", "an integer"), dtype("1.5", fraction),
    dtype("true", "a boolean"), dtype("[\"F32\"]", "an array"), dtype("{}", "an object"),
    dtype(unknown: ""), dtype(unknown: "f32"), dtype(unknown: "F32 "), dtype(unknown: " F32"),
    dtype(unknown: "float32"), dtype(unknown: "torch.float32"), dtype(unknown: "<f4"),
    dtype(unknown: "F4"), dtype(unknown: "F6_E2M3"), dtype(unknown: "F6_E3M2"),
    dtype(unknown: "F8_E8M0"), dtype(unknown: "F8"), dtype(unknown: "I4"), dtype(unknown: "U4"),
    dtype(unknown: "C64"), dtype(unknown: "F128"), dtype(unknown: "bool"), dtype(unknown: "Q4_K"),
    dtype(unknown: "F32\\u0000", "F32\0"), dtype(unknown: "\\u0046\\u0033", "F3"),
    dtype(unknown: "\u{424}32"),
  ]
}
