/// Chooses a structure's features from contrast pairs.
///
/// Whether a feature speaks for the structure or against it is measured, never taken from its name: it
/// speaks for it where it fires in more texts with than without. The evidence of a feature that speaks
/// against it counts the texts without the structure as those it stands for, and unless weights are
/// fitted, its weight is negative.
package struct BankFit: Sendable {
  /// Most features per structure.
  package var featureCount = 5
  /// Fewest texts that a feature must fire in to be looked at.
  package var minimumTexts = 5
  /// Features whose |mean paired difference| is below this share of all candidates' are left out.
  package var quantile = 0.75
  /// How features are weighted.
  package var weighting = BankWeighting.logistic
  /// C of fitted weights: the inverse of the L2 penalty's strength.
  package var inverseStrength = 0.01

  package init() {}

  /// One feature as a candidate.
  private struct Candidate {
    var unit: Int
    var difference: Double
    var isFor: Bool
    var evidence: LinearReadout.Evidence
  }

  /// The readout of a structure: b + Σ w (p − c)/s, with c and s the mean and standard deviation of the
  /// pooled reading over all texts of its pairs; b is 0 unless weights are fitted.
  ///
  /// Order of choice: FRC, then |mean paired difference|, then the lower index.
  ///
  /// - Throws: `tooFew` where no feature fires in enough texts and differs between the sides.
  package func readout(
    _ name: String, _ pairs: [ContrastPairs.Pair], _ pooled: PooledDocuments
  ) throws(DetectionError) -> LinearReadout {
    let chosen = PooledDocuments.distinct(
      candidates(pairs, pooled), \.unit, count: featureCount
    ).sorted { $0.unit < $1.unit }
    guard !chosen.isEmpty else {
      throw DetectionError(
        .tooFew(what: "features that tell '\(name)' apart", found: 0, needed: 1))
    }
    let units = chosen.map(\.unit)
    var values = pooled.values(of: units, rows: pairs.map(\.present) + pairs.map(\.absent))
    let scaling = Standardisation(values, width: units.count)
    var weights = chosen.map { candidate in
      let size = weighting == .equal ? 1 : candidate.evidence.confidence
      return candidate.isFor ? size : -size
    }
    var intercept = 0.0
    if weighting == .logistic {
      scaling.apply(to: &values)
      let fit = try LogisticRegression(
        rows: values, width: units.count,
        labels: pairs.map { _ in true } + pairs.map { _ in false },
        inverseStrength: inverseStrength)
      (weights, intercept) = (fit.weights, fit.intercept)
    }
    let terms = chosen.indices.map { index in
      let candidate = chosen[index]
      return LinearReadout.Term(
        feature: PooledDocuments.feature(candidate.unit),
        reading: PooledDocuments.reading(candidate.unit), weight: weights[index],
        centre: scaling.centre[index], scale: scaling.scale[index], evidence: candidate.evidence)
    }
    return LinearReadout(terms: terms, intercept: intercept)
  }

  /// Features that pass both filters, best first.
  private func candidates(
    _ pairs: [ContrastPairs.Pair], _ pooled: PooledDocuments
  ) -> [Candidate] {
    let with = pooled.moments(of: pairs.map(\.present))
    let without = pooled.moments(of: pairs.map(\.absent))
    var differences: [(unit: Int, difference: Double)] = []
    for unit in 0..<pooled.unitCount
    where with.firing[unit] + without.firing[unit] >= max(minimumTexts, 1) {
      differences.append((unit, with.mean[unit] - without.mean[unit]))
    }
    let limit = Self.quantile(differences.map { abs($0.difference) }, quantile)
    differences.removeAll { $0.difference == 0 || abs($0.difference) < limit }
    let tables = Self.tables(of: differences.map(\.unit), pairs, pooled)
    var found: [Candidate] = []
    for (entry, table) in zip(differences, tables) {
      let isFor =
        table.present == table.absent ? entry.difference > 0 : table.present > table.absent
      let evidence = (isFor ? table : table.reversed).evidence()
      guard evidence.confidence > 0 else { continue }
      found.append(
        Candidate(
          unit: entry.unit, difference: entry.difference, isFor: isFor, evidence: evidence))
    }
    return found.sorted {
      ($1.evidence.confidence, abs($1.difference), $0.unit)
        < ($0.evidence.confidence, abs($0.difference), $1.unit)
    }
  }

  /// Counts of firing per pair, of each of `units`.
  private static func tables(
    of units: [Int], _ pairs: [ContrastPairs.Pair], _ pooled: PooledDocuments
  ) -> [PairTable] {
    var columns = [Int](repeating: -1, count: pooled.unitCount)
    for (column, unit) in units.enumerated() { columns[unit] = column }
    var tables = [PairTable](repeating: PairTable(neither: pairs.count), count: units.count)
    for pair in pairs {
      for position in pooled.range(pair.present) {
        let column = columns[Int(pooled.units[position])]
        guard column >= 0 else { continue }
        tables[column].present += 1
        tables[column].neither -= 1
      }
      let present = Set(pooled.units[pooled.range(pair.present)])
      for position in pooled.range(pair.absent) {
        let column = columns[Int(pooled.units[position])]
        guard column >= 0 else { continue }
        if present.contains(pooled.units[position]) {
          tables[column].both += 1
          tables[column].present -= 1
        } else {
          tables[column].absent += 1
          tables[column].neither -= 1
        }
      }
    }
    return tables
  }

  /// The `share` quantile by linear interpolation between order statistics; 0 of nothing.
  package static func quantile(_ values: [Double], _ share: Double) -> Double {
    guard let last = values.indices.last else { return 0 }
    let sorted = values.sorted()
    let place = share * Double(last)
    let low = min(Int(place), last)
    let high = min(low + 1, last)
    return sorted[low] + (sorted[high] - sorted[low]) * (place - Double(low))
  }
}
