import Glibc

/// Reading of files that hold a secret.
package enum PrivateFile {
  /// All bytes of the regular file at `path`, which only its owner may read or write: the effective user, or
  /// root.
  ///
  /// Whoever else owns a file can change it, and let a key of theirs be taken for one's own.
  /// Kind, owner and permissions are those of the file that was opened, whatever happens to the path meanwhile.
  /// - Throws: `invalidFileName`, `systemCall`, `notARegularFile`, `notPrivate` when `mode & 0o077` is
  ///   not 0, `foreignOwner`, `limitExceeded` when there are more than `limit` bytes, with the path.
  package static func read(_ path: String, limit: Int) throws(FormatError) -> [UInt8] {
    do throws(FormatError) {
      try FilePath.check(path)
      // O_NONBLOCK: opening a pipe must end in a refusal, not wait for a writer.
      let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
      guard descriptor >= 0 else { throw FormatError(.systemCall(call: "open", errno: errno)) }
      defer { close(descriptor) }
      var status = stat()
      guard fstat(descriptor, &status) == 0 else {
        throw FormatError(.systemCall(call: "fstat", errno: errno))
      }
      if let kind = FileKind.special(status) { throw FormatError(.notARegularFile(kind: kind)) }
      guard status.st_mode & 0o077 == 0 else {
        throw FormatError(.notPrivate(path: path, mode: status.st_mode & 0o7777))
      }
      let user = geteuid()
      guard status.st_uid == user || status.st_uid == 0 else {
        throw FormatError(.foreignOwner(found: status.st_uid, expected: user))
      }
      guard status.st_size <= limit else { throw tooLong(Int(status.st_size), limit) }
      return try bytes(descriptor, limit: limit)
    } catch {
      throw error.at(path: path)
    }
  }

  /// Reads up to the end, and one byte more than `limit` at most.
  private static func bytes(_ descriptor: Int32, limit: Int) throws(FormatError) -> [UInt8] {
    var failed: Int32?
    let bytes = [UInt8](unsafeUninitializedCapacity: limit + 1) { buffer, filled in
      while filled <= limit {
        let rest = UnsafeMutableBufferPointer(rebasing: buffer[filled...])
        let count = Glibc.read(descriptor, rest.baseAddress, limit + 1 - filled)
        if count > 0 {
          filled += count
        } else if count == 0 {
          return
        } else if errno != EINTR {
          failed = errno
          return
        }
      }
    }
    if let failed { throw FormatError(.systemCall(call: "read", errno: failed)) }
    guard bytes.count <= limit else { throw tooLong(bytes.count, limit) }
    return bytes
  }

  private static func tooLong(_ found: Int, _ limit: Int) -> FormatError {
    FormatError(.limitExceeded(what: "bytes of the file", found: found, limit: limit))
  }

  /// Permissions as `chmod` writes them: four octal digits.
  static func octal(_ mode: UInt32) -> String {
    let digits = String(mode, radix: 8)
    return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
  }

  /// `text` as one word of a shell's command line.
  static func shellWord(_ text: String) -> String {
    let isPlain = text.utf8.allSatisfy { unit in
      switch unit {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"):
        true
      default: "/._-+,:@%".utf8.contains(unit)
      }
    }
    // A leading dash would be an option.
    if isPlain, !text.hasPrefix("-"), !text.isEmpty { return text }
    let quoted = text.split(separator: "'", omittingEmptySubsequences: false)
      .joined(separator: "'\\''")
    return text.hasPrefix("-") ? "'./\(quoted)'" : "'\(quoted)'"
  }
}
