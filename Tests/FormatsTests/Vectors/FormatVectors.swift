import Formats
import Foundation
import Tensors
import Testing

/// One file of `vectors/formats/<format>/<kind>` and what its `case.json` says of it.
struct FormatVector: Sendable, CustomTestStringConvertible {
  let name: String
  let path: String
  let expected: JSONValue

  var testDescription: String { name }

  struct Unusable: Error {
    let folder: String
  }

  static let root = URL(fileURLWithPath: #filePath)
    .appendingPathComponent("../../../../vectors/formats").standardized.path

  /// Every file that `case.json` lists; an empty list is an error, not a test that passes.
  static func all(_ folder: String) throws -> [FormatVector] {
    let document = try JSONValue.read(path: "\(root)/\(folder)/case.json")
    let files = document["files"]?.asObject ?? []
    guard !files.isEmpty else { throw Unusable(folder: folder) }
    return files.map { member in
      FormatVector(
        name: member.key, path: "\(root)/\(folder)/\(member.key)", expected: member.value)
    }
  }

  func bytes() throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(fileURLWithPath: path))) }

  /// Holds the error of `body` against the expected message, which is without its path.
  func expectRefusal<T>(_ body: (String) throws(FormatError) -> T) throws {
    let message = try #require(expected["message"]?.asString)
    var error = try #require(refusal { () throws(FormatError) in try body(path) }, "accepted")
    #expect(error.path == path || error.path?.hasPrefix(path + "/") == true)
    error.path = nil
    #expect(error.message == message)
  }

  /// Holds `tensors` against the expected names, types, shapes and bytes.
  func expectTensors(_ tensors: TensorCollection) throws {
    let members = try #require(expected["tensors"]?.asArray)
    #expect(tensors.names == members.compactMap { $0["name"]?.asString })
    for member in members {
      let name = try #require(member["name"]?.asString)
      let tensor = try #require(tensors[name])
      #expect(tensor.elementType.rawValue == member["type"]?.asString, "\(name)")
      #expect(tensor.shape == member["shape"]?.asArray?.compactMap(\.asInt), "\(name)")
      #expect(hexadecimal(tensor.bytes) == member["bytes"]?.asString, "\(name)")
    }
  }
}

func hexadecimal(_ bytes: [UInt8]) -> String {
  bytes.map { byte in
    let digits = String(byte, radix: 16)
    return digits.count == 1 ? "0" + digits : digits
  }.joined()
}
