extension SparseCodes {
  /// The same rows with the features below `count` alone.
  ///
  /// Of a nested (Matryoshka) dictionary these are the activations that a prefix decodes. Where each
  /// feature stands alone (ReLU, JumpReLU, BatchTopK, gated, two-sided) they are also what the smaller
  /// dictionary would encode; where features compete they are not.
  public func keepingFeatures(below count: Int) -> SparseCodes {
    var kept = SparseCodes(featureCount: featureCount)
    for row in 0..<rowCount {
      for position in range(ofRow: row) where Int(indices[position]) < count {
        kept.append(Int(indices[position]), values[position])
      }
      kept.endRow()
    }
    kept.undefinedRows = undefinedRows
    return kept
  }
}
