/// What a calibration keeps of a null document.
package struct NullDocument: Sendable {
  /// Who it is.
  package var identity: DocumentIdentity
  /// Kept tokens.
  package var length: Int
  /// `[structures]`.
  package var scores: [Double]
  /// `[blocks][structures]`.
  package var blocks: [[Double]]

  /// A null document.
  package init(
    identity: DocumentIdentity, length: Int, scores: [Double], blocks: [[Double]]
  ) {
    self.identity = identity
    self.length = length
    self.scores = scores
    self.blocks = blocks
  }
}

extension Calibration {
  /// Makes a calibration of null documents that are scored already.
  ///
  /// - Parameters:
  ///   - samples: Documents with a kept token, in any order; each with `structureCount` scores.
  ///   - record: Who they are, with those that have no kept token.
  /// - Throws: `field` for options out of range, `tooFew` for fewer documents than one bucket needs,
  ///   `nonFinite` for a score.
  package init(
    _ samples: [NullDocument], structureCount: Int, record: SplitRecord,
    options: CalibrationOptions
  ) throws(DetectionError) {
    try options.check()
    guard samples.count >= options.minimumPerBucket else {
      throw DetectionError(
        .tooFew(
          what: "null documents with kept tokens", found: samples.count,
          needed: options.minimumPerBucket))
    }
    let samples = samples.sorted { $0.identity < $1.identity }
    let ranges = LengthBuckets.ranges(
      ofSorted: samples.map(\.length).sorted(), minimum: options.minimumPerBucket,
      maximum: options.maximumBuckets)
    let members = ranges.map { range in samples.filter { range.contains($0.length) } }
    self.init(
      combination: options.combination, buckets: [],
      correlation: Self.correlation(of: members, count: structureCount), record: record,
      sequential: nil)
    for (range, members) in zip(ranges, members) {
      let nulls = try (0..<structureCount).map { index throws(DetectionError) in
        try NullSample(members.map { $0.scores[index] })
      }
      buckets.append(
        Bucket(lengths: range, nulls: nulls, combined: try combined(members, nulls: nulls)))
    }
    sequential = try SequentialCalibration(
      samples, structures: structureCount, options: options)
  }

  /// Null values of the combined statistic; nil for one structure.
  ///
  /// Each document is ranked in the sample that holds it: p = #{null ≥ score}/(N + 1), itself counted,
  /// which is the rule that a new document meets, whose own score counts as one of N + 1. A null document
  /// that scores no higher than the new one would have a rank more with it: left as it is, its p is at most
  /// that much too small, so the new document's combined p is never too small.
  private func combined(
    _ members: [NullDocument], nulls: [NullSample]
  ) throws(DetectionError) -> NullSample? {
    guard nulls.count > 1 else { return nil }
    let size = Double(members.count + 1)
    return try NullSample(
      members.map { member in
        let p = nulls.indices.map { index in
          // Over N + 1 as a new document's, so that equal ranks are equal numbers.
          let rank = (nulls[index].p(of: member.scores[index]) * size).rounded() - 1
          return rank / size
        }
        return combinedStatistic(ofP: p, nullCount: members.count)
      })
  }

  /// Pearson correlation of the normal scores Φ⁻¹(rank/(N + 1)) of mid-ranks within each bucket,
  /// `[structures, structures]`: what length does to scores is no correlation between structures.
  ///
  /// Structures whose null scores are all equal are uncorrelated with every other.
  private static func correlation(of buckets: [[NullDocument]], count: Int) -> [Double] {
    guard count > 1 else { return [1] }
    let columns = (0..<count).map { index in
      buckets.flatMap { members in NormalScores.of(members.map { $0.scores[index] }) }
    }
    var result = [Double](repeating: 0, count: count * count)
    for row in 0..<count {
      result[row * count + row] = 1
      for column in 0..<row {
        let value = NormalScores.correlation(columns[row], columns[column])
        result[row * count + column] = value
        result[column * count + row] = value
      }
    }
    return result
  }
}
