import Glibc

extension OutputFile {
  /// Appends `bytes` after what has been written sequentially.
  ///
  /// - Throws: `systemCall`, with the path. Interrupted and partial writes are continued.
  package func write(_ bytes: RawSpan) throws(FormatError) {
    try writeAll(bytes, at: nil)
    position += bytes.byteCount
  }

  package func write(_ bytes: [UInt8]) throws(FormatError) { try write(bytes.span.bytes) }

  /// Appends a string as UTF-8.
  package func write(_ text: String) throws(FormatError) { try write(Array(text.utf8)) }

  /// Writes `bytes` at `offset` from the start, leaving the sequential position alone.
  ///
  /// A direct target goes forwards only: there `offset` must be the sequential position, which then
  /// moves on.
  /// - Throws: `systemCall`; `unsupported` for a jump on a direct target.
  package func write(_ bytes: RawSpan, at offset: Int) throws(FormatError) {
    precondition(offset >= 0, "offset must not be negative")
    guard isDirect else { return try writeAll(bytes, at: offset) }
    guard offset == position else {
      throw FormatError(
        .unsupported(what: "writing out of order to a pipe or device", advice: "write to a file"),
        path: path)
    }
    try write(bytes)
  }

  private func writeAll(_ bytes: RawSpan, at offset: Int?) throws(FormatError) {
    precondition(descriptor >= 0, "the file has been committed or discarded")
    let error: FormatError? = bytes.withUnsafeBytes { raw in
      var done = 0
      while done < raw.count {
        let rest = UnsafeRawBufferPointer(rebasing: raw[done...])
        let start = (offset ?? position) + done
        let count =
          isDirect
          ? Glibc.write(descriptor, rest.baseAddress, rest.count)
          : pwrite(descriptor, rest.baseAddress, rest.count, start)
        if count > 0 {
          done += count
        } else if count == 0 || errno != EINTR {
          return FormatError(
            .systemCall(call: "write", errno: count == 0 ? ENOSPC : errno), path: path)
        }
      }
      return nil
    }
    if let error { throw error }
  }
}
