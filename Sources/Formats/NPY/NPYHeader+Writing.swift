import Tensors

extension NPYHeader {
  /// The bytes in front of a C-ordered array, format version 1, padded to a multiple of 64.
  ///
  /// - Throws: `unsupported` for types NumPy lacks (BF16, F8), `shapeOverflow`, `limitExceeded`.
  package static func encoded(
    _ type: ElementType, shape: [Int]
  ) throws(FormatError) -> [UInt8] {
    guard let descriptor = NPYDescriptor.descriptor(type) else {
      throw FormatError(
        .unsupported(
          what: "element type \(type.rawValue) in npy", advice: "write F32, or use safetensors"))
    }
    _ = try SafetensorsHeader.byteCount(of: shape, type, tensor: tensorName)
    let lengths = shape.map(String.init).joined(separator: ", ") + (shape.count == 1 ? "," : "")
    let text = "{'descr': '\(descriptor)', 'fortran_order': False, 'shape': (\(lengths)), }"
    let padding = (64 - (10 + text.utf8.count + 1) % 64) % 64
    let length = text.utf8.count + padding + 1
    guard length <= Int(UInt16.max) else {
      throw FormatError(
        .limitExceeded(what: "npy header bytes", found: length, limit: Int(UInt16.max)))
    }
    var bytes = magic + [1, 0, UInt8(length & 0xFF), UInt8(length >> 8)]
    bytes += Array(text.utf8)
    bytes += Array(repeating: 0x20, count: padding)
    bytes.append(0x0A)
    return bytes
  }
}
