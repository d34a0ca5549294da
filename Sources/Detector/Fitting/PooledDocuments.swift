/// Pooled readings of many documents, sparse: what fired in each, and how much.
///
/// A feature is read from two sides: unit 2f pools max(f, 0), unit 2f + 1 pools max(−f, 0), which only
/// signed dictionaries have. Where sides are joined, unit 2f pools |f|. Document i's units are
/// `units[offsets[i]..<offsets[i + 1]]`, ascending, with as many values, all above 0.
package struct PooledDocuments: Sendable {
  package let featureCount: Int
  package private(set) var offsets: [Int] = [0]
  package private(set) var units: [Int32] = []
  package private(set) var values: [Double] = []

  /// Pools every document.
  ///
  /// - Throws: `featureOutOfRange`, `count` where a document has another dictionary's features,
  ///   `nonFinite`, and `tooFew` for a document without a kept token: it says nothing of its text.
  package init(
    _ documents: [DocumentCodes], featureCount: Int, pooling: Pooling, joinsSides: Bool = false
  ) throws(DetectionError) {
    self.featureCount = featureCount
    // Before anything is as large as the dictionary says that it is.
    for document in documents where document.featureCount != featureCount {
      throw DetectionError(
        .count(
          of: "features of document '\(document.id)'", found: document.featureCount,
          expected: featureCount))
    }
    guard featureCount <= FittedDetector.featureLimit else {
      throw DetectionError(
        .field(
          name: "dictionary.featureCount", found: "\(featureCount)",
          expected: "1 to \(FittedDetector.featureLimit)"))
    }
    var sums = [Double](repeating: 0, count: 2 * featureCount)
    var touched: [Int32] = []
    for document in documents {
      let kept = document.counts.kept
      guard kept > 0 else {
        throw DetectionError(
          .tooFew(what: "kept tokens of document '\(document.id)'", found: 0, needed: 1))
      }
      let last = document.uses.lastIndex(of: .kept) ?? 0
      let start = pooling == .last ? document.offsets[last] : 0
      for position in start..<document.features.count {
        let feature = document.features[position]
        let value = document.values[position]
        guard feature >= 0, feature < featureCount else {
          throw DetectionError(.featureOutOfRange(found: Int(feature), count: featureCount))
        }
        guard value.isFinite else {
          throw DetectionError(.nonFinite(what: "an activation of document '\(document.id)'"))
        }
        guard value != 0 else { continue }
        let unit = 2 * Int(feature) + (value < 0 && !joinsSides ? 1 : 0)
        if sums[unit] == 0 { touched.append(Int32(unit)) }
        let reading = Double(abs(value))
        switch pooling {
        case .maximum, .last: sums[unit] = max(sums[unit], reading)
        case .mean: sums[unit] += reading
        case .rate: sums[unit] += 1
        }
      }
      touched.sort()
      let divisor = pooling == .mean || pooling == .rate ? Double(kept) : 1
      for unit in touched {
        units.append(unit)
        values.append(sums[Int(unit)] / divisor)
        sums[Int(unit)] = 0
      }
      touched.removeAll(keepingCapacity: true)
      offsets.append(units.count)
    }
  }

  /// Number of documents.
  package var count: Int { offsets.count - 1 }

  /// Number of units.
  package var unitCount: Int { 2 * featureCount }

  /// Where document `row`'s units are.
  package func range(_ row: Int) -> Range<Int> { offsets[row]..<offsets[row + 1] }

  /// The feature that a unit reads.
  package static func feature(_ unit: Int) -> Int { unit / 2 }

  /// The side that a unit reads.
  package static func reading(_ unit: Int) -> Reading {
    unit.isMultiple(of: 2) ? .positive : .negative
  }

  /// The first `count` of `units` that read different features, in their order.
  ///
  /// A readout reads a feature from one side only.
  package static func distinct<Element>(
    _ units: [Element], _ unit: (Element) -> Int, count: Int
  ) -> [Element] {
    var taken: Set<Int> = []
    var out: [Element] = []
    for element in units where out.count < count {
      if taken.insert(feature(unit(element))).inserted { out.append(element) }
    }
    return out
  }

  /// Values of `units` (ascending) in `rows`, zeros included: `[rows, units]` row-major.
  package func values(of units: [Int], rows: [Int]) -> [Double] {
    var columns = [Int: Int](minimumCapacity: units.count)
    for (column, unit) in units.enumerated() { columns[unit] = column }
    var out = [Double](repeating: 0, count: rows.count * units.count)
    for (index, row) in rows.enumerated() {
      for position in range(row) {
        guard let column = columns[Int(self.units[position])] else { continue }
        out[index * units.count + column] = values[position]
      }
    }
    return out
  }

  /// Counts, means and squared deviations of all units over `rows`.
  package func moments(of rows: [Int]) -> UnitMoments { UnitMoments(self, rows) }
}

/// How every unit behaves over some documents, `[units]` each.
package struct UnitMoments: Sendable {
  /// Documents that were counted.
  package let count: Int
  /// In how many the unit fires.
  package private(set) var firing: [Int]
  /// Mean pooled reading, zeros included.
  package private(set) var mean: [Double]
  /// Σ (p − mean)², zeros included.
  package private(set) var deviation: [Double]

  init(_ pooled: PooledDocuments, _ rows: [Int]) {
    count = rows.count
    firing = Array(repeating: 0, count: pooled.unitCount)
    mean = Array(repeating: 0, count: pooled.unitCount)
    deviation = mean
    for row in rows {
      for position in pooled.range(row) {
        let unit = Int(pooled.units[position])
        firing[unit] += 1
        mean[unit] += pooled.values[position]
      }
    }
    guard count > 0 else { return }
    for unit in mean.indices { mean[unit] /= Double(count) }
    // Two passes: sums of squares would cancel where a reading hardly varies.
    for row in rows {
      for position in pooled.range(row) {
        let unit = Int(pooled.units[position])
        let difference = pooled.values[position] - mean[unit]
        deviation[unit] += difference * difference
      }
    }
    for unit in mean.indices {
      deviation[unit] += Double(count - firing[unit]) * mean[unit] * mean[unit]
    }
  }
}
