/// Reads a zip archive's central directory and holds it against the local headers.
enum ZipDirectory {
  private static let centralSignature: UInt32 = 0x0201_4B50
  private static let localSignature: UInt32 = 0x0403_4B50
  /// Bit 3: sizes follow the data. Bit 11: names are UTF-8. Bits 1 and 2: how hard deflate tried.
  private static let acceptedFlags = 0x080E
  private static let zip64Tag = 1

  /// Entries in directory order, checked against each other and against their local headers.
  static func read(
    _ file: MappedFile, _ end: ZipEnd, limits: ZipLimits
  ) throws(FormatError) -> [ZipEntry] {
    let bytes = try file.copyBytes(end.directory)
    let base = end.directory.lowerBound
    var entries: [ZipEntry] = []
    var seen: Set<[UInt8]> = []
    var cursor = 0
    for _ in 0..<end.entryCount {
      do throws(FormatError) {
        let (entry, next) = try central(bytes.span.bytes, at: cursor, limits: limits)
        guard seen.insert(Array(entry.name.utf8)).inserted else {
          throw FormatError(.duplicateKey(key: entry.name), offset: cursor)
        }
        entries.append(entry)
        cursor = next
      } catch {
        throw error.shifted(by: base)
      }
    }
    guard cursor == bytes.count else {
      throw FormatError(
        .invalidZip(
          detail: "\(bytes.count - cursor) bytes follow the directory's \(end.entryCount) entries"),
        offset: base + cursor)
    }
    for index in entries.indices {
      entries[index].dataOffset = try local(file, entries[index], limit: base)
    }
    try checkRanges(entries)
    try checkSizes(entries, fileByteCount: file.byteCount, limits: limits)
    return entries
  }

  // MARK: Central directory

  private static func central(
    _ bytes: RawSpan, at start: Int, limits: ZipLimits
  ) throws(FormatError) -> (entry: ZipEntry, next: Int) {
    let available = bytes.byteCount - start
    guard available >= 46 else {
      throw FormatError(
        .truncated(what: "an entry of the archive's directory", needed: 46, available: available),
        offset: start)
    }
    guard bytes.uint32(at: start) == centralSignature else {
      throw FormatError(
        .invalidZip(detail: "an entry of the directory lacks its signature"), offset: start)
    }
    let nameCount = bytes.uint16(at: start + 28)
    let extraCount = bytes.uint16(at: start + 30)
    let needed = 46 + nameCount + extraCount + bytes.uint16(at: start + 32)
    guard available >= needed else {
      throw FormatError(
        .truncated(
          what: "an entry of the archive's directory", needed: needed, available: available),
        offset: start)
    }
    let nameStart = start + 46
    let name = try name(
      bytes.extracting(nameStart..<(nameStart + nameCount)), offset: nameStart, limits: limits)
    let flags = bytes.uint16(at: start + 8)
    let method = try method(bytes.uint16(at: start + 10), flags: flags, name: name, offset: start)
    guard bytes.uint16(at: start + 34) == 0 else {
      throw FormatError(
        .unsupported(what: "an archive in several parts", advice: "join the parts into one file"),
        offset: start)
    }
    var sizes = [
      UInt64(bytes.uint32(at: start + 24)), UInt64(bytes.uint32(at: start + 20)),
      UInt64(bytes.uint32(at: start + 42)),
    ]
    let extraStart = nameStart + nameCount
    try widen(
      &sizes, from: bytes.extracting(extraStart..<(extraStart + extraCount)), name: name,
      offset: extraStart)
    var counts: [Int] = []
    for size in sizes {
      guard let count = Int(exactly: size) else {
        throw FormatError(.lengthOverflow(what: "entry '\(name)'", found: size), offset: start)
      }
      counts.append(count)
    }
    let entry = ZipEntry(
      name: name, method: method, checksum: bytes.uint32(at: start + 16),
      storedByteCount: counts[1], byteCount: counts[0], headerOffset: counts[2], dataOffset: 0)
    return (entry, start + needed)
  }

