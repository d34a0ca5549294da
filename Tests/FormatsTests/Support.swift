import Formats
import Foundation
import Tensors
import Testing

/// A folder that is there for one test and removed with its content afterwards.
final class Scratch {
  let path: String

  init() throws {
    path =
      FileManager.default.temporaryDirectory
      .appendingPathComponent("formats-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func file(_ name: String) -> String { path + "/" + name }

  @discardableResult
  func write(_ bytes: [UInt8], _ name: String) throws -> String {
    try Data(bytes).write(to: URL(fileURLWithPath: file(name)))
    return file(name)
  }

  @discardableResult
  func write(_ text: String, _ name: String) throws -> String { try write(Array(text.utf8), name) }

  func read(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(fileURLWithPath: file(name))))
  }

  func names() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: path).sorted()
  }

  /// A file of `byteCount` bytes that starts with `prefix` and occupies next to nothing.
  func sparse(_ prefix: [UInt8], byteCount: Int, _ name: String) throws -> String {
    let path = try write(prefix, name)
    guard truncate(path, byteCount) == 0 else { throw POSIXError(.EIO) }
    return path
  }
}

/// The error that `body` ends with, or nil when it succeeds.
func refusal<T>(_ body: () throws(FormatError) -> T) -> FormatError? {
  do throws(FormatError) {
    _ = try body()
    return nil
  } catch {
    return error
  }
}

/// `count` as eight little-endian bytes.
func lengthBytes(_ count: UInt64) -> [UInt8] {
  (0..<8).map { UInt8(truncatingIfNeeded: count >> (8 * $0)) }
}

/// A safetensors file: length, header as it stands, `data` zero bytes.
func safetensors(_ header: [UInt8], data: Int = 0) -> [UInt8] {
  lengthBytes(UInt64(header.count)) + header + Array(repeating: 0, count: data)
}

func safetensors(_ header: String, data: Int = 0) -> [UInt8] {
  safetensors(Array(header.utf8), data: data)
}

/// A npy file of version 1 with the header text as it stands.
func npy(_ header: String, data: Int = 0, version: UInt8 = 1) -> [UInt8] {
  let text = Array(header.utf8)
  let length = lengthBytes(UInt64(text.count)).prefix(version == 1 ? 2 : 4)
  return [0x93] + Array("NUMPY".utf8) + [version, 0] + length + text
    + Array(repeating: 0, count: data)
}

extension Tensor {
  /// The tensor's own bytes.
  var bytes: [UInt8] {
    storage.withBytes { span in
      (0..<byteCount).map { span.unsafeLoad(fromByteOffset: byteOffset + $0, as: UInt8.self) }
    }
  }
}

/// The little-endian bytes of floats.
func floatBytes(_ values: [Float]) -> [UInt8] {
  values.flatMap { value in
    (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * $0)) }
  }
}

/// A file with one way to be wrong, and what is said about it.
struct MalformedCase: Sendable, CustomTestStringConvertible {
  let name: String
  let bytes: @Sendable () -> [UInt8]
  let expected: FormatError.Reason

  var testDescription: String { name }

  init(_ name: String, _ bytes: @escaping @Sendable () -> [UInt8], _ expected: FormatError.Reason) {
    self.name = name
    self.bytes = bytes
    self.expected = expected
  }

  /// A safetensors file with a correct length prefix.
  init(_ name: String, header: String, data: Int = 0, _ expected: FormatError.Reason) {
    self.init(name, { safetensors(header, data: data) }, expected)
  }

  /// A safetensors file with one tensor `a`, whose entry has this text.
  init(_ name: String, entry: String, data: Int = 8, _ expected: FormatError.Reason) {
    self.init(name, header: "{\"a\":\(entry)}", data: data, expected)
  }
}
