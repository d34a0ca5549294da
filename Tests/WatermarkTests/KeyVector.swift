import Formats
import Foundation
import Steering
import Tensors
import Testing
import Watermark

/// The files of `vectors/watermark`, by Python's hmac and hashlib.
enum KeyVector {
  /// The folder of a case.
  static func folder(_ name: String) -> String {
    let root =
      ProcessInfo.processInfo.environment["STEERING_VECTORS"]
      ?? URL(fileURLWithPath: #filePath).appendingPathComponent("../../../vectors")
      .standardized.path
    return "\(root)/watermark/\(name)"
  }

  /// The cases of one file of `keys`; none is an error, since nothing would be tested.
  static func cases(_ name: String) throws -> [JSONValue] {
    let value = try JSONValue.read(path: "\(folder("keys"))/\(name).json")
    let cases = try #require(value["cases"]?.asArray)
    try #require(!cases.isEmpty)
    return cases
  }

  static func bytes(_ value: JSONValue, _ key: String) throws -> [UInt8] {
    let text = try #require(value[key]?.asString)
    return try #require(Hexadecimal.bytes(text))
  }

  static func numbers(_ value: JSONValue, _ key: String) throws -> [Int] {
    try #require(value[key]?.asArray).map { try #require($0.asInt) }
  }
}

/// A key whose secret is known.
func testKey(
  id: String = "key-1", created: Int = 1_700_000_000, retired: Int? = nil, follows: String? = nil,
  bank: String = String(repeating: "0f", count: 32), count: Int = 3,
  documents: DocumentScheme = .given, secret: [UInt8] = Array(100..<132)
) throws -> WatermarkKey {
  try WatermarkKey(
    id: id, created: created, retired: retired, follows: follows, bank: bank, count: count,
    documents: documents, secret: Secret(secret))
}

/// The error that `body` ends with, or nil when it succeeds.
func refusal<T>(_ body: () throws(SteeringError) -> T) -> SteeringError? {
  do throws(SteeringError) {
    _ = try body()
    return nil
  } catch {
    return error
  }
}
