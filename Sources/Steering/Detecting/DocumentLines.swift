import Formats

/// The documents file beside a shard, read one line at a time.
final class DocumentLines {
  /// The most bytes of a line.
  static let lineLimit = 16 << 20

  let path: String
  private let reader: LineReader

  /// The file `X.documents.jsonl` beside the shard `X.safetensors`, or beside the folder `X`; nil when there
  /// is none.
  init?(besideShard shard: String, isFolder: Bool) throws(FormatError) {
    path = ShardName.documentsPath(of: shard, isFolder: isFolder)
    guard let reader = try LineReader.open(ifPresent: path, limit: Self.lineLimit) else {
      return nil
    }
    self.reader = reader
  }

  /// Number of the line that was read last, from 1.
  var lineNumber: Int { reader.lineNumber }
  /// File and line, for messages.
  var place: String { "\(path):\(lineNumber)" }

  /// The next line that is not empty; nil after the last.
  func next() throws(FormatError) -> DocumentLine? {
    while let line = try reader.next() {
      guard !line.isEmpty else { continue }
      do throws(FormatError) {
        return try DocumentLine(line)
      } catch {
        throw error.at(path: place)
      }
    }
    return nil
  }
}

/// What a shard's path says.
package enum ShardName {
  /// Where the documents file of a shard lies: `X.documents.jsonl` for `X.safetensors` and for a folder `X`.
  package static func documentsPath(beside path: String) -> String {
    documentsPath(of: path, isFolder: isFolder(path))
  }

  static func documentsPath(of path: String, isFolder: Bool) -> String {
    withoutSuffix(path, isFolder: isFolder) + ".documents.jsonl"
  }

  /// Whether the shard is a folder of files.
  package static func isFolder(_ path: String) -> Bool {
    (try? FileSystem.kind(path)) == .directory
  }

  /// The path without the suffix of its last component: `runs/a.safetensors` as `runs/a`; that of a folder
  /// without a slash at its end.
  package static func withoutSuffix(_ path: String, isFolder: Bool) -> String {
    guard !isFolder else {
      let end = path.lastIndex { $0 != "/" }
      return end.map { String(path[...$0]) } ?? path
    }
    let start = path.lastIndex(of: "/").map(path.index(after:)) ?? path.startIndex
    guard let dot = path[start...].lastIndex(of: "."), dot > start else { return path }
    return String(path[..<dot])
  }

  /// The name without the folder that it is in, and without suffix.
  static func plain(_ path: String, isFolder: Bool) -> String {
    let whole = withoutSuffix(path, isFolder: isFolder)
    guard let slash = whole.lastIndex(of: "/") else { return whole }
    return String(whole[whole.index(after: slash)...])
  }
}
