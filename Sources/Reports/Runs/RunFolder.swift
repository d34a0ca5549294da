import Formats
import Glibc
import Steering

/// A run's folder: every file in it appears whole under its name, or not at all.
///
/// One process at a time: the folder is locked as long as the object lives.
package final class RunFolder {
  package let path: String
  /// Called before every operation that changes a file; tests make it throw.
  package var beforeChange: () throws(SteeringError) -> Void = { () throws(SteeringError) in }
  private let descriptor: Int32

  /// Opens the folder, making it where nothing is.
  ///
  /// - Throws: `inputOutput` also while another process works in it.
  package init(_ path: String) throws(SteeringError) {
    self.path = path
    if mkdir(path, 0o777) != 0, errno != EEXIST {
      throw SteeringError(FormatError(.systemCall(call: "mkdir", errno: errno), path: path))
    }
    descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw SteeringError(FormatError(.systemCall(call: "open", errno: errno), path: path))
    }
    // A file system without locks is no reason to refuse.
    if flock(descriptor, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK {
      throw SteeringError(
        .inputOutput, "\(path): another process works in this folder, expected one at a time")
    }
  }

  deinit { close(descriptor) }

  /// The path of a file in the folder.
  package func file(_ name: String) -> String { FileSystem.join(path, name) }

  /// Makes a folder inside, unless it is there.
  package func makeFolder(_ name: String) throws(SteeringError) {
    try beforeChange()
    if mkdir(file(name), 0o777) != 0, errno != EEXIST {
      throw SteeringError(FormatError(.systemCall(call: "mkdir", errno: errno), path: file(name)))
    }
  }

  /// Names in a folder inside, sorted; none where the folder is not there.
  package func names(in folder: String = "") throws(SteeringError) -> [String] {
    try SteeringError.rendering { () throws(FormatError) in
      let path = folder.isEmpty ? self.path : file(folder)
      guard try FileSystem.kind(path) != nil else { return [] }
      return try FileSystem.names(in: path)
    }
  }

  /// The bytes of a file; nil where there is none.
  package func read(_ name: String) throws(SteeringError) -> [UInt8]? {
    try SteeringError.rendering { () throws(FormatError) in
      guard try FileSystem.kind(file(name)) != nil else { return nil }
      return try ByteStream.readAll(path: file(name), limit: 1 << 32, what: "bytes of a run's file")
    }
  }

  /// Puts a file under its name, whole and durable.
  package func write(_ bytes: [UInt8], to name: String) throws(SteeringError) {
    try beforeChange()
    try SteeringError.rendering { () throws(FormatError) in
      let output = try OutputFile.create(file(name))
      try output.write(bytes)
      try output.commit()
    }
  }

  /// Starts a file that ``commit(_:)`` puts under its name.
  package func create(_ name: String) throws(SteeringError) -> OutputFile {
    try beforeChange()
    return try SteeringError.rendering { () throws(FormatError) in
      try OutputFile.create(file(name))
    }
  }

  /// Puts a started file under its name.
  package func commit(_ output: OutputFile) throws(SteeringError) {
    try beforeChange()
    try SteeringError.rendering { () throws(FormatError) in try output.commit() }
  }

  /// Removes a file, where it is there.
  package func remove(_ name: String) throws(SteeringError) {
    try beforeChange()
    if unlink(file(name)) != 0, errno != ENOENT {
      throw SteeringError(FormatError(.systemCall(call: "unlink", errno: errno), path: file(name)))
    }
  }

  /// Removes a folder inside with its files, where it is there.
  package func removeFolder(_ name: String) throws(SteeringError) {
    for inner in try names(in: name) { try remove(FileSystem.join(name, inner)) }
    try beforeChange()
    if rmdir(file(name)) != 0, errno != ENOENT {
      throw SteeringError(FormatError(.systemCall(call: "rmdir", errno: errno), path: file(name)))
    }
  }
}
