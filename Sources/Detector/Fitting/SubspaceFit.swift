/// The main directions of a class's pooled features: eigenvectors of their second moment.
package struct SubspaceFit: Sendable {
  /// Features that p is made of: those with the largest mean share of energy; at most 256.
  package var featureCount = 128
  /// Directions that are kept at most.
  package var rank = 16
  /// Directions are kept until they hold this share of the class's energy among these features.
  package var coverage = 0.9

  package init() {}

  /// Rows V of the eigenvectors with the largest eigenvalues of mean p pᵀ/‖p‖² over the class.
  ///
  /// Documents weigh the same whatever their energy. p pools |f|: sides must be joined. The sign of a
  /// direction is that of its largest component, which is positive.
  ///
  /// - Throws: `tooFew` where nothing fires in any document.
  package func readout(
    _ rows: [Int], _ pooled: PooledDocuments
  ) throws(DetectionError) -> SubspaceReadout {
    precondition(
      (1...256).contains(featureCount), "featureCount is \(featureCount), expected 1...256")
    let shares = pooled.energyShares(of: rows).shares
    let features = shares.indices.filter { shares[$0] > 0 }
      .sorted { (shares[$1], $0) < (shares[$0], $1) }.prefix(featureCount).sorted()
    let values = pooled.values(of: features.map { 2 * $0 }, rows: rows)
    let width = features.count
    var moment = [Double](repeating: 0, count: width * width)
    var documents = 0
    for row in rows.indices {
      let p = values[(row * width)..<((row + 1) * width)]
      let energy = p.reduce(0) { $0 + $1 * $1 }
      guard energy > 0 else { continue }
      documents += 1
      let active = p.indices.filter { p[$0] != 0 }
      for first in active {
        for second in active {
          moment[(first - p.startIndex) * width + second - p.startIndex] +=
            p[first] * p[second] / energy
        }
      }
    }
    guard documents > 0 else {
      throw DetectionError(.tooFew(what: "documents in which a feature fires", found: 0, needed: 1))
    }
    for index in moment.indices { moment[index] /= Double(documents) }
    let eigen = SymmetricEigen(moment, size: width)
    let total = eigen.values.reduce(0) { $0 + max($1, 0) }
    var basis: [Double] = []
    var held = 0.0
    var count = 0
    while count < min(rank, width), held < coverage * total, eigen.values[count] > total * 1e-12 {
      held += eigen.values[count]
      var direction = Array(eigen.vectors[(count * width)..<((count + 1) * width)])
      let largest = direction.indices.max {
        (abs(direction[$0]), $1) < (abs(direction[$1]), $0)
      }
      if let largest, direction[largest] < 0 { direction = direction.map { -$0 } }
      basis += direction
      count += 1
    }
    return SubspaceReadout(features: features, basis: basis, rank: count)
  }
}
