import Glibc

/// A folder being written: it appears under its name complete, or not at all.
///
/// Files go into a folder of another name beside it (`.name.*.tmp`), which ``commit()`` renames. Without
/// `commit` it is removed with its files when the object goes; only a killed process leaves it.
///
/// Thread rule: one thread at a time.
package final class OutputFolder {
  /// The path as the caller gave it.
  package let path: String
  /// Where the content is written until ``commit()``.
  package let temporaryPath: String
  private let targetPath: String
  /// What was made inside, to be removed again.
  private var folders: [String] = []
  private var files: [String] = []
  private var isOpen = true

  private init(path: String, targetPath: String, temporaryPath: String) {
    self.path = path
    self.targetPath = targetPath
    self.temporaryPath = temporaryPath
  }

  deinit { discard() }

  /// Whether a folder can be written at `path`: nothing is there, not even an empty folder or a link to
  /// nothing.
  ///
  /// - Throws: `invalidFileName`; `systemCall` when that cannot be told.
  package static func isFree(_ path: String) throws(FormatError) -> Bool {
    do throws(FormatError) {
      try FilePath.check(path)
      return try isAbsent(trimmed(path))
    } catch {
      throw error.at(path: path)
    }
  }

  /// Starts writing the folder at `path`, which must be free and stays so until ``commit()``.
  ///
  /// - Throws: `invalidFileName`, `systemCall`, with the path.
  package static func create(_ path: String) throws(FormatError) -> OutputFolder {
    do throws(FormatError) {
      try FilePath.check(path)
      let target = trimmed(path)
      guard try isAbsent(target) else {
        throw FormatError(.systemCall(call: "mkdir", errno: EEXIST))
      }
      let (directory, name) = FilePath.split(target)
      let stem = String(
        decoding: name.utf8.prefix(100).map { $0 < 0x80 ? $0 : UInt8(ascii: "_") }, as: UTF8.self)
      let tag = String(UInt64.random(in: .min ... .max), radix: 36)
      let temporary = FilePath.join(directory, ".\(stem).\(tag).tmp")
      guard mkdir(temporary, 0o777) == 0 else {
        throw FormatError(.systemCall(call: "mkdir", errno: errno))
      }
      return OutputFolder(path: path, targetPath: target, temporaryPath: temporary)
    } catch {
      throw error.at(path: path)
    }
  }

  /// Without the slashes at the end, which would follow a link.
  private static func trimmed(_ path: String) -> String {
    var path = path[...]
    while path.utf8.count > 1, path.utf8.last == UInt8(ascii: "/") { path.removeLast() }
    return String(path)
  }

  private static func isAbsent(_ path: String) throws(FormatError) -> Bool {
    var status = stat()
    guard lstat(path, &status) != 0 else { return false }
    guard errno == ENOENT || errno == ENOTDIR else {
      throw FormatError(.systemCall(call: "lstat", errno: errno))
    }
    return true
  }

  /// Makes a folder inside.
  package func makeFolder(_ name: String) throws(FormatError) {
    precondition(isOpen, "the folder has been committed or discarded")
    let inner = FilePath.join(temporaryPath, name)
    guard mkdir(inner, 0o777) == 0 else {
      throw FormatError(.systemCall(call: "mkdir", errno: errno), path: FilePath.join(path, name))
    }
    folders.append(inner)
  }

  /// Where the file called `name` is to be written until ``commit()``, in a folder made before or in
  /// this one.
  package func file(_ name: String, in folder: String = "") -> String {
    precondition(isOpen, "the folder has been committed or discarded")
    let file = FilePath.join(FilePath.join(temporaryPath, folder), name)
    files.append(file)
    return file
  }

  /// Puts the folder under its name; nothing may be written afterwards.
  ///
  /// - Throws: `systemCall`, also when the path is no longer free. The target is then untouched and the
  ///   temporary folder is removed.
  package func commit() throws(FormatError) {
    precondition(isOpen, "the folder has been committed or discarded")
    do throws(FormatError) {
      // Renaming would take the place of an empty folder, and with it its permissions and whatever is
      // mounted or working there.
      guard try Self.isAbsent(targetPath) else {
        throw FormatError(.systemCall(call: "rename", errno: EEXIST))
      }
      guard rename(temporaryPath, targetPath) == 0 else {
        throw FormatError(.systemCall(call: "rename", errno: errno))
      }
    } catch {
      discard()
      throw error.at(path: path)
    }
    isOpen = false
  }

  /// Gives up: removes the temporary folder. Harmless when called twice or after ``commit()``.
  package func discard() {
    guard isOpen else { return }
    isOpen = false
    for file in files { unlink(file) }
    for folder in folders { rmdir(folder) }
    rmdir(temporaryPath)
  }
}
