import CZlib
import Glibc
import Tensors

/// Inflates entries of zip archives through zlib, into exactly the memory that they declare.
enum Inflation {
  private static let blockByteCount = 1 << 16

  /// - Throws: `invalidZip` when the data is damaged, longer or shorter than declared;
  ///   `checksumMismatch`; `fileChanged`.
  static func inflate(_ entry: ZipEntry, of file: MappedFile) throws(FormatError) -> Storage {
    try Storage.allocate(byteCount: entry.byteCount) { target throws(FormatError) in
      // zlib remembers the address, which only memory of its own keeps.
      let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
      stream.initialize(to: z_stream())
      defer { stream.deallocate() }
      // Negative: raw deflate data, without zlib's own header.
      guard
        inflateInit2_(
          stream, -MAX_WBITS, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK
      else { throw FormatError(.systemCall(call: "malloc", errno: ENOMEM)) }
      defer { inflateEnd(stream) }
      try run(stream, entry, file, into: target)
      try check(checksum(UnsafeRawBufferPointer(target)), entry)
    }
  }

  private static func run(
    _ stream: UnsafeMutablePointer<z_stream>, _ entry: ZipEntry, _ file: MappedFile,
    into target: UnsafeMutableRawBufferPointer
  ) throws(FormatError) {
    let block = UnsafeMutableRawBufferPointer.allocate(byteCount: blockByteCount, alignment: 64)
    // One byte beyond the declared size tells a stream that ends there from one that goes on.
    var beyond: UInt8 = 0
    defer { block.deallocate() }
    var consumed = 0
    var written = 0
    while true {
      if stream.pointee.avail_in == 0, consumed < entry.storedByteCount {
        let count = min(blockByteCount, entry.storedByteCount - consumed)
        let start = entry.dataOffset + consumed
        try file.read(start..<(start + count), into: block)
        consumed += count
        stream.pointee.next_in = block.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_in = UInt32(count)
      }
      let room = min(target.count - written, 1 << 30)
      let before = stream.pointee.avail_in
      let status: Int32
      let made: Int
      if room > 0, let out = target.baseAddress {
        stream.pointee.next_out = (out + written).assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_out = UInt32(room)
        status = CZlib.inflate(stream, Z_NO_FLUSH)
        made = room - Int(stream.pointee.avail_out)
        written += made
      } else {
        (status, made) = withUnsafeMutablePointer(to: &beyond) { place in
          stream.pointee.next_out = place
          stream.pointee.avail_out = 1
          let status = CZlib.inflate(stream, Z_NO_FLUSH)
          return (status, 1 - Int(stream.pointee.avail_out))
        }
        guard made == 0 else { throw invalid("inflates to more than its size", entry) }
      }
      if status == Z_STREAM_END { break }
      guard status == Z_OK || status == Z_BUF_ERROR else {
        throw invalid("is not valid deflate data", entry)
      }
      guard made > 0 || stream.pointee.avail_in < before || consumed < entry.storedByteCount else {
        throw invalid("ends before its deflate data does", entry)
      }
    }
    guard stream.pointee.avail_in == 0, consumed == entry.storedByteCount else {
      throw invalid("has bytes after its deflate data", entry)
    }
    guard written == entry.byteCount else {
      throw invalid("inflates to \(written) bytes, expected \(entry.byteCount)", entry)
    }
  }

  private static func invalid(_ what: String, _ entry: ZipEntry) -> FormatError {
    FormatError(
      .invalidZip(detail: "entry \(MessageText.quoted(entry.name)) \(what)"),
      offset: entry.dataOffset)
  }

  static func checksum(_ bytes: [UInt8]) -> UInt32 {
    bytes.withUnsafeBytes { checksum($0) }
  }

  private static func checksum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    UInt32(
      truncatingIfNeeded: crc32_z(
        0, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count))
  }

  static func check(_ found: UInt32, _ entry: ZipEntry) throws(FormatError) {
    guard found == entry.checksum else {
      throw FormatError(
        .checksumMismatch(entry: entry.name, found: found, expected: entry.checksum),
        offset: entry.dataOffset)
    }
  }

  /// The first `count` bytes of `storage`, all of them unless told.
  static func bytes(_ storage: Storage, count: Int? = nil) -> [UInt8] {
    [UInt8](UnsafeRawBufferPointer(start: storage.base, count: count ?? storage.byteCount))
  }
}
