import Formats

/// Reads a file of scored texts, one line at a time: docs/formats/scored-texts.md.
///
/// Thread rule: one thread at a time.
package final class ScoredTextReader {
  /// The most bytes of a line.
  package static let lineLimit = 16 << 20
  /// The most tokens that a text can say it has.
  package static let tokenLimit = 1 << 31
  /// The most nats that a token can say it has: e^300 and ratios of such probabilities are still numbers.
  package static let natLimit = 300.0
  /// The largest strength, and the most seconds.
  package static let largest = 1e6
  /// What stands for standard input in place of a path.
  package static let standardInput = "-"
  private let reader: LineReader

  /// Opens the file at `path`, or standard input for `-`.
  package init(_ path: String) throws(FormatError) {
    reader =
      path == Self.standardInput
      ? try LineReader.standardInput(limit: Self.lineLimit)
      : try LineReader.open(path, limit: Self.lineLimit)
  }

  /// File and line that was read last, for messages.
  package var place: String { "\(reader.path):\(reader.lineNumber)" }

  /// The next line that is not empty; nil after the last.
  package func next() throws(FormatError) -> ScoredText? {
    while let line = try reader.next() {
      guard !line.isEmpty else { continue }
      do throws(FormatError) {
        return try ScoredText(line)
      } catch {
        throw error.at(path: place)
      }
    }
    return nil
  }
}
