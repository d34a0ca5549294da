/// Scores documents by one detector.
///
/// Every sum is f64 in token order; nothing depends on what was scored before. Pooling reads kept tokens
/// alone. One thread at a time: the scorer keeps its memory from document to document.
public final class Scorer {
  /// The detector that scores.
  public let detector: FittedDetector

  let plan: LinearPlan
  var pools: LinearPools
  /// For profiles and subspaces; as large as the dictionary.
  private let featurePools: FeaturePools?

  /// A scorer of a detector whose numbers are checked here.
  ///
  /// - Throws: `field`, `count`, `nonFinite` or `featureOutOfRange`, naming the place in the detector.
  package init(_ detector: FittedDetector) throws(DetectionError) {
    try detector.check()
    self.detector = detector
    plan = LinearPlan(detector.structures)
    pools = LinearPools(plan)
    let needsAll = detector.structures.contains { structure in
      switch structure.readout {
      case .profile, .subspace: true
      case .linear, .dense: false
      }
    }
    featurePools =
      needsAll ? FeaturePools(featureCount: detector.dictionary.featureCount) : nil
  }

  /// Whether documents need their mean row: ``DocumentCodes/denseMean``.
  public var needsDenseMean: Bool { detector.needsDenseMean }

  /// Refuses a document that this detector cannot score.
  ///
  /// - Throws: `count` for one of another dictionary, `unsupported` for one without its mean row where a
  ///   readout needs it, `nonFinite` for a bad mean row.
  package func check(_ document: DocumentCodes) throws(DetectionError) {
    let expected = detector.dictionary.featureCount
    guard document.featureCount == expected else {
      throw DetectionError(
        .count(
          of: "features of document '\(document.id)'", found: document.featureCount,
          expected: expected))
    }
    guard needsDenseMean, document.counts.kept > 0 else { return }
    guard let mean = document.denseMean else {
      throw DetectionError(
        .unsupported(
          what: "document '\(document.id)' without its mean row",
          expected: "rows, not codes, for a dense readout"))
    }
    guard mean.count == detector.dictionary.modelWidth else {
      throw DetectionError(
        .count(
          of: "mean row of document '\(document.id)'", found: mean.count,
          expected: detector.dictionary.modelWidth))
    }
    guard mean.allSatisfy(\.isFinite) else {
      throw DetectionError(.nonFinite(what: "mean row of document '\(document.id)'"))
    }
  }

  /// The score of each structure, `[structures]`; nil where no token is kept.
  ///
  /// - Precondition: The document is of the detector's dictionary, and has its mean row where
  ///   ``needsDenseMean``.
  public func score(_ document: DocumentCodes) -> [Double]? {
    guard let scores = scores(of: document, tokens: 0..<document.tokenCount) else { return nil }
    return detector.structures.indices.map { index in
      if let score = scores[index] { return score }
      guard case .dense(let readout) = detector.structures[index].readout,
        let mean = document.denseMean, mean.count == readout.weights.count
      else { preconditionFailure("a dense readout needs the document's mean row") }
      return readout.score(mean)
    }
  }

  /// Scores by the kept ones among `tokens` alone; nil for a dense readout, and for all where none is
  /// kept.
  func scores(of document: DocumentCodes, tokens: some Collection<Int>) -> [Double?]? {
    precondition(
      document.featureCount == detector.dictionary.featureCount,
      "a document of another dictionary")
    pools.reset()
    for token in tokens where document.uses[token] == .kept {
      pools.add(token: token, of: document)
    }
    guard pools.tokenCount > 0 else { return nil }
    return detector.structures.indices.map { index in
      let structure = detector.structures[index]
      switch structure.readout {
      case .linear: return pools.score(structure: index)
      case .profile(let readout):
        featurePools?.pool(document, tokens: tokens, by: structure.pooling)
        return featurePools.map(readout.score)
      case .subspace(let readout):
        featurePools?.pool(document, tokens: tokens, by: structure.pooling)
        return featurePools.map(readout.score)
      case .dense: return nil
      }
    }
  }

  /// Scores of the document's blocks of `length` kept tokens, `[blocks][structures]`; what is left at the
  /// end makes no block. For detectors whose readouts are all linear.
  package func blockScores(of document: DocumentCodes, length: Int) -> [[Double]] {
    var blocks: [[Double]] = []
    pools.reset()
    for token in 0..<document.tokenCount where document.uses[token] == .kept {
      pools.add(token: token, of: document)
      guard pools.tokenCount == length else { continue }
      blocks.append(detector.structures.indices.map { pools.score(structure: $0) ?? 0 })
      pools.reset()
    }
    return blocks
  }
}

extension FittedDetector {
  /// Whether some readout scores the mean residual row instead of features.
  public var needsDenseMean: Bool {
    structures.contains { structure in
      if case .dense = structure.readout { true } else { false }
    }
  }

  /// The first structure that cannot be scored token by token; nil where all can.
  package var unstreamable: Structure? {
    structures.first { structure in
      if case .linear = structure.readout { false } else { true }
    }
  }
}
