import Formats
import Glibc
import Tensors

/// Puts fuzzed bytes before a reader: as a file in memory, opened as any other.
enum Input {
  /// Writes `bytes` to a file in memory and hands its path to `body`; a refusal is a fine answer.
  static func withFile(_ bytes: [UInt8], _ body: (String) throws(FormatError) -> Void) {
    var name = Array("/dev/shm/fuzz-XXXXXX".utf8CString)
    let descriptor = mkstemp(&name)
    precondition(descriptor >= 0, "mkstemp")
    unlink(name)
    defer { close(descriptor) }
    var done = 0
    while done < bytes.count {
      let count = bytes[done...].withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
      precondition(count > 0, "write")
      done += count
    }
    let path = "/proc/self/fd/\(descriptor)"
    do throws(FormatError) {
      try body(path)
    } catch {
      precondition(error.path?.hasPrefix(path) == true, "an error lacks its path: \(error)")
      precondition(error.message.utf8.count < 4000 && !error.message.contains("\n"))
    }
  }

  /// Reads every byte of every tensor, so that one outside its memory is noticed.
  static func touch(_ tensors: [Tensor]) {
    var sum: UInt8 = 0
    for tensor in tensors {
      tensor.storage.withBytes { span in
        let end = tensor.byteOffset + tensor.byteCount
        for offset in stride(from: tensor.byteOffset, to: end, by: 61) {
          sum &+= span.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
        }
        if end > tensor.byteOffset {
          sum &+= span.unsafeLoad(fromByteOffset: end - 1, as: UInt8.self)
        }
      }
    }
    sink = sum
  }

  nonisolated(unsafe) static var sink: UInt8 = 0

  /// A zip archive of stored entries with correct sums: what a fuzzer would hardly find by itself.
  static func archive(_ entries: [(name: String, bytes: [UInt8])]) -> [UInt8] {
    var file: [UInt8] = []
    var directory: [UInt8] = []
    for entry in entries {
      let sum = checksum(entry.bytes)
      let offset = file.count
      var fields: [UInt8] = []
      append(&fields, [20, 0, 0, 0, 33], width: 2)
      append(&fields, [Int(sum), entry.bytes.count, entry.bytes.count], width: 4)
      append(&fields, [entry.name.utf8.count, 0], width: 2)
      file += [0x50, 0x4B, 3, 4] + fields + Array(entry.name.utf8) + entry.bytes
      directory += [0x50, 0x4B, 1, 2, 20, 0] + fields
      append(&directory, [0, 0, 0, 0, 0], width: 2)
      append(&directory, [offset], width: 4)
      directory += Array(entry.name.utf8)
    }
    let start = file.count
    file += directory + [0x50, 0x4B, 5, 6]
    append(&file, [0, 0, entries.count, entries.count], width: 2)
    append(&file, [directory.count, start], width: 4)
    return file + [0, 0]
  }

  private static func append(_ bytes: inout [UInt8], _ values: [Int], width: Int) {
    for value in values {
      for place in 0..<width { bytes.append(UInt8(truncatingIfNeeded: value >> (8 * place))) }
    }
  }

  private static func checksum(_ bytes: [UInt8]) -> UInt32 {
    var sum = UInt32.max
    for byte in bytes {
      sum ^= UInt32(byte)
      for _ in 0..<8 { sum = sum & 1 == 1 ? (sum >> 1) ^ 0xEDB8_8320 : sum >> 1 }
    }
    return ~sum
  }
}
