/// One file inside a zip archive, as the central directory describes it.
package struct ZipEntry: Equatable, Sendable {
  /// How the bytes are stored.
  package enum Method: Equatable, Sendable {
    case stored
    case deflated
  }

  package let name: String
  package let method: Method
  /// CRC-32 of the content.
  package let checksum: UInt32
  /// Bytes in the archive.
  package let storedByteCount: Int
  /// Bytes of the content.
  package let byteCount: Int
  /// Where the entry's local header starts, from the start of the file.
  package let headerOffset: Int
  /// Where the entry's bytes start; known once the local header has been checked.
  package internal(set) var dataOffset: Int

  /// Bytes of the archive that belong to the entry.
  package var storedRange: Range<Int> { dataOffset..<(dataOffset + storedByteCount) }
}

/// What a zip archive may cost; checked before anything is allocated.
package struct ZipLimits: Equatable, Sendable {
  package var entryCount = 65_535
  package var directoryByteCount = 16 << 20
  package var nameByteCount = 1024
  /// Bytes of all deflated entries together, inflated: at most this much, and
  /// ``inflatedPerByte`` more for each byte of the file.
  package var inflatedByteCount = 1 << 30
  package var inflatedPerByte = 16

  /// What deflate reaches at best: 258 bytes for two bits, rounded up.
  static let deflateRatio = 1032

  package init() {}
}
