import Glibc

/// Reads a text file line by line, with the memory of its longest line.
///
/// Lines end with a line feed, before which a carriage return is dropped; the last one may lack its end.
///
/// Thread rule: one thread at a time.
package final class LineReader {
  package let path: String
  /// Number of the line that ``next()`` gave last, from 1; 0 before the first.
  package private(set) var lineNumber = 0
  /// Where the line that ``next()`` gave last stands in the file, without its end.
  package private(set) var lineRange = 0..<0
  private let descriptor: Int32
  private let limit: Int
  private var block = [UInt8](repeating: 0, count: 1 << 16)
  private var filled = 0
  private var place = 0
  private var isAtEnd = false
  /// Where the block ends in the file.
  private var offset = 0

  private init(path: String, descriptor: Int32, limit: Int) {
    self.path = path
    self.descriptor = descriptor
    self.limit = limit
  }

  deinit { close(descriptor) }

  /// Opens the file at `path`; nil when there is none of that name.
  ///
  /// - Parameter limit: The most bytes that a line may have.
  /// - Throws: `invalidFileName`, `systemCall`, `notARegularFile`, with the path.
  package static func open(ifPresent path: String, limit: Int) throws(FormatError) -> LineReader? {
    do throws(FormatError) {
      try FilePath.check(path)
      // O_NONBLOCK: opening a pipe must end in a refusal, not wait for a writer.
      let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
      guard descriptor >= 0 else {
        guard errno != ENOENT else { return nil }
        throw FormatError(.systemCall(call: "open", errno: errno))
      }
      let reader = LineReader(path: path, descriptor: descriptor, limit: limit)
      var status = stat()
      guard fstat(descriptor, &status) == 0 else {
        throw FormatError(.systemCall(call: "fstat", errno: errno))
      }
      if let kind = FileKind.special(status) { throw FormatError(.notARegularFile(kind: kind)) }
      return reader
    } catch {
      throw error.at(path: path)
    }
  }

  /// Opens the file at `path`.
  ///
  /// - Parameter limit: The most bytes that a line may have.
  /// - Throws: `invalidFileName`, `systemCall`, `notARegularFile`, with the path.
  package static func open(_ path: String, limit: Int) throws(FormatError) -> LineReader {
    guard let reader = try open(ifPresent: path, limit: limit) else {
      throw FormatError(.systemCall(call: "open", errno: ENOENT), path: path)
    }
    return reader
  }

  /// Reads standard input, of whatever kind it is; its path is `standard input`.
  ///
  /// - Parameter limit: The most bytes that a line may have.
  /// - Throws: `systemCall` when it is closed, with the path.
  package static func standardInput(limit: Int) throws(FormatError) -> LineReader {
    let path = "standard input"
    // A descriptor of its own, which the reader may close.
    let descriptor = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
    guard descriptor >= 0 else {
      throw FormatError(.systemCall(call: "dup", errno: errno), path: path)
    }
    return LineReader(path: path, descriptor: descriptor, limit: limit)
  }

  /// The next line without its end, or nil after the last.
  ///
  /// - Throws: `limitExceeded` for a line that is too long; `systemCall`; with the path.
  package func next() throws(FormatError) -> [UInt8]? {
    var line: [UInt8] = []
    let start = offset - filled + place
    while true {
      if place == filled {
        try fill()
        if isAtEnd {
          guard !line.isEmpty else { return nil }
          break
        }
      }
      let rest = block[place..<filled]
      let end = rest.firstIndex(of: UInt8(ascii: "\n"))
      line += block[place..<(end ?? filled)]
      guard line.count <= limit else {
        throw FormatError(
          .limitExceeded(
            what: "bytes of line \(lineNumber + 1)", found: line.count, limit: limit), path: path)
      }
      place = end.map { $0 + 1 } ?? filled
      if end != nil { break }
    }
    lineNumber += 1
    if line.last == UInt8(ascii: "\r") { line.removeLast() }
    lineRange = start..<(start + line.count)
    return line
  }

  /// The bytes of a line that was read before, from its ``lineRange``; what ``next()`` gives stays the same.
  ///
  /// - Throws: `fileChanged` when the file has become shorter; `systemCall`; with the path.
  package func bytes(of range: Range<Int>) throws(FormatError) -> [UInt8] {
    precondition(range.lowerBound >= 0, "a line cannot begin at \(range.lowerBound)")
    var bytes = [UInt8](repeating: 0, count: range.count)
    var copied = 0
    while copied < bytes.count {
      let count = bytes.withUnsafeMutableBytes { target in
        pread(
          descriptor, target.baseAddress.map { $0 + copied }, target.count - copied,
          off_t(range.lowerBound + copied))
      }
      guard count >= 0 || errno == EINTR else {
        throw FormatError(.systemCall(call: "pread", errno: errno), path: path)
      }
      guard count != 0 else {
        throw FormatError(
          .fileChanged(
            detail: "found \(range.lowerBound + copied) bytes, expected \(range.upperBound)"),
          path: path)
      }
      copied += max(0, count)
    }
    return bytes
  }

  private func fill() throws(FormatError) {
    while true {
      let count = block.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
      guard count < 0 else {
        filled = count
        offset += count
        place = 0
        isAtEnd = count == 0
        return
      }
      guard errno == EINTR else {
        throw FormatError(.systemCall(call: "read", errno: errno), path: path)
      }
    }
  }
}
