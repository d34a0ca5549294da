import Formats
import Steering

/// Reads a file of scored texts, one line at a time.
final class ReplayTexts {
  /// The most bytes of a line.
  private static let lineLimit = 64 << 20
  private let reader: LineReader
  private var count = 0

  /// File and line that was read last.
  var place: String { "\(reader.path):\(reader.lineNumber)" }
  /// Where that line stands in the file.
  var range: Range<Int> { reader.lineRange }

  init(_ path: String) throws(SteeringError) {
    reader = try SteeringError.rendering { () throws(FormatError) in
      try LineReader.open(path, limit: Self.lineLimit)
    }
  }

  /// The next line that is not empty; nil after the last.
  func next() throws(SteeringError) -> ReplayText? {
    try SteeringError.rendering { () throws(FormatError) in
      while let line = try reader.next() {
        guard !line.isEmpty else { continue }
        defer { count += 1 }
        return try Self.text(line, name: "#\(count)", place: place)
      }
      return nil
    }
  }

  /// A line that was read before, called `name` where it has no name.
  func text(at range: Range<Int>, name: String) throws(SteeringError) -> ReplayText {
    try SteeringError.rendering { () throws(FormatError) in
      try Self.text(try reader.bytes(of: range), name: name, place: reader.path)
    }
  }

  private static func text(
    _ line: [UInt8], name: String, place: String
  ) throws(FormatError) -> ReplayText {
    let members = try DocumentMembers.members(line, place: place)
    do throws(FormatError) {
      return try ReplayText(members, name: name)
    } catch {
      throw error.at(path: place)
    }
  }
}
