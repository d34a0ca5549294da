extension Scorer {
  /// What the detector says of a document at a false-alarm rate.
  ///
  /// A structure is flagged where its calibrated p is at most `rate`, above 0 and below 1, and the document
  /// where the combined p is; the one structure's where there are no others. Without kept
  /// tokens there are no findings, without a calibration for the document's length no p-values, and then
  /// nothing is flagged; ``Verdict/limit`` says why.
  ///
  /// - Parameter localises: Whether to give each token's part and each segment's score.
  /// - Precondition: As for ``score(_:)``.
  public func verdict(
    of document: DocumentCodes, rate: Double = Verdict.defaultRate, localises: Bool = true
  ) -> Verdict {
    precondition(rate > 0 && rate < 1, "rate must be above 0 and below 1")
    guard let scores = score(document) else {
      return Verdict(
        document: document.id, tokens: document.counts, findings: [], combinedP: nil, rate: rate,
        limit: .empty)
    }
    let (bucket, limit) = place(ofLength: document.counts.kept)
    let segments = localises ? segments(of: document) : []
    let contributions = localises ? contributions(in: document) : []
    let findings = detector.structures.indices.map { index in
      let null = bucket?.nulls[index]
      let p = null?.p(of: scores[index])
      return Verdict.Finding(
        structure: detector.structures[index].name, score: scores[index], p: p,
        threshold: null?.threshold(at: rate), isFlagged: p.map { $0 <= rate } ?? false,
        contributions: localises ? contributions[index] : nil,
        segments: segmentScores(of: index, in: document, segments))
    }
    let p = findings.compactMap(\.p)
    var combinedP: Double?
    if let combined = bucket?.combined, let calibration = detector.calibration {
      combinedP = combined.p(
        of: calibration.combinedStatistic(ofP: p, nullCount: combined.count))
    }
    return Verdict(
      document: document.id, tokens: document.counts, findings: findings, combinedP: combinedP,
      rate: rate, limit: limit)
  }

  /// The null documents of a length, or why there are none.
  private func place(ofLength length: Int) -> (bucket: Calibration.Bucket?, limit: Verdict.Limit?) {
    guard let calibration = detector.calibration else { return (nil, .notCalibrated) }
    if let index = calibration.bucket(ofLength: length) { return (calibration.buckets[index], nil) }
    let first = calibration.buckets.first?.lengths.lowerBound ?? 0
    return (nil, length < first ? .tooShort : .tooLong)
  }

  private func segmentScores(
    of structure: Int, in document: DocumentCodes, _ segments: [(tokens: [Int], scores: [Double?]?)]
  ) -> [Verdict.SegmentScore] {
    if case .dense = detector.structures[structure].readout { return [] }
    return segments.map { segment in
      Verdict.SegmentScore(
        segment: document.segments[segment.tokens[0]], firstToken: segment.tokens[0],
        tokenCount: segment.tokens.count, score: segment.scores?[structure])
    }
  }
}

extension Calibration {
  /// The statistic of a document's p-values that is ranked among `nullCount` null documents'.
  ///
  /// It is only ranked among null values of itself, so it matters that it is one falling function of every
  /// p, not how it is distributed.
  func combinedStatistic(ofP p: [Double], nullCount: Int) -> Double {
    let size = Double(nullCount + 1)
    let p = p.map { min($0, Double(nullCount) / size) }
    switch combination {
    case .smallest:
      // p is a whole number of 1/(N + 1) and its mean below 1: the mean decides between equal ones alone.
      let mean = p.reduce(0, +) / Double(max(p.count, 1))
      return -((p.min() ?? 1) * size).rounded() - mean
    case .stouffer:
      return p.reduce(0) { $0 + CalibratedZ.z(ofP: $1) }
    }
  }
}
