import Glibc

/// A file being written: it appears under its name complete, or not at all.
///
/// Bytes go to a file without a name in the same folder, which ``commit()`` names and renames over the
/// target. A mapping of an older file of that name keeps its content. Without `commit` nothing is left,
/// even when the process is killed. Where the file system knows no unnamed files, the temporary file
/// has a name (`.name.*.tmp`), is removed when the object goes, and only a killed process leaves one.
/// A symbolic link is followed, so the file it points to is replaced.
///
/// A device, a pipe, `/dev/stdout`, `/dev/stderr` and `/dev/fd/N` are written directly: no
/// temporary file, nothing to undo, and only forwards.
///
/// Thread rule: one thread at a time.
package final class OutputFile {
  /// The path as the caller gave it.
  package let path: String
  /// Whether bytes go straight to the target, forwards only.
  package let isDirect: Bool
  /// Where the next ``write(_:)`` goes.
  package internal(set) var position = 0
  var descriptor: Int32
  /// Where `temporaryPath` is renamed to.
  private let targetPath: String
  private let temporaryPath: String?
  /// Whether the temporary file is visible under `temporaryPath`.
  private var isNamed: Bool
  /// Whether nothing may be under the name when the file gets it.
  private let isNew: Bool

  private init(path: String, direct descriptor: Int32) {
    self.path = path
    self.descriptor = descriptor
    isDirect = true
    targetPath = path
    temporaryPath = nil
    isNamed = false
    isNew = false
  }

  private init(
    path: String, targetPath: String, temporaryPath: String, isNamed: Bool, isNew: Bool,
    descriptor: Int32
  ) {
    self.path = path
    self.descriptor = descriptor
    isDirect = false
    self.targetPath = targetPath
    self.temporaryPath = temporaryPath
    self.isNamed = isNamed
    self.isNew = isNew
  }

  deinit { discard() }

  /// Starts writing the file at `path`, which stays as it is until ``commit()``.
  ///
  /// - Throws: `invalidFileName`, `notARegularFile` for a directory, `systemCall`, with the path.
  package static func create(_ path: String) throws(FormatError) -> OutputFile {
    do throws(FormatError) {
      try FilePath.check(path)
      if let stream = try standardStream(path) { return OutputFile(path: path, direct: stream) }
      var status = stat()
      guard stat(path, &status) == 0 else {
        guard errno == ENOENT else { throw FormatError(.systemCall(call: "stat", errno: errno)) }
        return try createTemporary(path: path, targetPath: try danglingTarget(path))
      }
      switch FileKind.special(status) {
      case nil:
        // Nobody may read the replacement who could not read what it replaces.
        let file = try createTemporary(path: path, targetPath: try resolve(path), mode: 0o600)
        // It keeps owner and group where the system allows it, and then the permissions, which a change
        // of owner may have cut.
        if fchown(file.descriptor, status.st_uid, status.st_gid) != 0 {
          _ = fchown(file.descriptor, uid_t.max, status.st_gid)
        }
        fchmod(file.descriptor, status.st_mode & 0o7777)
        return file
      case "directory"?: throw FormatError(.notARegularFile(kind: "directory"))
      default:
        let descriptor = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY)
        guard descriptor >= 0 else { throw FormatError(.systemCall(call: "open", errno: errno)) }
        return OutputFile(path: path, direct: descriptor)
      }
    } catch {
      throw error.at(path: path)
    }
  }

  /// Starts writing a file at `path`, where nothing is: not even a link, now or when it is committed.
  ///
  /// It has exactly the permissions `mode` from its first byte, whatever the umask.
  /// - Throws: `alreadyExists`, here or from ``commit()``, `invalidFileName`, `notARegularFile` for a
  ///   path that ends in a slash, `systemCall`, with the path.
  package static func createNew(_ path: String, mode: UInt32) throws(FormatError) -> OutputFile {
    do throws(FormatError) {
      try FilePath.check(path)
      var status = stat()
      guard lstat(path, &status) != 0 else { throw FormatError(.alreadyExists) }
      guard errno == ENOENT else { throw FormatError(.systemCall(call: "lstat", errno: errno)) }
      let file = try createTemporary(path: path, targetPath: path, mode: mode, isNew: true)
      try file.setMode(mode)
      return file
    } catch {
      throw error.at(path: path)
    }
  }

  /// Gives the file these permissions, whatever the umask and a file that it replaces say.
  ///
  /// Does nothing to a device or a pipe.
  package func setMode(_ mode: UInt32) throws(FormatError) {
    guard !isDirect else { return }
    guard fchmod(descriptor, mode) == 0 else { throw failure("fchmod") }
  }

  /// Throws what ``create(_:)`` would for a regular file at `path`, and writes nothing.
  ///
  /// For work that takes long before it has something to write. Pipes and devices are not opened.
  package static func check(_ path: String) throws(FormatError) {
    var status = stat()
    if stat(path, &status) == 0, let kind = FileKind.special(status), kind != "directory" { return }
    try create(path).discard()
  }

  /// Makes the file durable and puts it under its name; no write may follow.
  ///
  /// On failure the target is untouched and the temporary file is removed.
  package func commit() throws(FormatError) {
    precondition(descriptor >= 0, "the file has been committed or discarded")
    defer { discard() }
    guard let temporaryPath else { return }
    guard fsync(descriptor) == 0 else { throw failure("fsync") }
    if isNew { return try linkNew(temporaryPath) }
    if !isNamed {
      let source = Self.descriptorPath(descriptor)
      guard linkat(AT_FDCWD, source, AT_FDCWD, temporaryPath, AT_SYMLINK_FOLLOW) == 0 else {
        throw failure("linkat")
      }
      isNamed = true
    }
    let closing = close(descriptor)
    descriptor = -1
    guard closing == 0, rename(temporaryPath, targetPath) == 0 else {
      let error = failure(closing == 0 ? "rename" : "close")
      unlink(temporaryPath)
      throw error
    }
    syncDirectory()
  }

  /// Gives the file its name as a further link, which fails where something has that name.
  ///
  /// The temporary name, where there is one, goes with ``discard()``.
  private func linkNew(_ temporaryPath: String) throws(FormatError) {
    let source = isNamed ? temporaryPath : Self.descriptorPath(descriptor)
    guard linkat(AT_FDCWD, source, AT_FDCWD, targetPath, AT_SYMLINK_FOLLOW) == 0 else {
      guard errno == EEXIST else { throw failure("linkat") }
      throw FormatError(.alreadyExists, path: path)
    }
    syncDirectory()
  }

  /// Gives up: removes the temporary file. Harmless when called twice or after ``commit()``.
  package func discard() {
    guard descriptor >= 0 else { return }
    close(descriptor)
    descriptor = -1
    if let temporaryPath, isNamed { unlink(temporaryPath) }
  }

  /// The name through which an open file can be given another one.
  private static func descriptorPath(_ descriptor: Int32) -> String {
    "/proc/self/fd/\(descriptor)"
  }

  func failure(_ call: String) -> FormatError {
    FormatError(.systemCall(call: call, errno: errno), path: path)
  }

  /// The rename itself survives a power cut only once the folder is synced; not every file system
  /// can, so a refusal is no error.
  private func syncDirectory() {
    let directory = open(FilePath.split(targetPath).directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard directory >= 0 else { return }
    fsync(directory)
    close(directory)
  }

  private static func createTemporary(
    path: String, targetPath: String, mode: mode_t = 0o666, isNew: Bool = false
  ) throws(FormatError) -> OutputFile {
    let (directory, name) = FilePath.split(targetPath)
    guard !name.isEmpty else { throw FormatError(.notARegularFile(kind: "directory")) }
    // Names are limited to 255 bytes: a long one is cut, the random part makes it unique.
    let stem = String(
      decoding: name.utf8.prefix(100).map { $0 < 0x80 ? $0 : UInt8(ascii: "_") }, as: UTF8.self)
    func randomPath() -> String {
      let tag = String(UInt64.random(in: .min ... .max), radix: 36)
      return FilePath.join(directory, ".\(stem).\(tag).tmp")
    }
    // O_TMPFILE, whose definition is too complex to be imported.
    let unnamed = open(directory, O_DIRECTORY | 0o20_000_000 | O_WRONLY | O_CLOEXEC, mode)
    if unnamed >= 0 {
      if access(descriptorPath(unnamed), F_OK) == 0 {
        return OutputFile(
          path: path, targetPath: targetPath, temporaryPath: randomPath(), isNamed: false,
          isNew: isNew, descriptor: unnamed)
      }
      close(unnamed)
    }
    for _ in 0..<16 {
      let temporary = randomPath()
      let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
      if descriptor >= 0 {
        return OutputFile(
          path: path, targetPath: targetPath, temporaryPath: temporary, isNamed: true,
          isNew: isNew, descriptor: descriptor)
      }
      guard errno == EEXIST else { break }
    }
    throw FormatError(.systemCall(call: "open", errno: errno))
  }

  /// A duplicate of the stream that a `/dev` name stands for, so that its position is kept even when
  /// it has been redirected to a file.
  private static func standardStream(_ path: String) throws(FormatError) -> Int32? {
    let number: Int32
    switch path {
    case "/dev/stdout": number = 1
    case "/dev/stderr": number = 2
    case _ where path.hasPrefix("/dev/fd/"):
      guard let parsed = Int32(path.dropFirst("/dev/fd/".count)), parsed >= 0 else { return nil }
      number = parsed
    default: return nil
    }
    let descriptor = fcntl(number, F_DUPFD_CLOEXEC, 0)
    guard descriptor >= 0 else { throw FormatError(.systemCall(call: "fcntl", errno: errno)) }
    return descriptor
  }

  /// Nothing is at `path`: the path itself, unless a link there points nowhere.
  private static func danglingTarget(_ path: String) throws(FormatError) -> String {
    var status = stat()
    guard lstat(path, &status) == 0 else { return path }
    throw FormatError(.notARegularFile(kind: "symbolic link to nothing"))
  }

  private static func resolve(_ path: String) throws(FormatError) -> String {
    guard let resolved = realpath(path, nil) else {
      throw FormatError(.systemCall(call: "realpath", errno: errno))
    }
    defer { free(resolved) }
    return String(cString: resolved)
  }
}