  private static func name(
    _ bytes: RawSpan, offset: Int, limits: ZipLimits
  ) throws(FormatError) -> String {
    guard bytes.byteCount <= limits.nameByteCount else {
      throw FormatError(
        .limitExceeded(
          what: "bytes of an entry's name", found: bytes.byteCount, limit: limits.nameByteCount),
        offset: offset)
    }
    guard UTF8Validation.firstInvalidOffset(bytes) == nil else {
      throw FormatError(.invalidUTF8(what: "an entry's name"), offset: offset)
    }
    let name = String(
      decoding: (0..<bytes.byteCount).map { bytes.unsafeLoad(fromByteOffset: $0, as: UInt8.self) },
      as: UTF8.self)
    // Nothing is unpacked to disk here; a name that tries to leave is a sign of an attack all the same.
    let parts = name.split(separator: "/", omittingEmptySubsequences: false)
    let isFolder = name.hasSuffix("/")
    guard !name.isEmpty, !name.utf8.contains(0), !name.utf8.contains(UInt8(ascii: "\\")),
      !(isFolder ? parts.dropLast() : parts[...]).contains(where: {
        $0.isEmpty || $0 == ".." || $0 == "."
      })
    else { throw FormatError(.invalidFileName(name: name), offset: offset) }
    return name
  }

  private static func method(
    _ method: Int, flags: Int, name: String, offset: Int
  ) throws(FormatError) -> ZipEntry.Method {
    guard flags & 0x2041 == 0 else {
      throw FormatError(
        .unsupported(
          what: "the encrypted entry \(MessageText.quoted(name))",
          advice: "save the archive without a password"), offset: offset)
    }
    guard flags & ~acceptedFlags == 0 else {
      throw FormatError(
        .unsupported(
          what: "entry \(MessageText.quoted(name)) with flags 0x\(String(flags, radix: 16))",
          advice: "save the archive with stored or deflated entries"), offset: offset)
    }
    switch method {
    case 0: return .stored
    case 8: return .deflated
    default:
      throw FormatError(
        .unsupported(
          what: "compression method \(method) of entry \(MessageText.quoted(name))",
          advice: "save the archive with stored or deflated entries"), offset: offset)
    }
  }

  /// Replaces those of `[size, stored size, header offset]` that are all ones by the zip64 field's.
  private static func widen(
    _ values: inout [UInt64], from extra: RawSpan, name: String, offset: Int
  ) throws(FormatError) {
    let field = try zip64(extra, offset: offset)
    var place = field?.lowerBound ?? 0
    for index in values.indices where values[index] == 0xFFFF_FFFF {
      guard let field, field.upperBound - place >= 8 else {
        throw FormatError(
          .invalidZip(detail: "entry '\(name)' lacks the zip64 field that its sizes announce"),
          offset: offset)
      }
      values[index] = extra.uint64(at: place)
      place += 8
    }
  }

  /// Where the zip64 field is among the extra fields; nil when there is none.
  private static func zip64(_ extra: RawSpan, offset: Int) throws(FormatError) -> Range<Int>? {
    var found: Range<Int>?
    var place = 0
    while extra.byteCount - place >= 4 {
      let tag = extra.uint16(at: place)
      let count = extra.uint16(at: place + 2)
      guard extra.byteCount - place - 4 >= count else {
        throw FormatError(
          .truncated(
            what: "an extra field", needed: count, available: extra.byteCount - place - 4),
          offset: offset + place)
      }
      if tag == zip64Tag {
        guard found == nil else {
          throw FormatError(
            .invalidZip(detail: "an entry has two zip64 fields"), offset: offset + place)
        }
        found = (place + 4)..<(place + 4 + count)
      }
      place += 4 + count
    }
    // Fewer than 4 bytes left over are padding, as some aligning tools write it.
    return found
  }

  // MARK: Local headers

