import Glibc

/// What tells one state of one file from another.
package struct FileIdentity: Equatable, Sendable {
  package let device: UInt64
  package let inode: UInt64
  package let byteCount: Int
  /// Last modification, in seconds and nanoseconds since 1970.
  package let modifiedSeconds: Int
  package let modifiedNanoseconds: Int

  init(_ status: stat) {
    device = UInt64(status.st_dev)
    inode = UInt64(status.st_ino)
    byteCount = Int(status.st_size)
    modifiedSeconds = status.st_mtim.tv_sec
    modifiedNanoseconds = status.st_mtim.tv_nsec
  }
}

/// The kinds of file that `st_mode` tells apart.
enum FileKind {
  /// The kind in words, or nil for a regular file.
  static func special(_ status: stat) -> String? {
    switch status.st_mode & S_IFMT {
    case S_IFREG: nil
    case S_IFDIR: "directory"
    case S_IFIFO: "pipe"
    case S_IFCHR: "character device"
    case S_IFBLK: "block device"
    case S_IFSOCK: "socket"
    default: "special file"
    }
  }
}

/// Checks on paths that C strings cannot make.
enum FilePath {
  /// Refuses the empty path and U+0000, where C would silently end the path.
  static func check(_ path: String) throws(FormatError) {
    guard !path.isEmpty, !path.utf8.contains(0) else {
      throw FormatError(.invalidFileName(name: path))
    }
  }

  /// `directory/name`, without doubling the slash.
  static func join(_ directory: String, _ name: String) -> String {
    if directory.isEmpty { return name }
    return directory.hasSuffix("/") ? directory + name : directory + "/" + name
  }

  /// What `name` is in and what it is called there: `a/b` gives `a` and `b`, `b` gives `.` and `b`.
  static func split(_ path: String) -> (directory: String, name: String) {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return (".", path) }
    let name = String(path[path.utf8.index(after: slash)...])
    let directory = String(path[..<slash])
    return (directory.isEmpty ? "/" : directory, name)
  }
}
