/// Writes small GGUF files of version 3 with F32 tensors: the same content gives the same bytes.
package enum GGUFWriter {
  /// One F32 tensor, row-major.
  package struct Entry: Equatable, Sendable {
    package let name: String
    package let shape: [Int]
    package let values: [Float]

    package init(_ name: String, shape: [Int], _ values: [Float]) {
      precondition(shape.reduce(1, *) == values.count, "values must fill the shape")
      self.name = name
      self.shape = shape
      self.values = values
    }
  }

  /// Writes a file, which appears under its name complete or not at all.
  ///
  /// The header is read back before it is written. Every tensor, the last one too, is padded with
  /// zeros to the alignment of 32, which llama.cpp expects.
  /// - Returns: the size of the file in bytes.
  /// - Throws: what ``GGUFHeader`` refuses, and what ``OutputFile`` throws, with the path.
  @discardableResult
  package static func write(
    _ path: String, keys: [(key: String, value: GGUFValue)], tensors: [Entry]
  ) throws(FormatError) -> Int {
    let padding = GGUFHeader.defaultAlignment
    do throws(FormatError) {
      let header = try header(keys: keys, tensors: tensors)
      let output = try OutputFile.create(path)
      try output.write(header)
      for tensor in tensors {
        try output.write(tensor.values.span.bytes)
        let end = GGUFHeader.aligned(output.position, to: padding)
        try output.write([UInt8](repeating: 0, count: end - output.position))
      }
      try output.commit()
      return output.position
    } catch {
      throw error.at(path: path)
    }
  }

  /// Everything before the data, padding included.
  private static func header(
    keys: [(key: String, value: GGUFValue)], tensors: [Entry]
  ) throws(FormatError) -> [UInt8] {
    let alignment = GGUFHeader.defaultAlignment
    var bytes = GGUFHeader.magic
    append(UInt32(3), to: &bytes)
    append(UInt64(tensors.count), to: &bytes)
    append(UInt64(keys.count), to: &bytes)
    for pair in keys {
      append(pair.key, to: &bytes)
      append(pair.value.kind.rawValue, to: &bytes)
      append(pair.value, to: &bytes)
    }
    var begin = 0
    for tensor in tensors {
      append(tensor.name, to: &bytes)
      append(UInt32(tensor.shape.count), to: &bytes)
      for length in tensor.shape.reversed() { append(UInt64(length), to: &bytes) }
      append(GGMLType.f32.rawValue, to: &bytes)
      append(UInt64(begin), to: &bytes)
      begin = GGUFHeader.aligned(begin + tensor.values.count * 4, to: alignment)
    }
    let end = GGUFHeader.aligned(bytes.count, to: alignment)
    bytes += [UInt8](repeating: 0, count: end - bytes.count)
    _ = try GGUFHeader.parse(bytes.span.bytes, fileByteCount: bytes.count + begin)
    return bytes
  }

  private static func append<T: FixedWidthInteger>(_ value: T, to bytes: inout [UInt8]) {
    for place in 0..<(T.bitWidth / 8) {
      bytes.append(UInt8(truncatingIfNeeded: value >> (8 * place)))
    }
  }

  private static func append(_ text: String, to bytes: inout [UInt8]) {
    append(UInt64(text.utf8.count), to: &bytes)
    bytes += text.utf8
  }

  private static func append(_ value: GGUFValue, to bytes: inout [UInt8]) {
    switch value {
    case .u8(let value): append(value, to: &bytes)
    case .i8(let value): append(value, to: &bytes)
    case .u16(let value): append(value, to: &bytes)
    case .i16(let value): append(value, to: &bytes)
    case .u32(let value): append(value, to: &bytes)
    case .i32(let value): append(value, to: &bytes)
    case .u64(let value): append(value, to: &bytes)
    case .i64(let value): append(value, to: &bytes)
    case .f32(let value): append(value.bitPattern, to: &bytes)
    case .f64(let value): append(value.bitPattern, to: &bytes)
    case .bool(let value): bytes.append(value ? 1 : 0)
    case .string(let text): append(text, to: &bytes)
    case .array(let array):
      append(array.elementKind.rawValue, to: &bytes)
      append(UInt64(array.count), to: &bytes)
      bytes += array.bytes
    }
  }
}
