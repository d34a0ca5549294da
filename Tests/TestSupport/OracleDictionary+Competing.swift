import SAE

// Functions in which features compete in groups, or see what others left. Naive, in f64.
extension OracleDictionary {
  func open(_ sides: BiJumpReLU, _ row: inout Row) {
    for feature in 0..<featureCount {
      let z = row.values[feature]
      let bound = row.bounds[feature]
      let upper = Double(sides.positiveThreshold[feature])
      let lower = -Double(sides.negativeThreshold[feature])
      row.isUnsure[feature] = abs(z - upper) <= bound || abs(z - lower) <= bound
      var value = 0.0
      var gain = 0.0
      var offset = 0.0
      if z > upper {
        gain = Double(sides.positiveGain[feature])
        offset = Double(sides.positiveOffset[feature])
        value = gain * z + offset
      } else if z < lower {
        gain = Double(sides.negativeGain[feature])
        offset = Double(sides.negativeOffset[feature])
        value = gain * z + offset
      }
      row.values[feature] = value
      row.bounds[feature] = bound * abs(gain) + (abs(gain * z) + abs(offset)) * 0x1p-22
      if value != 0, abs(value) <= row.bounds[feature] { row.isUnsure[feature] = true }
    }
  }

  func keepGroupWinners(_ groups: Int, _ row: inout Row) {
    let size = featureCount / groups
    for group in 0..<groups {
      let members = Array((group * size)..<((group + 1) * size))
      let order = members.sorted {
        row.values[$0] > row.values[$1] || (row.values[$0] == row.values[$1] && $0 < $1)
      }
      let winner = order[0]
      let best = row.values[winner]
      for feature in members {
        let z = row.values[feature]
        let rival = feature == winner ? (order.count > 1 ? order[1] : winner) : winner
        if rival != feature {
          row.isUnsure[feature] =
            abs(z - row.values[rival]) <= row.bounds[feature] + row.bounds[rival]
            && z > -row.bounds[feature]
        }
        if feature == winner, abs(z) <= row.bounds[feature] { row.isUnsure[feature] = true }
      }
      for feature in members where feature != winner || best <= 0 { row.values[feature] = 0 }
    }
  }

  func keepBlocks(_ size: Int, _ kept: Int, _ row: inout Row) {
    let count = featureCount / size
    func squares(_ values: [Double], _ block: Int) -> Double {
      values[(block * size)..<((block + 1) * size)].reduce(0) { $0 + $1 * $1 }
    }
    let scores = (0..<count).map { squares(row.values, $0).squareRoot() }
    let bounds = (0..<count).map {
      squares(row.bounds, $0).squareRoot() + scores[$0] * 0x1p-23
    }
    let order = scores.indices.sorted {
      scores[$0] > scores[$1] || (scores[$0] == scores[$1] && $0 < $1)
    }
    for (rank, block) in order.enumerated() {
      let rival = rank < kept ? (kept < count ? order[kept] : block) : order[kept - 1]
      let isUnsure =
        rival != block && abs(scores[rival] - scores[block]) <= bounds[rival] + bounds[block]
      for feature in (block * size)..<((block + 1) * size) {
        row.isUnsure[feature] =
          isUnsure || (rank < kept && abs(row.values[feature]) <= row.bounds[feature])
        if rank >= kept { row.values[feature] = 0 }
      }
    }
  }

  /// Matching pursuit from x̃; every feature is unsure when any step is.
  func pursue(_ x: [Double], _ magnitude: [Double], epsilon: Double) -> Row {
    guard case .matchingPursuit(let threshold, let iterations, let stopsOnRepeat) = activation
    else { fatalError("another function") }
    var residual = x
    var error = magnitude.map { $0 * epsilon }
    var values = [Double](repeating: 0, count: featureCount)
    var bounds = values
    var isUnsure = false
    for _ in 0..<iterations {
      var products: [Double] = []
      var productBounds: [Double] = []
      for feature in 0..<featureCount {
        var sum = 0.0
        var bound = 0.0
        for column in 0..<width {
          let weight = Double(decoder[feature * width + column])
          sum += weight * residual[column]
          bound += abs(weight) * (error[column] + abs(residual[column]) * epsilon)
        }
        products.append(sum)
        productBounds.append(bound)
      }
      let order = products.indices.sorted {
        products[$0] > products[$1] || (products[$0] == products[$1] && $0 < $1)
      }
      let best = order[0]
      let value = products[best]
      if value <= productBounds[best] {
        // What is left is orthogonal to a feature that was chosen. Whether rounding chooses it again
        // changes its activation within the bound; a feature that was not chosen would be another set.
        let open = products.indices.filter { products[$0] >= -productBounds[$0] }
        isUnsure = isUnsure || open.contains { values[$0] == 0 }
        for feature in open { bounds[feature] += productBounds[feature] * Double(iterations) }
        break
      }
      if let rival = order.dropFirst().first,
        value - products[rival] <= productBounds[best] + productBounds[rival]
      {
        isUnsure = true
      }
      let isRepeat = values[best] != 0
      values[best] += value
      bounds[best] += productBounds[best] + values[best] * 0x1p-23
      for column in 0..<width {
        let term = value * Double(decoder[best * width + column])
        error[column] +=
          productBounds[best] * abs(Double(decoder[best * width + column]))
          + (abs(residual[column]) + abs(term)) * 0x1p-22
        residual[column] -= term
      }
      if isRepeat && stopsOnRepeat { break }
      let norm = residual.reduce(0) { $0 + $1 * $1 }.squareRoot()
      let normBound = error.reduce(0) { $0 + $1 * $1 }.squareRoot()
      if threshold > 0 {
        if abs(norm - Double(threshold)) <= normBound { isUnsure = true }
        if norm < Double(threshold) { break }
      }
    }
    return Row(
      values: values, bounds: bounds,
      isUnsure: Array(repeating: isUnsure, count: featureCount), scale: 1, offset: 0)
  }
}
