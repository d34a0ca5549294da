/// Pooled magnitudes of every active feature of a document, for readouts that need its whole energy.
///
/// A feature of a signed dictionary counts by |f|. The memory is that of the dictionary's features; a
/// document clears what it touched.
package final class FeaturePools {
  /// Active features, in the order in which they first appear.
  package private(set) var active: [Int32] = []
  /// Their pooled magnitudes.
  package private(set) var values: [Double] = []
  /// Where a feature stands in `active`, plus 1; 0 for silent ones. Empty before the first document, so that
  /// a number of features alone, which no document has yet, takes no memory.
  private var places: [Int32] = []
  private let featureCount: Int

  /// Pools for a dictionary of `featureCount` features.
  package init(featureCount: Int) {
    self.featureCount = featureCount
  }

  /// The pooled magnitude of a feature; 0 where it is silent.
  package subscript(feature: Int) -> Double {
    guard !places.isEmpty else { return 0 }
    let place = places[feature]
    return place > 0 ? values[Int(place) - 1] : 0
  }

  /// Σ p² over all features.
  package var energy: Double { values.reduce(0) { $0 + $1 * $1 } }

  /// Pools the kept ones among `tokens` of a document of this dictionary; returns how many those are.
  @discardableResult
  package func pool(
    _ document: DocumentCodes, tokens: some Collection<Int>, by pooling: Pooling
  ) -> Int {
    precondition(document.featureCount == featureCount, "a document of another dictionary")
    if places.isEmpty { places = [Int32](repeating: 0, count: featureCount) }
    for feature in active { places[Int(feature)] = 0 }
    active.removeAll(keepingCapacity: true)
    values.removeAll(keepingCapacity: true)
    var kept = 0
    var last: Int?
    for token in tokens where document.uses[token] == .kept {
      kept += 1
      last = token
      if pooling != .last { add(token, of: document, by: pooling) }
    }
    if pooling == .last, let last { add(last, of: document, by: .maximum) }
    if pooling == .mean || pooling == .rate {
      for index in values.indices { values[index] /= Double(kept) }
    }
    return kept
  }

  private func add(_ token: Int, of document: borrowing DocumentCodes, by pooling: Pooling) {
    for index in document.offsets[token]..<document.offsets[token + 1] {
      let feature = document.features[index]
      let magnitude = Double(abs(document.values[index]))
      if places[Int(feature)] == 0 {
        active.append(feature)
        values.append(0)
        places[Int(feature)] = Int32(active.count)
      }
      let place = Int(places[Int(feature)]) - 1
      switch pooling {
      case .maximum, .last: values[place] = max(values[place], magnitude)
      case .mean: values[place] += magnitude
      case .rate: if magnitude > 0 { values[place] += 1 }
      }
    }
  }
}

extension ProfileReadout {
  /// −Σ |pᵢ² / Σ p² − shareᵢ| over the core features; the shares of a silent document are 0.
  func score(_ pools: FeaturePools) -> Double {
    let energy = pools.energy
    var distance = 0.0
    for (feature, share) in zip(features, shares) {
      let value = pools[feature]
      distance += abs((energy > 0 ? value * value / energy : 0) - share)
    }
    return -distance
  }
}

extension SubspaceReadout {
  /// ‖V p‖² / ‖p‖² over the readout's own features; 0 where all of them are silent.
  func score(_ pools: FeaturePools) -> Double {
    let pooled = features.map { pools[$0] }
    let energy = pooled.reduce(0) { $0 + $1 * $1 }
    guard energy > 0 else { return 0 }
    var within = 0.0
    for row in 0..<rank {
      var product = 0.0
      for column in pooled.indices {
        product += basis[row * pooled.count + column] * pooled[column]
      }
      within += product * product
    }
    return within / energy
  }
}

extension DenseReadout {
  /// intercept + w · x̄.
  func score(_ mean: [Float]) -> Double {
    var score = intercept
    for (weight, value) in zip(weights, mean) { score += weight * Double(value) }
    return score
  }
}
