import Formats
import Tensors

/// A tensor to be written by a test.
package struct TestTensor {
  package var name: String
  package var elementType: ElementType
  package var shape: [Int]
  package var bytes: [UInt8]

  package init(_ name: String, _ elementType: ElementType, _ shape: [Int], bytes: [UInt8]) {
    self.name = name
    self.elementType = elementType
    self.shape = shape
    self.bytes = bytes
  }

  /// f32 values.
  package init(_ name: String, _ shape: [Int], _ values: [Float]) {
    self.init(name, .f32, shape, bytes: values.flatMap { Self.bytes($0.bitPattern) })
  }

  /// bf16, by cutting off the lower half of each value.
  package init(bf16 name: String, _ shape: [Int], _ values: [Float]) {
    let halves = values.map { UInt16(truncatingIfNeeded: $0.bitPattern >> 16) }
    self.init(name, .bf16, shape, bytes: halves.flatMap { Self.bytes($0) })
  }

  /// f16 values, which must be exact in f16.
  package init(f16 name: String, _ shape: [Int], _ values: [Float]) {
    self.init(name, .f16, shape, bytes: values.flatMap { Self.bytes(Float16($0).bitPattern) })
  }

  /// i64 values.
  package init(i64 name: String, _ shape: [Int], _ values: [Int64]) {
    self.init(name, .i64, shape, bytes: values.flatMap { Self.bytes($0) })
  }

  /// i32 values.
  package init(_ name: String, _ values: [Int32]) {
    self.init(name, .i32, [values.count], bytes: values.flatMap { Self.bytes($0) })
  }

  private static func bytes<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
    (0..<(T.bitWidth / 8)).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }
}

/// Writes a safetensors file through the library's own writer.
package func writeSafetensors(_ path: String, _ tensors: [TestTensor]) throws {
  let entries = tensors.map {
    SafetensorsWriter.Entry($0.name, $0.elementType, shape: $0.shape)
  }
  let writer = try SafetensorsWriter(path: path, entries: entries)
  for (index, tensor) in tensors.enumerated() {
    try writer.append(tensor.bytes.span.bytes, to: index)
  }
  try writer.finish()
}

/// The f32 values of a tensor in a safetensors file.
package func readFloats(_ path: String, _ name: String) throws -> [Float] {
  let file = try SafetensorsFile.open(path)
  guard let values = file[name]?.floats(.best) else {
    throw FormatError(.tensorMissing(name: name, available: file.tensors.map(\.name)))
  }
  return values
}
