import Glibc

extension FileSystem {
  /// The most names that are read of one folder.
  package static let nameLimit = 100_000

  /// The names in the folder at `path`, sorted by their bytes, without `.` and `..`.
  ///
  /// - Throws: `systemCall`, `limitExceeded`, `invalidUTF8`.
  package static func names(in path: String) throws(FormatError) -> [String] {
    guard let stream = opendir(path) else {
      throw FormatError(.systemCall(call: "opendir", errno: errno), path: path)
    }
    defer { closedir(stream) }
    var names: [String] = []
    while true {
      // The end of the folder and a failure differ in errno only.
      errno = 0
      guard let entry = readdir(stream) else {
        guard errno == 0 else {
          throw FormatError(.systemCall(call: "readdir", errno: errno), path: path)
        }
        break
      }
      let name = withUnsafePointer(to: &entry.pointee.d_name) { field in
        field.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: field.pointee))
        {
          String(validatingCString: $0)
        }
      }
      guard let name else { throw FormatError(.invalidUTF8(what: "a file name"), path: path) }
      guard name != ".", name != ".." else { continue }
      guard names.count < nameLimit else {
        throw FormatError(
          .limitExceeded(what: "files in the folder", found: names.count + 1, limit: nameLimit),
          path: path)
      }
      names.append(name)
    }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }
}
