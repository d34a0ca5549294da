import Formats
import Tensors

/// By what a file is taken for the same as before, without reading all of it.
///
/// Size, time of modification, and a digest of its two ends: a header or the last row that changes shows
/// even where a copy kept size and time. A byte in the middle that changes without a trace in size and
/// time does not; a list of digests is for that.
package struct FileStamp: Equatable, Sendable {
  /// Bytes of the file; of all files together, for a folder.
  package var byteCount: Int
  /// Last modification in nanoseconds since 1970; the latest, for a folder.
  package var modified: Int
  /// SHA-256 over the first and the last 64 KiB; over names and stamps, for a folder.
  package var ends: String

  /// Bytes at each end.
  private static let endLength = 1 << 16

  package init(byteCount: Int, modified: Int, ends: String) {
    self.byteCount = byteCount
    self.modified = modified
    self.ends = ends
  }

  /// The stamp of a file, or of a folder's files.
  ///
  /// - Throws: `systemCall`, `notARegularFile`, with the path.
  package init(path: String) throws(FormatError) {
    self = try FileSystem.kind(path) == .directory ? Self.folder(path) : Self.file(path)
  }

  private static func file(_ path: String) throws(FormatError) -> FileStamp {
    let file = try MappedFile.open(path)
    let count = file.byteCount
    let head = try file.copyBytes(0..<min(count, endLength))
    let tail = try file.copyBytes(max(0, count - endLength)..<count)
    var digest = Digest()
    digest.update(head)
    digest.update(tail)
    let identity = file.identity
    return FileStamp(
      byteCount: count,
      modified: identity.modifiedSeconds * 1_000_000_000 + identity.modifiedNanoseconds,
      ends: Hexadecimal.text(digest.finish()))
  }

  private static func folder(_ path: String) throws(FormatError) -> FileStamp {
    var digest = Digest()
    var total = FileStamp(byteCount: 0, modified: 0, ends: "")
    for name in try FileSystem.names(in: path) {
      let inner = FileSystem.join(path, name)
      guard try FileSystem.kind(inner) == .other else { continue }
      let stamp = try file(inner)
      digest.update(name)
      digest.update(stamp.byteCount)
      digest.update(stamp.ends)
      total.byteCount += stamp.byteCount
      total.modified = max(total.modified, stamp.modified)
    }
    total.ends = Hexadecimal.text(digest.finish())
    return total
  }

  /// Whether both are of the same content, as far as a stamp tells, wherever it was copied to.
  package func hasSameContent(as other: FileStamp) -> Bool {
    byteCount == other.byteCount && ends == other.ends
  }

  package var json: JSONValue {
    [
      "bytes": .integer(Int64(byteCount)), "modified_ns": .integer(Int64(modified)),
      "ends_sha256": .string(ends),
    ]
  }

  /// A stamp as ``json`` writes it; nil for anything else.
  package init?(json: JSONValue) {
    guard let byteCount = json["bytes"]?.asInt, let modified = json["modified_ns"]?.asInt,
      let ends = json["ends_sha256"]?.asString
    else { return nil }
    self.init(byteCount: byteCount, modified: modified, ends: ends)
  }
}
