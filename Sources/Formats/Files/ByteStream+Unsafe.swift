import Glibc

/// Bytes that may come from a pipe: read to the end, up to a limit.
package enum ByteStream {
  /// Reads everything from an open descriptor, which stays open.
  ///
  /// - Throws: `limitExceeded` as soon as there is more than `limit`; `systemCall`.
  package static func readAll(
    descriptor: Int32, limit: Int, what: String
  ) throws(FormatError) -> [UInt8] {
    var bytes: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = block.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
      if count > 0 {
        bytes += block[..<count]
        guard bytes.count <= limit else {
          throw FormatError(.limitExceeded(what: what, found: bytes.count, limit: limit))
        }
      } else if count == 0 {
        return bytes
      } else if errno != EINTR {
        throw FormatError(.systemCall(call: "read", errno: errno))
      }
    }
  }

  /// Reads everything from the file, pipe or device at `path`; errors carry the path.
  package static func readAll(path: String, limit: Int, what: String) throws(FormatError) -> [UInt8]
  {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)
    guard descriptor >= 0 else {
      throw FormatError(.systemCall(call: "open", errno: errno), path: path)
    }
    defer { close(descriptor) }
    do throws(FormatError) {
      return try readAll(descriptor: descriptor, limit: limit, what: what)
    } catch {
      throw error.at(path: path)
    }
  }
}
