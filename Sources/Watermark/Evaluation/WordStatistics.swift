/// How varied the words of a text are.
///
/// Words are what white space separates, in lower case, with their punctuation. An n-gram is n words in
/// a row. Of a longer text the first ``wordLimit`` words are counted.
public struct WordStatistics: Sendable, Equatable {
  /// The most words that are counted.
  public static let wordLimit = 100_000

  /// Distinct n-grams over all n-grams, for n = 1, 2, 3; nil where the text has fewer than n words.
  public let distinct: [Double?]
  /// The share of 4-grams that occurred earlier in the text; nil with fewer than four words.
  public let repetition: Double?
  /// Whether words after the limit were left out.
  public let isCut: Bool

  /// Counts in `text`.
  public init(_ text: String) {
    var numbers: [String: UInt64] = [:]
    var words: [UInt64] = []
    var rest = text[...]
    while words.count < Self.wordLimit {
      rest = rest.drop { $0.isWhitespace }
      guard !rest.isEmpty else { break }
      let word = rest.prefix { !$0.isWhitespace }
      rest = rest[word.endIndex...]
      let name = word.lowercased()
      let number = numbers[name] ?? UInt64(numbers.count)
      numbers[name] = number
      words.append(number)
    }
    isCut = rest.contains { !$0.isWhitespace }
    distinct = (1...3).map { Self.distinctShare($0, in: words) }
    repetition = Self.distinctShare(4, in: words).map { 1 - $0 }
  }

  /// An n-gram is held as 64 bits: up to three words exactly, as each number has at most 17 bits; four are
  /// hashed, and two of 100,000 different ones meet with probability 3e-10.
  private static func distinctShare(_ n: Int, in words: [UInt64]) -> Double? {
    guard words.count >= n else { return nil }
    let count = words.count - n + 1
    var seen = Set<UInt64>(minimumCapacity: count)
    for start in 0..<count {
      var gram: UInt64 = 0
      for place in 0..<min(n, 3) { gram = gram << 17 | words[start + place] }
      if n == 4 { gram = mixed(mixed(gram) &+ words[start + 3]) }
      seen.insert(gram)
    }
    return Double(seen.count) / Double(count)
  }

  /// A bijection of 64 bits whose output bits depend on all input bits.
  ///
  /// Source: Steele, Lea and Flood, OOPSLA 2014, the finaliser of SplitMix64 (Stafford's mix 13).
  private static func mixed(_ value: UInt64) -> UInt64 {
    var value = value &+ 0x9E37_79B9_7F4A_7C15
    value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
    return value ^ (value >> 31)
  }
}
