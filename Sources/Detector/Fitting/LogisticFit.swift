/// A logistic probe on a few standardised pooled features (SAE-Probes, arXiv:2502.16681; SAEBench).
package struct LogisticFit: Sendable {
  /// Most features per structure.
  package var featureCount = 16
  /// Fewest documents that a feature must fire in to be looked at.
  package var minimumTexts = 5
  /// C: the inverse of the L2 penalty's strength.
  package var inverseStrength = 1.0

  package init() {}

  /// The probe's log-odds: intercept + Σ w (p − c)/s.
  ///
  /// - Parameter pairs: All labelled documents as contrast pairs, by whose differences features are then
  ///   ranked; nil ranks by the classes' means.
  /// - Throws: `tooFew` where no feature fires in enough documents and differs between the classes.
  package func readout(
    _ name: String, _ rows: LabelledRows, pairs: [ContrastPairs.Pair]? = nil,
    _ pooled: PooledDocuments
  ) throws(DetectionError) -> LinearReadout {
    let best =
      if let pairs {
        FeatureRanking.best(featureCount, ofPairs: pairs, in: pooled, minimumTexts: minimumTexts)
      } else {
        FeatureRanking.best(featureCount, of: rows, in: pooled, minimumTexts: minimumTexts)
      }
    let units = best.map(\.unit).sorted()
    guard !units.isEmpty else {
      throw DetectionError(
        .tooFew(what: "features that tell '\(name)' apart", found: 0, needed: 1))
    }
    var values = pooled.values(of: units, rows: rows.all)
    let scaling = Standardisation(values, width: units.count)
    scaling.apply(to: &values)
    let fit = try LogisticRegression(
      rows: values, width: units.count, labels: rows.labels, inverseStrength: inverseStrength)
    let terms = units.indices.map { index in
      LinearReadout.Term(
        feature: PooledDocuments.feature(units[index]),
        reading: PooledDocuments.reading(units[index]), weight: fit.weights[index],
        centre: scaling.centre[index], scale: scaling.scale[index])
    }
    return LinearReadout(terms: terms, intercept: fit.intercept)
  }
}

/// A logistic probe on the mean residual row: what features have to be compared with.
package struct DenseFit: Sendable {
  /// C: the inverse of the L2 penalty's strength, on standardised columns.
  package var inverseStrength = 0.01

  package init() {}

  /// The probe's log-odds, standardisation folded into weights and intercept.
  ///
  /// - Throws: `unsupported` where a document has no mean row, `count` where rows differ in width.
  package func readout(
    _ rows: LabelledRows, in corpus: Corpus<Selection>
  ) throws(DetectionError) -> DenseReadout {
    var values: [Double] = []
    var width: Int?
    for row in rows.all {
      let document = corpus.documents[row]
      guard let mean = document.denseMean else {
        throw DetectionError(
          .unsupported(
            what: "a dense probe on document '\(document.id)' without rows",
            expected: "rows, not codes"))
      }
      guard mean.count == width ?? mean.count else {
        throw DetectionError(
          .count(
            of: "columns of document '\(document.id)'", found: mean.count, expected: width ?? 0))
      }
      width = mean.count
      values.append(contentsOf: mean.map(Double.init))
    }
    let columns = width ?? 0
    let scaling = Standardisation(values, width: columns)
    scaling.apply(to: &values)
    let fit = try LogisticRegression(
      rows: values, width: columns, labels: rows.labels, inverseStrength: inverseStrength)
    var weights = fit.weights
    var intercept = fit.intercept
    for column in 0..<columns {
      weights[column] /= scaling.scale[column]
      intercept -= weights[column] * scaling.centre[column]
    }
    return DenseReadout(weights: weights, intercept: intercept)
  }
}

/// One feature: given, or the one that tells the classes apart best.
package struct FeatureFit: Sendable {
  /// The feature; nil chooses by ``FeatureRanking``.
  package var feature: Int?
  /// Fewest documents that a feature must fire in to be looked at.
  package var minimumTexts = 5

  package init(feature: Int? = nil) { self.feature = feature }

  /// The pooled activation, with a minus sign where it is larger without the structure.
  package func readout(
    _ name: String, _ rows: LabelledRows, _ pooled: PooledDocuments
  ) throws(DetectionError) -> LinearReadout {
    if let feature { return try Self.readout(of: feature, featureCount: pooled.featureCount) }
    let best = FeatureRanking.best(1, of: rows, in: pooled, minimumTexts: minimumTexts)
    guard let entry = best.first else {
      throw DetectionError(
        .tooFew(what: "features that tell '\(name)' apart", found: 0, needed: 1))
    }
    return LinearReadout(terms: [
      LinearReadout.Term(
        feature: PooledDocuments.feature(entry.unit),
        reading: PooledDocuments.reading(entry.unit), weight: entry.effect < 0 ? -1 : 1)
    ])
  }

  /// The pooled activation of `feature` itself.
  package static func readout(
    of feature: Int, featureCount: Int
  ) throws(DetectionError) -> LinearReadout {
    guard (0..<featureCount).contains(feature) else {
      throw DetectionError(.featureOutOfRange(found: feature, count: featureCount))
    }
    return LinearReadout(terms: [LinearReadout.Term(feature: feature)])
  }
}
