import Formats
import Foundation
import Tensors
import Testing

@Suite struct SafetensorsFileTests {
  private func open(_ bytes: [UInt8]) throws -> SafetensorsFile {
    let scratch = try Scratch()
    return try SafetensorsFile.open(try scratch.write(bytes, "a.safetensors"))
  }

  @Test func tensorsPointIntoTheMapping() throws {
    let header =
      #"{"b":{"dtype":"F32","shape":[2],"data_offsets":[3,11]},"#
      + #""a":{"data_offsets":[0,3],"shape":[3,1],"dtype":"U8"},"__metadata__":{"y":"2","x":""}}"#
    let bytes = safetensors(header) + [7, 8, 9] + floatBytes([1, -2])
    let file = try open(bytes)
    #expect(file.tensors.map(\.name) == ["a", "b"])
    #expect(file["a"]?.bytes == [7, 8, 9])
    #expect(file["a"]?.shape == [3, 1])
    #expect(file["b"]?.bytes == floatBytes([1, -2]))
    #expect(file["b"]?.storage === file.mapped.storage)
    #expect(file["b"]?.byteOffset == file.dataOffset + 3)
    #expect(file["c"] == nil)
    #expect(file.metadata.map(\.key) == ["y", "x"])
    #expect(file.metadata.map(\.value) == ["2", ""])
    #expect(file.headerByteCount == header.utf8.count)
    #expect(file.dataOffset == 8 + header.utf8.count)
  }

  static let accepted: [(name: String, header: String, data: Int)] = [
    ("no tensors", "{}", 0),
    ("metadata only", #"{"__metadata__":{}}"#, 0),
    ("padding", "{}      \n\t\r ", 0),
    ("scalar", #"{"a":{"dtype":"F64","shape":[],"data_offsets":[0,8]}}"#, 8),
    ("empty tensor", #"{"a":{"dtype":"F32","shape":[0,4],"data_offsets":[0,0]}}"#, 0),
    (
      "empty tensors around another",
      #"{"a":{"dtype":"F32","shape":[0],"data_offsets":[4,4]},"b":{"dtype":"F32","shape":[1],"#
        + #""data_offsets":[0,4]},"c":{"dtype":"F32","shape":[2,0],"data_offsets":[0,0]}}"#, 4
    ),
    (
      "empty tensor with a huge second axis",
      #"{"a":{"dtype":"F32","shape":[0,9223372036854775807],"data_offsets":[0,0]}}"#, 0
    ),
    ("empty name", #"{"":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}"#, 1),
    (
      "name that looks like a path", #"{"../x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}"#, 1
    ),
    (
      "name beside metadata", #"{"__metadata__ ":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}"#,
      1
    ),
    ("escaped name", #"{"\u0061":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}"#, 1),
    ("NUL in a metadata value", #"{"__metadata__":{"k":"a\u0000b"}}"#, 0),
  ]

  @Test(arguments: accepted)
  func accepts(_ name: String, _ header: String, _ data: Int) throws {
    let file = try open(safetensors(header, data: data))
    #expect(file.tensors.reduce(0) { $0 + $1.tensor.byteCount } == data)
  }

  @Test(arguments: ElementType.allCases)
  func everyElementTypeIsRead(_ type: ElementType) throws {
    let count = 3 * type.byteCount
    let header =
      "{\"a\":{\"dtype\":\"\(type.rawValue)\",\"shape\":[3],\"data_offsets\":[0,\(count)]}}"
    #expect(try open(safetensors(header, data: count))["a"]?.elementType == type)
  }

  @Test func manyTensorsAreRead() throws {
    let entries = (0..<20_000).map { index in
      "\"t\(index)\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[\(index),\(index + 1)]}"
    }
    let file = try open(safetensors("{\(entries.joined(separator: ","))}", data: 20_000))
    #expect(file.tensors.count == 20_000)
    #expect(file["t19999"]?.byteOffset == file.dataOffset + 19_999)
  }

  @Test func changingTheFileAfterwardsIsNoticed() throws {
    let scratch = try Scratch()
    let path = try scratch.write(safetensors("{}"), "a.safetensors")
    let file = try SafetensorsFile.open(path)
    #expect(truncate(path, 4) == 0)
    #expect(
      refusal { () throws(FormatError) in try file.mapped.checkUnchanged() }?.reason
        == .fileChanged(detail: "size is 4 bytes, was 10"))
  }

  @Test func offsetsOfErrorsCountFromTheStartOfTheFile() throws {
    let error = refusal { () throws(FormatError) in
      try SafetensorsHeader.validate(safetensors("{\"a\":x}").span.bytes)
    }
    #expect(error?.offset == 8 + 5)
  }
}
