import Formats
import Steering

/// The lines of the documents file beside a shard, with all their members: the n-th is the n-th document's.
final class DocumentMembers {
  /// The most bytes of a line.
  static let lineLimit = 16 << 20
  /// Members that say how a shard is cut, and the text of each token: not for results.
  private static let dropped: Set<String> = ["document", "rows", "pieces", "segments"]

  private let reader: LineReader

  /// The file beside `shard`; nil when there is none.
  init?(besideShard shard: String) throws(SteeringError) {
    let reader = try SteeringError.rendering { () throws(FormatError) in
      try LineReader.open(
        ifPresent: ShardName.documentsPath(beside: shard), limit: Self.lineLimit)
    }
    guard let reader else { return nil }
    self.reader = reader
  }

  /// File and line that was read last.
  var place: String { "\(reader.path):\(reader.lineNumber)" }

  /// The members of the next line, less those that are not for results; nil after the last.
  func next() throws(SteeringError) -> [JSONValue.Member]? {
    try SteeringError.rendering { () throws(FormatError) in
      while let line = try reader.next() {
        guard !line.isEmpty else { continue }
        return try Self.members(line, place: place).filter { !Self.dropped.contains($0.key) }
      }
      return nil
    }
  }

  /// The members of a line.
  static func members(
    _ line: [UInt8], place: String
  ) throws(FormatError) -> [JSONValue.Member] {
    do throws(FormatError) {
      let value = try JSONValue.parse(line)
      guard case .object(let members) = value else {
        throw FormatError(.wrongType(field: "line", found: value.kind, expected: "an object"))
      }
      return members
    } catch {
      throw error.at(path: place)
    }
  }
}
