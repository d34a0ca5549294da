import Detector
import Steering

/// Stouffer's sum of the chosen entries' standardised scores: T = Σ sᵢ (xᵢ − μᵢ)/σᵢ / √(s′Rs).
///
/// μ and σ are an entry's mean and deviation over the null documents, R the correlation of the entries there.
/// A new document meets those of all null documents. A null document is measured by those of all the others
/// as well, or it would draw mean and deviation towards itself, rank below new text that is just as far out,
/// and make small p too small; see ``KeyedStatistic/documents(withBlocks:)``.
package struct KeyedStatistic {
  /// Least s′Rs, as a share of the number of entries: below, T would be made of rounding errors.
  static let leastVariance = 1e-9

  let selection: MarkSelection
  /// From all null documents.
  let weights: KeyedWeights
  private let nulls: NullScores
  /// Σ (x − μ)(x − μ)′ of the chosen entries over all null documents, `[chosen, chosen]`.
  private let scatter: [Double]

  /// sᵢ / (σᵢ √(s′Rs)), `[chosen]`.
  var factors: [Double] { weights.factors }
  /// μᵢ, `[chosen]`.
  var means: [Double] { weights.means }

  /// - Throws: `invalidArgument` when the chosen entries cancel one another.
  package init(_ selection: MarkSelection, _ nulls: NullScores) throws(SteeringError) {
    try selection.check(among: nulls.entryCount)
    self.selection = selection
    self.nulls = nulls
    let moments = KeyedMoments(selection.entries, nulls, without: nil)
    scatter = moments.scatter
    weights = try KeyedWeights(
      selection.signs, means: selection.entries.map { nulls.means[$0] }, scatter: scatter,
      count: nulls.documentCount)
  }

  /// T of a document's scores, `[entries]`.
  package func value(of scores: [Double]) -> Double {
    var sum = 0.0
    for (place, entry) in selection.entries.enumerated() {
      sum += factors[place] * (scores[entry] - means[place])
    }
    return sum
  }

  /// T of every null document and of its blocks.
  ///
  /// The larger of two: T by the moments of all **other** null documents, which is what a new document that
  /// ranks among the null ones amounts to, and T by those of all, which is what a new document with the same
  /// scores would get, so that whoever ties with a null document ranks no higher. The first are rank-one
  /// updates of the covariance: O(m²) per document.
  ///
  /// - Throws: `invalidArgument` when the chosen entries cancel one another once a document is left out.
  package func documents(withBlocks: Bool) throws(SteeringError) -> [NullDocument] {
    var block = 0
    var result: [NullDocument] = []
    result.reserveCapacity(nulls.documentCount)
    for row in 0..<nulls.documentCount {
      let others = try weights(without: row)
      let blocks = block..<block + nulls.blockCounts[row]
      block = blocks.upperBound
      result.append(
        NullDocument(
          identity: nulls.identities[row], length: nulls.lengths[row],
          scores: [value(of: row, in: nulls.scores, others)],
          blocks: withBlocks ? blocks.map { [value(of: $0, in: nulls.blocks, others)] } : []))
    }
    return result
  }

  /// T of all null blocks, each by the moments of the documents that it is not of; empty where there are
  /// none.
  func blockValues() throws(SteeringError) -> [Double] {
    guard !nulls.blocks.isEmpty else { return [] }
    return try documents(withBlocks: true).flatMap { $0.blocks.map { $0[0] } }
  }

  /// The calibration of T, with that of streams only where it is asked for.
  func calibration(
    _ options: CalibrationOptions, withBlocks: Bool
  ) throws(SteeringError) -> Calibration {
    var options = options
    options.blockLength = nulls.blockLength
    let documents = try documents(withBlocks: withBlocks)
    return try SteeringError.rendering { () throws(DetectionError) in
      try Calibration(
        documents, structureCount: 1, record: SplitRecord(nulls.identities), options: options)
    }
  }

  /// The larger T of row `row` of null scores.
  private func value(of row: Int, in scores: [Float], _ others: KeyedWeights) -> Double {
    let first = row * nulls.entryCount
    let chosen = selection.entries.map { Double(scores[first + $0]) }
    return max(weights.leastValue(of: chosen), others.leastValue(of: chosen))
  }

  /// Moments of all null documents but one.
  ///
  /// With d = x − μ of the document: μ₋ = μ − d/(N − 1), and the scatter loses d d′ N/(N − 1). A document that
  /// makes nearly all of it would leave rounding errors: then the others are summed up anew.
  private func weights(without row: Int) throws(SteeringError) -> KeyedWeights {
    let count = Double(nulls.documentCount)
    let size = selection.entries.count
    let deviation = selection.entries.enumerated().map { place, entry in
      Double(nulls.scores[row * nulls.entryCount + entry]) - means[place]
    }
    var reduced = scatter
    var isStable = true
    for one in 0..<size {
      for other in 0..<size {
        reduced[one * size + other] -= deviation[one] * deviation[other] * count / (count - 1)
      }
      if reduced[one * size + one] < KeyedMoments.leastShare * scatter[one * size + one] {
        isStable = false
      }
    }
    guard isStable else {
      let moments = KeyedMoments(selection.entries, nulls, without: row)
      return try KeyedWeights(
        selection.signs, means: moments.means, scatter: moments.scatter,
        count: nulls.documentCount - 1)
    }
    return try KeyedWeights(
      selection.signs, means: zip(means, deviation).map { $0 - $1 / (count - 1) },
      scatter: reduced, count: nulls.documentCount - 1)
  }
}
