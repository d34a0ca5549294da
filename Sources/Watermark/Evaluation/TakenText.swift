import Tensors

/// What makes two lines of scored texts speak of one text: 128 bits of a SHA-256.
///
/// Role, method, strength, attack, source, split, id and the text; without a text, all numbers of the
/// line in its place.
struct TextIdentity: Hashable {
  private let first: UInt64
  private let second: UInt64

  init(_ text: ScoredText) {
    var digest = Digest()
    for name in [
      text.role.rawValue, text.method, text.attack ?? "", text.source,
      text.isNull ? ScoredText.nullSplit : "", text.id,
    ] { digest.update(name) }
    digest.update(text.strength)
    digest.update(text.content ?? "")
    if text.content == nil {
      digest.update(text.tokens)
      for value in [
        text.logLikelihood, text.seconds, text.detectionSeconds, text.costPerToken,
      ] { digest.update(value) }
      for (name, value) in text.statistics.sorted(by: { $0.key < $1.key }) {
        digest.update(name)
        digest.update(value)
      }
    }
    self.init(digest)
  }

  /// Of names and a text that belong together.
  init(_ names: [String]) {
    var digest = Digest()
    for name in names { digest.update(name) }
    self.init(digest)
  }

  private init(_ digest: consuming Digest) {
    let bytes = digest.finish()
    first = bytes[..<8].reduce(0) { $0 << 8 | UInt64($1) }
    second = bytes[8..<16].reduce(0) { $0 << 8 | UInt64($1) }
  }
}

extension Digest {
  /// −0 is as 0, nothing is as no number.
  fileprivate mutating func update(_ value: Double?) {
    update(value.map { ($0 + 0).bitPattern } ?? UInt64.max)
  }
}

extension ScoredText {
  /// The text, where it has any.
  var content: String? { text.flatMap { $0.isEmpty ? nil : $0 } }
}

/// The numbers of one text, from all lines that speak of it.
struct TakenText {
  /// A value of a statistic with the tokens of its own line: readers of a text need not cut it alike.
  struct Scored {
    var score: Double
    var tokens: Int
  }

  let key: WatermarkEvaluator.Key
  let id: String
  let source: String
  let words: WordStatistics?
  private(set) var tokens: Int
  private(set) var nats: Double?
  private(set) var seconds: Double?
  private(set) var detectionSeconds: Double?
  private(set) var costPerToken: Double?
  private(set) var statistics: [String: Scored] = [:]
  private var likelihoodTokens = -1
  private var hasPlainLine = false

  init(_ text: ScoredText) {
    key = WatermarkEvaluator.Key(text)
    id = text.id
    source = text.source
    words = text.content.map(WordStatistics.init)
    tokens = text.tokens
    add(text)
  }

  /// A statistic that a line of the same text would give again; empty for a second line without any.
  func repeated(by text: ScoredText) -> String? {
    text.statistics.isEmpty
      ? (hasPlainLine ? "" : nil)
      : text.statistics.keys.sorted().first { statistics[$0] != nil }
  }

  /// Adds a line. Of numbers that lines have in common, those of the line with most tokens count, then the
  /// larger, whatever the order of lines.
  mutating func add(_ text: ScoredText) {
    tokens = max(tokens, text.tokens)
    seconds = Self.larger(seconds, text.seconds)
    detectionSeconds = Self.larger(detectionSeconds, text.detectionSeconds)
    costPerToken = Self.larger(costPerToken, text.costPerToken)
    if text.tokens > 0, let likelihood = text.logLikelihood {
      let value = -likelihood / Double(text.tokens)
      if (text.tokens, -value) > (likelihoodTokens, -(nats ?? .infinity)) {
        (likelihoodTokens, nats) = (text.tokens, value)
      }
    }
    hasPlainLine = hasPlainLine || text.statistics.isEmpty
    for (name, score) in text.statistics {
      statistics[name] = Scored(score: score, tokens: text.tokens)
    }
  }

  private static func larger(_ a: Double?, _ b: Double?) -> Double? {
    guard let a, let b else { return a ?? b }
    return max(a, b)
  }
}
