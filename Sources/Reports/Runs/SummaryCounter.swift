import Detector
import Formats

/// Counts over a run's documents, from which the summary is made; its size has a limit that does not
/// depend on how many there are.
///
/// p-values are ranks among null documents, so that no more distinct ones exist than of those: counting
/// each of them gives the Benjamini-Hochberg decision exactly. Scores of labelled documents are kept, up to
/// ``labelledLimit`` over all structures.
package struct SummaryCounter {
  /// Scores of labelled documents that are kept, over all structures.
  package static let labelledLimit = 2_000_000
  /// The false discovery rate of `flagged_bh`.
  package static let discoveryRate = 0.05

  /// Documents by p-value.
  struct PValues {
    var counts: [Double: Int] = [:]
    var count = 0
    var flaggedCount = 0

    mutating func add(_ p: Double, isFlagged: Bool) {
      counts[p, default: 0] += 1
      count += 1
      if isFlagged { flaggedCount += 1 }
    }

    /// Documents that the Benjamini-Hochberg procedure rejects: all up to the largest p(k) ≤ k q / m.
    func discoveries(at rate: Double) -> Int {
      var rank = 0
      var found = 0
      for p in counts.keys.sorted() {
        rank += counts[p] ?? 0
        if p <= Double(rank) * rate / Double(count) { found = rank }
      }
      return found
    }
  }

  struct Structure {
    var scoredCount = 0
    var pValues = PValues()
    var zCounts = [Int](repeating: 0, count: 80)
    var positives: [Double] = []
    var negatives: [Double] = []
    var unkeptCount = 0
  }

  let rate: Double
  let names: [String]
  var structures: [Structure]
  var combined = PValues()
  var documentCount = 0
  /// Documents that are flagged, by all their structures together.
  package private(set) var flaggedCount = 0
  var tokens = TokenCounts()
  var limits: [String: Int] = [:]
  private var labelledCount = 0
  private let labelledLimit: Int

  package init(structures: [String], rate: Double, labelledLimit: Int = Self.labelledLimit) {
    names = structures
    self.rate = rate
    self.labelledLimit = labelledLimit
    self.structures = structures.map { _ in Structure() }
  }

  /// Counts one document.
  package mutating func add(_ record: DocumentRecord) {
    documentCount += 1
    tokens.add(record.tokens)
    if let limit = record.limit { limits[limit, default: 0] += 1 }
    if record.isFlagged(rate: rate) { flaggedCount += 1 }
    if let p = record.combinedP { combined.add(p, isFlagged: p <= rate) }
    let wanted = record.findings.count { record.labels[$0.structure] != nil }
    // All of a document's scores or none, and none after the first document without: otherwise areas
    // would be over other documents for one structure than for the next.
    if wanted > labelledLimit - labelledCount { labelledCount = labelledLimit }
    let keepsScores = wanted > 0 && labelledCount < labelledLimit
    if keepsScores { labelledCount += wanted }
    for (index, finding) in record.findings.enumerated() where index < structures.count {
      structures[index].scoredCount += 1
      if let p = finding.p { structures[index].pValues.add(p, isFlagged: finding.isFlagged) }
      if let z = finding.z { structures[index].zCounts[Self.bin(of: z)] += 1 }
      guard let label = record.labels[finding.structure] else { continue }
      if !keepsScores {
        structures[index].unkeptCount += 1
      } else if label {
        structures[index].positives.append(finding.score)
      } else {
        structures[index].negatives.append(finding.score)
      }
    }
  }

  /// Bins of 0.25 from −5 up to 15, the last one closed.
  private static func bin(of z: Double) -> Int {
    let place = ((z + 5) / 0.25).rounded(.down)
    return place >= 79 ? 79 : place > 0 ? Int(place) : 0
  }
}
