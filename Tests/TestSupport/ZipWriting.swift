/// The bytes of a zip archive whose entries are stored as they are.
package func zipArchive(_ entries: [(name: String, bytes: [UInt8])]) -> [UInt8] {
  func little<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
    (0..<(T.bitWidth / 8)).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }
  var out: [UInt8] = []
  var directory: [UInt8] = []
  for entry in entries {
    let name = Array(entry.name.utf8)
    let offset = UInt32(out.count)
    let size = UInt32(entry.bytes.count)
    // Version 2.0, no flags, stored, 1980-01-01, then sizes and the length of the name.
    let common =
      little(UInt16(20)) + little(UInt16(0)) + little(UInt16(0)) + little(UInt16(0))
      + little(UInt16(0x21)) + little(checksum(entry.bytes)) + little(size) + little(size)
      + little(UInt16(name.count)) + little(UInt16(0))
    out += little(UInt32(0x0403_4B50)) + common + name + entry.bytes
    directory +=
      little(UInt32(0x0201_4B50)) + little(UInt16(20)) + common
      + [UInt8](repeating: 0, count: 10) + little(offset) + name
  }
  let start = UInt32(out.count)
  let count = UInt16(entries.count)
  return out + directory + little(UInt32(0x0605_4B50)) + little(UInt32(0)) + little(count)
    + little(count) + little(UInt32(directory.count)) + little(start) + little(UInt16(0))
}

/// CRC-32 as zip has it, bit by bit.
private func checksum(_ bytes: [UInt8]) -> UInt32 {
  var value = ~UInt32(0)
  for byte in bytes {
    value ^= UInt32(byte)
    for _ in 0..<8 { value = value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
  }
  return ~value
}

/// The bytes of an npz file with `tensors`, which are f32.
package func npzFile(_ tensors: [TestTensor]) -> [UInt8] {
  zipArchive(
    tensors.map { tensor in
      let shape = tensor.shape.map { "\($0)," }.joined()
      let type = tensor.elementType == .f16 ? "<f2" : "<f4"
      var header = "{'descr': '\(type)', 'fortran_order': False, 'shape': (\(shape)), }"
      header += String(repeating: " ", count: 63 - (10 + header.utf8.count) % 64) + "\n"
      let length = UInt16(header.utf8.count)
      return (
        tensor.name + ".npy",
        [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(length & 255), UInt8(length >> 8)]
          + Array(header.utf8) + tensor.bytes
      )
    })
}
