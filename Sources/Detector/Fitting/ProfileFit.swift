/// A class-activation profile: where the energy of a class's documents is (arXiv:2604.26409).
package struct ProfileFit: Sendable {
  /// Core features reach this share of the class's mean energy.
  package var coverage = 0.9
  /// Most core features.
  package var featureCount = 256

  package init() {}

  /// Mean over documents of p²/Σp² per feature, largest first, until `coverage` is reached.
  ///
  /// Of equal shares the lower index comes first. Documents in which nothing fires have no energy and
  /// are left out. p pools |f|: sides must be joined.
  ///
  /// - Throws: `tooFew` where nothing fires in any document.
  package func readout(
    _ rows: [Int], _ pooled: PooledDocuments
  ) throws(DetectionError) -> ProfileReadout {
    let energies = pooled.energyShares(of: rows)
    guard energies.documents > 0 else {
      throw DetectionError(.tooFew(what: "documents in which a feature fires", found: 0, needed: 1))
    }
    let order = energies.shares.indices.filter { energies.shares[$0] > 0 }
      .sorted { (energies.shares[$1], $0) < (energies.shares[$0], $1) }
    var features: [Int] = []
    var sum = 0.0
    for feature in order.prefix(featureCount) {
      features.append(feature)
      sum += energies.shares[feature]
      if sum >= coverage { break }
    }
    return ProfileReadout(features: features, shares: features.map { energies.shares[$0] })
  }
}

extension PooledDocuments {
  /// Each feature's mean share of a document's energy, and how many documents had any.
  package func energyShares(of rows: [Int]) -> (shares: [Double], documents: Int) {
    var shares = [Double](repeating: 0, count: featureCount)
    var documents = 0
    for row in rows {
      var energy = 0.0
      for position in range(row) { energy += values[position] * values[position] }
      guard energy > 0 else { continue }
      documents += 1
      for position in range(row) {
        shares[Self.feature(Int(units[position]))] += values[position] * values[position] / energy
      }
    }
    if documents > 0 {
      for feature in shares.indices { shares[feature] /= Double(documents) }
    }
    return (shares, documents)
  }
}
