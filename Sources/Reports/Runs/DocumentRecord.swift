import Detector
import Formats

/// What tables and counts need of a verdict line.
package struct DocumentRecord: Equatable, Sendable {
  /// One structure's part.
  package struct Finding: Equatable, Sendable {
    package var structure: String
    package var score: Double
    package var p: Double?
    package var z: Double?
    package var isFlagged: Bool
  }

  package var document: String
  package var shard: String
  package var source: String?
  package var tokens = TokenCounts()
  package var limit: String?
  package var combinedP: Double?
  package var findings: [Finding] = []
  package var labels: [String: Bool] = [:]

  /// Whether the document is flagged at the run's rate, as ``Verdict/isFlagged`` says.
  package func isFlagged(rate: Double) -> Bool {
    guard findings.count > 1 else { return findings.contains(where: \.isFlagged) }
    return combinedP.map { $0 <= rate } ?? false
  }

  /// Reads one line without its newline; nil for what ``VerdictText`` does not write.
  package init?(line: ArraySlice<UInt8>) {
    guard let json = try? JSONValue.parse(Self.head(of: line), limits: VerdictCheck.limits),
      let document = json["document"]?.asString, let shard = json["shard"]?.asString,
      let kept = Self.count(json["tokens"]?["kept"]),
      let special = Self.count(json["tokens"]?["special"]),
      let sink = Self.count(json["tokens"]?["sink"]),
      let undefined = Self.count(json["tokens"]?["undefined"]),
      let findings = json["findings"]?.asArray
    else { return nil }
    self.document = document
    self.shard = shard
    source = json["source"]?.asString
    tokens.kept = kept
    tokens.special = special
    tokens.sink = sink
    tokens.undefined = undefined
    limit = json["limit"]?.asString
    combinedP = json["combined_p"]?.asDouble
    guard combinedP.map(Self.isShare) ?? true else { return nil }
    for finding in findings {
      guard let structure = finding["structure"]?.asString,
        let score = finding["score"]?.asDouble, let isFlagged = finding["flagged"]?.asBool,
        (finding["p"]?.asDouble).map(Self.isShare) ?? true
      else { return nil }
      self.findings.append(
        Finding(
          structure: structure, score: score, p: finding["p"]?.asDouble,
          z: finding["z"]?.asDouble, isFlagged: isFlagged))
    }
    for label in json["labels"]?.asObject ?? [] { labels[label.key] = label.value.asBool }
  }

  /// A number of tokens: so many documents that their sum overflows fit on no disk.
  private static func count(_ value: JSONValue?) -> Int? {
    value?.asInt.flatMap { (0...Int(Int32.max)).contains($0) ? $0 : nil }
  }

  private static func isShare(_ p: Double) -> Bool { p >= 0 && p <= 1 }

  /// The bytes of the document's id, quotes and escapes included: equal for equal ids only.
  package static func idBytes(line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    let start = line.startIndex + "{\"document\":".utf8.count
    var end = start + 1
    while end < line.endIndex, line[end] != UInt8(ascii: "\"") {
      end += line[end] == UInt8(ascii: "\\") ? 2 : 1
    }
    return start < line.endIndex ? line[start..<min(end + 1, line.endIndex)] : []
  }

  /// The line without token texts and contributions, which are most of it and which no count needs.
  ///
  /// Within a JSON string a quote follows a backslash, never a comma, and a label is true or false: the
  /// two patterns begin those members and nothing else.
  private static func head(of line: ArraySlice<UInt8>) -> [UInt8] {
    for index in line.indices
    where line[index] == UInt8(ascii: ",") && index + 2 < line.endIndex
      && line[index + 1] == UInt8(ascii: "\"")
    {
      let next = line[index + 2]
      guard next == UInt8(ascii: "p") || next == UInt8(ascii: "c") else { continue }
      if line[index...].starts(with: pieces) || line[index...].starts(with: contributions) {
        return Array(line[..<index]) + [UInt8(ascii: "}")]
      }
    }
    return Array(line)
  }

  private static let pieces = Array(",\"pieces\":[".utf8)
  private static let contributions = Array(",\"contributions\":{".utf8)
}
