import Glibc

/// Questions about paths that do not open anything.
package enum FileSystem {
  /// What is at a path, after following links.
  package enum Kind: Sendable {
    case directory
    case other
  }

  /// What is at `path`; nil when nothing is.
  ///
  /// - Throws: `systemCall` when that cannot be told, for example for want of permission.
  package static func kind(_ path: String) throws(FormatError) -> Kind? {
    var status = stat()
    if stat(path, &status) == 0 {
      return status.st_mode & S_IFMT == S_IFDIR ? .directory : .other
    }
    guard errno == ENOENT || errno == ENOTDIR else {
      throw FormatError(.systemCall(call: "stat", errno: errno), path: path)
    }
    return nil
  }

  /// Whether both paths lead to the same existing file.
  package static func isSame(_ a: String, _ b: String) -> Bool {
    var left = stat()
    var right = stat()
    return stat(a, &left) == 0 && stat(b, &right) == 0 && left.st_dev == right.st_dev
      && left.st_ino == right.st_ino
  }

  /// The bytes of all files together.
  ///
  /// - Throws: `systemCall`, with the path.
  package static func byteCount(of paths: [String]) throws(FormatError) -> Int {
    var total = 0
    for path in paths {
      var status = stat()
      guard stat(path, &status) == 0 else {
        throw FormatError(.systemCall(call: "stat", errno: errno), path: path)
      }
      total += Int(status.st_size)
    }
    return total
  }

  /// `ENOENT`: what opening gives where nothing is.
  package static let notFound = ENOENT

  /// `directory/name`, without doubling the slash.
  package static func join(_ directory: String, _ name: String) -> String {
    FilePath.join(directory, name)
  }

  /// What the file at `path` lies in, and its name there.
  package static func split(_ path: String) -> (directory: String, name: String) {
    FilePath.split(path)
  }

  /// `path` from the root on, without `.`, `..` and empty components; links are not followed.
  ///
  /// A relative path starts at `current`, by default the process's working directory.
  ///
  /// - Throws: `systemCall` when the working directory is needed and has no name.
  package static func absolute(
    _ path: String, from current: String? = nil
  ) throws(FormatError) -> String {
    var whole = path
    if !path.hasPrefix("/") {
      let start = if let current { current } else { try workingDirectory() }
      whole = join(start, path)
    }
    var parts: [Substring] = []
    for part in whole.split(separator: "/") where part != "." {
      if part == ".." { _ = parts.popLast() } else { parts.append(part) }
    }
    return "/" + parts.joined(separator: "/")
  }

  private static func workingDirectory() throws(FormatError) -> String {
    guard let name = getcwd(nil, 0) else {
      throw FormatError(.systemCall(call: "getcwd", errno: errno))
    }
    defer { free(name) }
    guard let path = String(validatingCString: name) else {
      throw FormatError(.invalidUTF8(what: "the working directory's name"))
    }
    return path
  }

  /// The last component of `path` that is not empty, `.` included.
  package static func name(of path: String) -> String {
    path.split(separator: "/").last.map(String.init) ?? path
  }
}