  /// Checks the local header of `entry` and tells where its data starts.
  private static func local(
    _ file: MappedFile, _ entry: ZipEntry, limit: Int
  ) throws(FormatError) -> Int {
    let start = entry.headerOffset
    guard start <= limit, limit - start >= 30 else {
      throw FormatError(
        .truncated(
          what: "local header of entry '\(entry.name)'", needed: 30,
          available: max(0, limit - start)), offset: min(start, limit))
    }
    let fixed = try file.copyBytes(start..<(start + 30))
    let header = fixed.span.bytes
    guard header.uint32(at: 0) == localSignature else {
      throw FormatError(
        .invalidZip(detail: "entry '\(entry.name)' has no local header where it should be"),
        offset: start)
    }
    let nameCount = header.uint16(at: 26)
    let extraCount = header.uint16(at: 28)
    let available = limit - start - 30
    guard available >= nameCount + extraCount else {
      throw FormatError(
        .truncated(
          what: "local header of entry '\(entry.name)'", needed: nameCount + extraCount,
          available: available), offset: start + 30)
    }
    let rest = try file.copyBytes((start + 30)..<(start + 30 + nameCount + extraCount))
    guard rest.prefix(nameCount).elementsEqual(entry.name.utf8) else {
      throw FormatError(
        .invalidZip(detail: "entry '\(entry.name)' has another name in its local header"),
        offset: start + 30)
    }
    let flags = header.uint16(at: 6)
    let method = try method(
      header.uint16(at: 8), flags: flags, name: entry.name, offset: start)
    guard method == entry.method else {
      throw FormatError(
        .invalidZip(detail: "entry '\(entry.name)' has another method in its local header"),
        offset: start)
    }
    var sizes = [UInt64(header.uint32(at: 22)), UInt64(header.uint32(at: 18))]
    try widen(
      &sizes, from: rest.span.bytes.extracting(nameCount..<rest.count), name: entry.name,
      offset: start + 30 + nameCount)
    let found = [UInt64(header.uint32(at: 14))] + sizes
    let expected = [
      UInt64(entry.checksum), UInt64(entry.byteCount), UInt64(entry.storedByteCount),
    ]
    // Zeros stand for values that follow the data; the directory's are the ones that count.
    guard found == expected || flags & 8 != 0 && found == [0, 0, 0] else {
      throw FormatError(
        .invalidZip(
          detail: "entry '\(entry.name)' has another size or CRC-32 in its local header"),
        offset: start)
    }
    let dataOffset = start + 30 + nameCount + extraCount
    guard entry.storedByteCount <= limit - dataOffset else {
      throw FormatError(
        .truncated(
          what: "entry '\(entry.name)'", needed: entry.storedByteCount,
          available: limit - dataOffset), offset: dataOffset)
    }
    return dataOffset
  }

  // MARK: Together

  private static func checkRanges(_ entries: [ZipEntry]) throws(FormatError) {
    let ordered = entries.sorted { $0.headerOffset < $1.headerOffset }
    for (entry, next) in zip(ordered, ordered.dropFirst()) {
      guard entry.storedRange.upperBound <= next.headerOffset else {
        throw FormatError(
          .invalidZip(detail: "entries '\(entry.name)' and '\(next.name)' overlap"),
          offset: next.headerOffset)
      }
    }
  }

  /// Bombs are refused by what they declare; what comes out is held to the declaration.
  private static func checkSizes(
    _ entries: [ZipEntry], fileByteCount: Int, limits: ZipLimits
  ) throws(FormatError) {
    var total = 0
    let (scaled, wraps) = fileByteCount.multipliedReportingOverflow(by: limits.inflatedPerByte)
    let (added, carries) = scaled.addingReportingOverflow(limits.inflatedByteCount)
    let limit = wraps || carries ? Int.max : added
    for entry in entries {
      guard entry.method == .deflated else {
        guard entry.byteCount == entry.storedByteCount else {
          throw FormatError(
            .invalidZip(
              detail: "stored entry '\(entry.name)' has \(entry.storedByteCount) bytes, "
                + "expected its size \(entry.byteCount)"), offset: entry.headerOffset)
        }
        continue
      }
      guard entry.byteCount / ZipLimits.deflateRatio <= entry.storedByteCount else {
        throw FormatError(
          .invalidZip(
            detail: "entry '\(entry.name)' would inflate from \(entry.storedByteCount) bytes to "
              + "\(entry.byteCount), more than deflate can reach"), offset: entry.headerOffset)
      }
      let (sum, overflow) = total.addingReportingOverflow(entry.byteCount)
      guard !overflow, sum <= limit else {
        throw FormatError(
          .limitExceeded(
            what: "inflated bytes of the archive", found: overflow ? .max : sum, limit: limit))
      }
      total = sum
    }
  }
}
