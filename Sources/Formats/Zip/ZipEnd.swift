/// The end of a zip archive: where its central directory is and how many entries it has.
struct ZipEnd {
  let entryCount: Int
  let directory: Range<Int>

  private static let byteCount = 22
  private static let signature: UInt32 = 0x0605_4B50
  private static let locatorSignature: UInt32 = 0x0706_4B50
  private static let wideSignature: UInt32 = 0x0606_4B50

  /// Whether a file of these last bytes ends as a zip archive does.
  static func isPresent(_ tail: RawSpan) -> Bool { !candidates(tail).isEmpty }

  /// The longest tail that may hold the end: a comment of 65,535 bytes, and a zip64 record.
  static let tailByteCount = byteCount + 65_535

  /// Where in `tail` a record starts whose comment ends with the file.
  private static func candidates(_ tail: RawSpan) -> [Int] {
    guard tail.byteCount >= byteCount else { return [] }
    return (0...(tail.byteCount - byteCount)).filter { offset in
      tail.unsafeLoad(fromByteOffset: offset, as: UInt8.self) == 0x50
        && tail.uint32(at: offset) == signature
        && tail.uint16(at: offset + 20) == tail.byteCount - offset - byteCount
    }
  }

  /// Reads the record at the end of `file`, and the zip64 record that it leads to.
  ///
  /// - Throws: `invalidZip`, `unsupported`, `truncated`, `limitExceeded`.
  static func read(_ file: MappedFile, limits: ZipLimits) throws(FormatError) -> ZipEnd {
    let start = max(0, file.byteCount - tailByteCount)
    let bytes = try file.copyBytes(start..<file.byteCount)
    let tail = bytes.span.bytes
    let found = candidates(tail)
    guard let place = found.first else {
      throw FormatError(
        .unrecognised(
          expected: "a zip archive, which ends with its directory",
          advice: "the file may be cut short: copy it again"))
    }
    guard found.count == 1 else {
      throw FormatError(
        .invalidZip(detail: "it has \(found.count) ends, expected one"), offset: start + place)
    }
    let offset = start + place
    let disks = (tail.uint16(at: place + 4), tail.uint16(at: place + 6))
    var counts = (UInt64(tail.uint16(at: place + 8)), UInt64(tail.uint16(at: place + 10)))
    var size = UInt64(tail.uint32(at: place + 12))
    var begin = UInt64(tail.uint32(at: place + 16))
    var end = offset
    if let wide = try wideRecord(file, before: offset) {
      guard disks.0 == 0 || disks.0 == 0xFFFF, disks.1 == 0 || disks.1 == 0xFFFF else {
        throw severalDisks(offset)
      }
      for (narrow, value, mark) in [
        (counts.0, wide.counts.0, 0xFFFF), (counts.1, wide.counts.1, 0xFFFF),
        (size, wide.size, 0xFFFF_FFFF), (begin, wide.begin, 0xFFFF_FFFF),
      ] as [(UInt64, UInt64, UInt64)] {
        guard narrow == mark || narrow == value else {
          throw FormatError(
            .invalidZip(detail: "its end says \(narrow), its zip64 end \(value)"), offset: offset)
        }
      }
      counts = wide.counts
      size = wide.size
      begin = wide.begin
      end = wide.offset
    } else {
      guard disks == (0, 0) else { throw severalDisks(offset) }
    }
    guard counts.0 == counts.1 else { throw severalDisks(offset) }
    guard counts.0 <= UInt64(limits.entryCount) else {
      throw FormatError(
        .limitExceeded(
          what: "entries of the archive", found: Int(clamping: counts.0),
          limit: limits.entryCount), offset: offset)
    }
    guard size <= UInt64(limits.directoryByteCount) else {
      throw FormatError(
        .limitExceeded(
          what: "bytes of the archive's directory", found: Int(clamping: size),
          limit: limits.directoryByteCount), offset: offset)
    }
    guard begin <= UInt64(end), size == UInt64(end) - begin else {
      throw FormatError(
        .invalidZip(
          detail: "its directory has \(size) bytes at \(begin), expected it to end at \(end)"),
        offset: offset)
    }
    return ZipEnd(entryCount: Int(counts.0), directory: Int(begin)..<end)
  }

  private static func severalDisks(_ offset: Int) -> FormatError {
    FormatError(
      .unsupported(what: "an archive in several parts", advice: "join the parts into one file"),
      offset: offset)
  }

  private struct Wide {
    let counts: (UInt64, UInt64)
    let size: UInt64
    let begin: UInt64
    let offset: Int
  }

  /// The zip64 record that a locator directly before the end leads to; nil without a locator.
  private static func wideRecord(
    _ file: MappedFile, before end: Int
  ) throws(FormatError) -> Wide? {
    guard end >= 20 else { return nil }
    let place = end - 20
    let locator = try file.copyBytes(place..<end)
    let fields = locator.span.bytes
    guard fields.uint32(at: 0) == locatorSignature else { return nil }
    guard fields.uint32(at: 4) == 0, fields.uint32(at: 16) <= 1 else { throw severalDisks(place) }
    let offset = fields.uint64(at: 8)
    guard offset <= UInt64(place), UInt64(place) - offset >= 56 else {
      throw FormatError(
        .invalidZip(detail: "its zip64 end would be at \(offset), expected it before \(place)"),
        offset: place)
    }
    let start = Int(offset)
    let bytes = try file.copyBytes(start..<(start + 56))
    let record = bytes.span.bytes
    guard record.uint32(at: 0) == wideSignature,
      record.uint64(at: 4) == UInt64(place - start - 12)
    else {
      throw FormatError(
        .invalidZip(detail: "no zip64 end of the expected size is where its locator points"),
        offset: start)
    }
    guard record.uint32(at: 16) == 0, record.uint32(at: 20) == 0 else {
      throw severalDisks(start)
    }
    return Wide(
      counts: (record.uint64(at: 24), record.uint64(at: 32)), size: record.uint64(at: 40),
      begin: record.uint64(at: 48), offset: start)
  }
}
