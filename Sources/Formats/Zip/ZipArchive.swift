import Tensors

/// A validated zip archive whose entries are read from its mapping, without unpacking anything.
///
/// The directory is checked on a copy, against every local header, before the first entry is handed
/// out. The CRC-32 of an entry is checked where its bytes are read as a whole: when it is inflated and
/// when it is copied. Stored entries that are mapped in place are not summed: that would read a file
/// of gigabytes whole before the first tensor is used.
package struct ZipArchive: Sendable {
  /// Bytes of an entry: the mapping itself, or memory that it was inflated into.
  package struct Content: Sendable {
    package let storage: Storage
    package let range: Range<Int>
  }

  package let mapped: MappedFile
  /// In directory order.
  package let entries: [ZipEntry]
  private let indices: [String: Int]

  package var path: String { mapped.path }

  /// The entry called `name`.
  package subscript(name: String) -> ZipEntry? { indices[name].map { entries[$0] } }

  /// Whether `file` starts or ends as a zip archive does.
  package static func isLikely(_ file: MappedFile) throws(FormatError) -> Bool {
    guard file.byteCount >= 4 else { return false }
    let start = try file.copyBytes(0..<4)
    if start == [0x50, 0x4B, 0x03, 0x04] || start == [0x50, 0x4B, 0x05, 0x06] { return true }
    let tail = try file.copyBytes(max(0, file.byteCount - 22)..<file.byteCount)
    return ZipEnd.isPresent(tail.span.bytes)
  }

  /// Checks the archive in a file that is mapped already.
  ///
  /// - Throws: `unrecognised`, `invalidZip`, `unsupported`, `truncated`, `limitExceeded`,
  ///   `invalidFileName`, `invalidUTF8`, `duplicateKey`; always with the path.
  package static func open(
    _ mapped: MappedFile, limits: ZipLimits = ZipLimits()
  ) throws(FormatError) -> ZipArchive {
    do throws(FormatError) {
      let end = try ZipEnd.read(mapped, limits: limits)
      return try ZipArchive(mapped, try ZipDirectory.read(mapped, end, limits: limits))
    } catch {
      throw error.at(path: mapped.path)
    }
  }

  private init(_ mapped: MappedFile, _ entries: [ZipEntry]) throws(FormatError) {
    var indices: [String: Int] = [:]
    for (index, entry) in entries.enumerated() {
      // Names differ byte by byte already; equivalent spellings of one text would hide one another.
      guard indices.updateValue(index, forKey: entry.name) == nil else {
        throw FormatError(.duplicateKey(key: entry.name))
      }
    }
    self.mapped = mapped
    self.entries = entries
    self.indices = indices
  }

  /// The bytes of `entry`: in place when stored, inflated and checked otherwise.
  package func content(_ entry: ZipEntry) throws(FormatError) -> Content {
    switch entry.method {
    case .stored: return Content(storage: mapped.storage, range: entry.storedRange)
    case .deflated:
      do throws(FormatError) {
        let storage = try Inflation.inflate(entry, of: mapped)
        return Content(storage: storage, range: 0..<entry.byteCount)
      } catch {
        throw error.at(path: path)
      }
    }
  }

  /// A copy of the bytes of `entry`, checked against its CRC-32.
  ///
  /// - Throws: `limitExceeded` when there are more than `limit`; `checksumMismatch`.
  package func copy(
    _ entry: ZipEntry, limit: Int
  ) throws(FormatError) -> [UInt8] {
    do throws(FormatError) {
      guard entry.byteCount <= limit else {
        throw FormatError(
          .limitExceeded(what: "bytes of entry '\(entry.name)'", found: entry.byteCount, limit: limit),
          offset: entry.dataOffset)
      }
      guard entry.method == .stored else {
        return Inflation.bytes(try Inflation.inflate(entry, of: mapped))
      }
      let bytes = try mapped.copyBytes(entry.storedRange)
      try Inflation.check(Inflation.checksum(bytes), entry)
      return bytes
    } catch {
      throw error.at(path: path)
    }
  }
}
