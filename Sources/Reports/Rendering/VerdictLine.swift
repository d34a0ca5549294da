import Formats
import Steering

/// One document of a run, as its line in `verdicts.jsonl` says it.
struct VerdictLine {
  struct Finding {
    var structure: Int
    var score: Double
    var p: Double?
    var z: Double?
    var threshold: Double?
    var isFlagged: Bool
    /// Segment, first token, tokens, score.
    var segments: [(id: Int, first: Int, count: Int, score: Double?)]
  }

  var document: String
  var shard: String
  var source: String?
  /// kept, special, sink, undefined.
  var tokens: [Int]
  var limit: String?
  var combinedP: Double?
  var findings: [Finding]
  /// Names in the order of the line.
  var labels: [(name: String, value: Bool)]
  /// Text of each token, or its place where the source has no text; nil unless localised.
  var pieces: [String]?
  private let contributions: JSONValue?
  private let place: String

  /// Bytes that a line may have: a document of a million tokens fits.
  static let longestLine = 512 << 20
  /// Limits on one line: a document of a million tokens and a dozen structures.
  static let limits = JSONLimits(
    byteCount: longestLine, depth: 8, valueCount: 40_000_000, objectCount: 4_000_000)

  /// Reads a line; `structures` are the summary's, by name.
  init(
    _ bytes: [UInt8], structures: [String: Int], place: String
  ) throws(SteeringError) {
    let line = try SteeringError.rendering { () throws(FormatError) in
      do throws(FormatError) {
        return RunField(try JSONValue.parse(bytes, limits: Self.limits), place: place)
      } catch {
        throw error.at(path: place)
      }
    }
    self.place = place
    document = try line.text("document")
    shard = try line.text("shard")
    source = try line.optional("source")?.text()
    limit = try line.optional("limit")?.text()
    combinedP = try line.optional("combined_p")?.share()
    let counts = try line.member("tokens")
    var tokens: [Int] = []
    for name in ["kept", "special", "sink", "undefined"] {
      tokens.append(try counts.member(name).count())
    }
    self.tokens = tokens
    // Each is bounded, so that the sum is no overflow.
    let total = tokens.reduce(0, +)
    findings = []
    for finding in try line.member("findings").elements() {
      findings.append(try Self.finding(finding, structures))
    }
    labels = []
    for member in try line.optional("labels")?.members() ?? [] {
      labels.append((member.name, try member.field.flag()))
    }
    if let texts = try line.optional("pieces")?.elements() {
      var pieces: [String] = []
      for text in texts { pieces.append(try text.text()) }
      self.pieces = pieces
      try Self.check(pieces.count, of: "pieces", is: total, place)
    }
    let contributions = try line.optional("contributions")
    self.contributions = contributions?.value
    // A source without text: tokens by their places, as many as the line itself has numbers.
    if pieces == nil, let list = try contributions?.members().first?.field {
      let count = try list.elements().count
      try Self.check(count, of: list.name, is: total, place)
      pieces = (0..<count).map { " #\($0)" }
    }
  }

  private static func check(
    _ found: Int, of name: String, is expected: Int, _ place: String
  ) throws(SteeringError) {
    guard found == expected else {
      throw SteeringError(
        .malformedFile,
        "\(place): '\(MessageText.plain(name))' has \(found) elements, expected \(expected), one per"
          + " token")
    }
  }

  /// Each token's part of a structure's score, where the document was localised and it is a sum.
  func contributions(of structure: String) throws(SteeringError) -> [Double]? {
    guard let contributions else { return nil }
    let all = RunField(contributions, place: place, name: "contributions")
    guard let list = try all.optional(structure) else { return nil }
    let values = try list.numbers()
    try Self.check(values.count, of: list.name, is: pieces?.count ?? 0, place)
    return values
  }

  private static func finding(
    _ field: RunField, _ structures: [String: Int]
  ) throws(SteeringError) -> Finding {
    let name = try field.text("structure")
    guard let structure = structures[name] else {
      throw SteeringError(
        .malformedFile,
        "\(field.place): '\(field.name).structure' is \(MessageText.plain(name)), expected one of the"
          + " summary's structures")
    }
    var segments: [(id: Int, first: Int, count: Int, score: Double?)] = []
    for segment in try field.optional("segments")?.elements() ?? [] {
      segments.append(
        (
          try segment.member("segment").integer(), try segment.member("first_token").count(),
          try segment.member("tokens").count(), try segment.optional("score")?.number()
        ))
    }
    return Finding(
      structure: structure, score: try field.member("score").number(),
      p: try field.optional("p")?.share(), z: try field.optional("z")?.number(),
      threshold: try field.optional("threshold")?.number(),
      isFlagged: try field.member("flagged").flag(), segments: segments)
  }
}
