/// Chooses the documents whose tokens a page shows, from a stream, in memory of its own size.
///
/// Half of the places go to the highest documents of each structure, a quarter to those nearest to each
/// structure's threshold, the rest to documents by chance: the smallest hashes of their names, so that the
/// choice is the same in every run and on every machine.
struct PageSample {
  /// Why a document is shown.
  enum Reason: Int, Comparable {
    case highest = 0
    case borderline = 1
    case random = 2

    static func < (one: Reason, other: Reason) -> Bool { one.rawValue < other.rawValue }
  }

  /// A document that is shown.
  struct Choice: Equatable {
    /// Its place among all documents.
    var index: Int
    /// Where its line stands in the file.
    var range: Range<Int>
    var reason: Reason
  }

  private let limit: Int
  private let criticalZ: Double
  /// By z, and by score for a structure without any z: the two scales are not compared.
  private var highest: [SmallestKeys]
  private var highestScores: [SmallestKeys]
  private var hasZ: [Bool]
  private var borderline: [SmallestKeys]
  private var random: SmallestKeys

  /// A sample of `limit` documents; `criticalZ` is the z that flags.
  init(limit: Int, structureCount: Int, criticalZ: Double) {
    self.limit = limit
    self.criticalZ = criticalZ
    let each = max(1, structureCount)
    let half = SmallestKeys(limit: min(limit, (limit + 2 * each - 1) / (2 * each)))
    let quarter = SmallestKeys(limit: min(limit, (limit + 4 * each - 1) / (4 * each)))
    highest = Array(repeating: half, count: structureCount)
    highestScores = highest
    hasZ = Array(repeating: false, count: structureCount)
    borderline = Array(repeating: quarter, count: structureCount)
    random = SmallestKeys(limit: limit)
  }

  /// Considers a document; one without tokens' text cannot be shown.
  mutating func add(_ line: VerdictLine, index: Int, range: Range<Int>) {
    for finding in line.findings where finding.z != nil { hasZ[finding.structure] = true }
    guard line.pieces != nil else { return }
    for finding in line.findings {
      if let z = finding.z {
        highest[finding.structure].offer(-z, index, range)
        borderline[finding.structure].offer(abs(z - criticalZ), index, range)
      } else if !hasZ[finding.structure] {
        highestScores[finding.structure].offer(-finding.score, index, range)
      }
    }
    random.offer(Double(Self.hash(line.document) >> 11), index, range)
  }

  /// The choice, in the documents' order.
  func choices() -> [Choice] {
    var chosen: [Int: Choice] = [:]
    func take(_ lists: [[SmallestKeys.Entry]], _ reason: Reason) {
      for rank in 0..<(lists.map(\.count).max() ?? 0) {
        for list in lists where rank < list.count && chosen.count < limit {
          let entry = list[rank]
          guard chosen[entry.index] == nil else { continue }
          chosen[entry.index] = Choice(index: entry.index, range: entry.range, reason: reason)
        }
      }
    }
    take(hasZ.indices.map { (hasZ[$0] ? highest[$0] : highestScores[$0]).sorted() }, .highest)
    take(borderline.map { $0.sorted() }, .borderline)
    take([random.sorted()], .random)
    return chosen.values.sorted { $0.index < $1.index }
  }

  /// FNV-1a over the name, then a finaliser, since FNV mixes the last bytes little.
  private static func hash(_ name: String) -> UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
    hash = (hash ^ (hash >> 30)) &* 0xBF58_476D_1CE4_E5B9
    hash = (hash ^ (hash >> 27)) &* 0x94D0_49BB_1331_11EB
    return hash ^ (hash >> 31)
  }
}
