import SAE

extension SparseDictionary {
  /// The features whose decoder rows point most nearly where `direction`, `[outputWidth]`, does.
  ///
  /// The largest cosine first; features with a row of zeros are left out, and a direction of zeros has no
  /// neighbours.
  ///
  /// - Throws: `shapeMismatch`; `nonFinite` for a weight.
  /// - Complexity: O(featureCount · outputWidth).
  public func nearestFeatures(
    to direction: [Float], count: Int = 5
  ) throws(SteeringError) -> [FeatureReport.Neighbour] {
    precondition(count >= 0, "count must not be negative")
    guard direction.count == outputWidth else {
      throw SteeringError(
        .shapeMismatch,
        "the direction has width \(direction.count), expected \(outputWidth) from the dictionary")
    }
    try SteeringError.rendering(for: self) { () throws(DictionaryError) in
      try checkOutputWeights()
    }
    let cosines = FeatureReport.cosines(direction, self)
    return Array(
      cosines.sorted { ($1.cosine, $0.feature) < ($0.cosine, $1.feature) }.prefix(count))
  }
}
