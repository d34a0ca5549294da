import Formats

/// GGUF files spelled out field by field, so that each field can be wrong.
enum GGUFBytes {
  static func u16(_ value: UInt16) -> [UInt8] { Array(lengthBytes(UInt64(value)).prefix(2)) }
  static func u32(_ value: UInt32) -> [UInt8] { Array(lengthBytes(UInt64(value)).prefix(4)) }
  static func u64(_ value: UInt64) -> [UInt8] { lengthBytes(value) }
  static func string(_ text: [UInt8]) -> [UInt8] { u64(UInt64(text.count)) + text }
  static func string(_ text: String) -> [UInt8] { string(Array(text.utf8)) }

  static func key(_ name: String, _ kind: UInt32, _ value: [UInt8]) -> [UInt8] {
    string(name) + u32(kind) + value
  }

  static func key(_ name: String, _ text: String) -> [UInt8] { key(name, 8, string(text)) }

  static func array(_ kind: UInt32, count: UInt64, _ elements: [UInt8]) -> [UInt8] {
    u32(kind) + u64(count) + elements
  }

  /// A tensor's description, axes in the file's order: the fastest first.
  static func tensor(
    _ name: String, _ axes: [UInt64], type: UInt32 = 0, at begin: UInt64 = 0
  ) -> [UInt8] {
    string(name) + u32(UInt32(axes.count)) + axes.flatMap(u64) + u32(type) + u64(begin)
  }

  /// A file with a correct head, padding and `data` bytes of data.
  static func file(
    version: UInt32 = 3, keys: [[UInt8]] = [], tensors: [[UInt8]] = [], data: [UInt8] = [],
    alignment: Int = 32
  ) -> [UInt8] {
    var bytes =
      Array("GGUF".utf8) + u32(version) + u64(UInt64(tensors.count)) + u64(UInt64(keys.count))
    bytes += keys.joined()
    bytes += tensors.joined()
    let rest = bytes.count % alignment
    if !data.isEmpty, rest > 0 { bytes += [UInt8](repeating: 0, count: alignment - rest) }
    return bytes + data
  }

  static func zeros(_ count: Int) -> [UInt8] { [UInt8](repeating: 0, count: count) }

  /// Two keys and two tensors; the second begins after the first one's padding.
  static let valid = file(
    keys: [
      key("general.architecture", "controlvector"),
      key("list", 9, array(8, count: 2, string("a") + string("bc"))),
    ],
    tensors: [tensor("direction.1", [3]), tensor("direction.2", [3], at: 32)],
    data: floatBytes([1, 2, 3]) + zeros(20) + floatBytes([4, 5, 6]))
}
