import Foundation
import Tensors
import TestSupport

/// A file of activations built byte by byte, so that every byte of an output can be predicted.
struct Recording: Sendable, CustomStringConvertible {
  enum Container: String, Sendable { case safetensors, npy, raw }

  var container: Container
  var elementType: ElementType
  var rows: [[Float]]
  var positions: [Int]?
  var special: [Bool]?
  /// Spaces after the JSON header of a safetensors file: an odd number makes the data unaligned.
  var padding = 0

  init(_ container: Container, _ elementType: ElementType, _ rows: [[Float]]) {
    self.container = container
    self.elementType = elementType
    self.rows = rows
  }

  var description: String { "\(container.rawValue) \(elementType.rawValue)" }

  private var shape: [Int] { [rows.count, rows.first?.count ?? 0] }

  /// Bytes of one row in the stored type, rounded to nearest, ties to even.
  static func bytes(_ row: [Float], _ type: ElementType) -> [UInt8] {
    switch type {
    case .bf16: row.flatMap { little(roundedToBF16($0)) }
    case .f16: row.flatMap { little(Float16($0).bitPattern) }
    default: row.flatMap { little($0.bitPattern) }
    }
  }

  /// A row as it reads back from the stored type.
  static func stored(_ row: [Float], _ type: ElementType) -> [Float] {
    switch type {
    case .bf16: row.map { Float(bitPattern: UInt32(roundedToBF16($0)) << 16) }
    case .f16: row.map { Float(Float16($0)) }
    default: row
    }
  }

  private static func roundedToBF16(_ value: Float) -> UInt16 {
    let bits = value.bitPattern
    return UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ ((bits >> 16) & 1)) >> 16)
  }

  private static func little<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
    (0..<(T.bitWidth / 8)).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }

  /// Where the rows start in ``bytes``.
  var dataOffset: Int { head.count }

  var bytes: [UInt8] { head + rows.flatMap { Self.bytes($0, elementType) } + tail }

  private var head: [UInt8] {
    switch container {
    case .raw: return []
    case .npy:
      let type = elementType == .f16 ? "<f2" : "<f4"
      var text =
        "{'descr': '\(type)', 'fortran_order': False, 'shape': (\(shape[0]), \(shape[1])), }"
      text += String(repeating: " ", count: 117 - text.count) + "\n"
      return [0x93] + Array("NUMPY".utf8) + [1, 0] + Self.little(UInt16(text.utf8.count))
        + Array(text.utf8)
    case .safetensors:
      let size = shape[0] * shape[1] * elementType.byteCount
      var entries = [
        entry("x", elementType, shape, 0..<size)
      ]
      var end = size
      if positions != nil {
        entries.append(entry("positions", .i32, [shape[0]], end..<(end + 4 * shape[0])))
        end += 4 * shape[0]
      }
      if special != nil {
        entries.append(entry("special", .u8, [shape[0]], end..<(end + shape[0])))
        end += shape[0]
      }
      entries.append(entry("note", .u8, [3], end..<(end + 3)))
      let text =
        "{" + entries.joined(separator: ", ") + "}" + String(repeating: " ", count: padding)
      return Self.little(UInt64(text.utf8.count)) + Array(text.utf8)
    }
  }

  private func entry(
    _ name: String, _ type: ElementType, _ shape: [Int], _ range: Range<Int>
  ) -> String {
    "\"\(name)\": {\"dtype\": \"\(type.rawValue)\", \"shape\": \(shape), \"data_offsets\":"
      + " [\(range.lowerBound), \(range.upperBound)]}"
  }

  private var tail: [UInt8] {
    guard container == .safetensors else { return [] }
    return (positions ?? []).flatMap { Self.little(Int32(truncatingIfNeeded: $0)) }
      + (special ?? []).map { $0 ? 1 : 0 } + [7, 8, 9]
  }

  /// Writes the file into `folder` and returns its path.
  func write(_ folder: TemporaryFolder, _ stem: String = "in") throws -> String {
    let endings: [Container: String] = [.safetensors: "safetensors", .npy: "npy", .raw: "bin"]
    let path = folder.file(stem + "." + (endings[container] ?? ""))
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    return path
  }

  /// The shape that opening a raw file needs.
  var givenShape: [Int]? { container == .raw ? shape : nil }
}
