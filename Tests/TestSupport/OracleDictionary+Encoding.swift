import SAE
import Tensors

extension OracleDictionary {
  /// What one row becomes.
  package struct Row {
    /// Dense activations, `[featureCount]`.
    package var values: [Double]
    /// How far the library's values may be off.
    package var bounds: [Double]
    /// Features so close to a decision that rounding may turn it.
    package var isUnsure: [Bool]
    /// How a reconstruction goes back to the row's units.
    package var scale: Double
    package var offset: Double
  }

  /// Encodes one row; nil where the normalisation is undefined.
  ///
  /// `factor` is the constant c of the dot product's contract; 8 more roundings are granted for the
  /// normalisation, the biases and the norm.
  package func encode(_ x: [Double], factor: Double = 1) -> Row? {
    guard let (row, magnitude, scale, offset) = normalise(x) else { return nil }
    let epsilon = (factor + 8) * 0x1p-23
    if case .matchingPursuit = activation {
      var result = pursue(row, magnitude, epsilon: epsilon)
      result.scale = scale
      result.offset = offset
      return result
    }
    var z: [Double] = []
    var bounds: [Double] = []
    for feature in 0..<featureCount {
      var sum = Double(encoderBias[feature])
      var absolute = abs(sum)
      for column in 0..<width {
        let weight = Double(encoder[feature * width + column])
        sum += weight * row[column]
        absolute += abs(weight) * magnitude[column]
      }
      let norm = rescalesByDecoderNorm || ranksByDecoderNorm ? decoderNorm(feature) : 1
      z.append(sum * norm)
      bounds.append(absolute * norm * epsilon)
    }
    var result = Row(
      values: z, bounds: bounds, isUnsure: Array(repeating: false, count: featureCount),
      scale: scale, offset: offset)
    select(&result)
    if ranksByDecoderNorm {
      for feature in 0..<featureCount where result.values[feature] != 0 {
        result.values[feature] /= decoderNorm(feature)
        result.bounds[feature] =
          result.bounds[feature] / decoderNorm(feature) + abs(result.values[feature]) * 0x1p-22
      }
    }
    return result
  }

  package func decoderNorm(_ feature: Int) -> Double {
    var sum = 0.0
    for column in 0..<outputWidth {
      let weight = Double(decoder[feature * outputWidth + column])
      sum += weight * weight
    }
    return sum.squareRoot()
  }

  /// The row as the encoder sees it, and the sizes of the terms that it was made from.
  private func normalise(
    _ x: [Double]
  ) -> (row: [Double], magnitude: [Double], scale: Double, offset: Double)? {
    var row = x
    var magnitude = x.map { abs($0) }
    var scale = 1.0
    var offset = 0.0
    switch normalisation {
    case .none: break
    case .constantFactor(let factor):
      row = x.map { $0 * Double(factor) }
      magnitude = row.map { abs($0) }
      scale = 1 / Double(factor)
    case .rootWidthOverNorm:
      let norm = x.reduce(0) { $0 + $1 * $1 }.squareRoot()
      guard norm > 0 else { return nil }
      scale = norm / Double(width).squareRoot()
      row = x.map { $0 / scale }
      magnitude = row.map { abs($0) }
    case .layerNorm(let epsilon):
      let mean = x.reduce(0, +) / Double(width)
      let variance = x.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(width - 1)
      scale = variance.squareRoot()
      offset = mean
      row = x.map { ($0 - mean) / (scale + Double(epsilon)) }
      magnitude = x.map { (abs($0) + abs(mean)) / (scale + Double(epsilon)) }
    }
    if subtractsDecoderBias {
      for column in 0..<width {
        row[column] -= Double(decoderBias[column])
        magnitude[column] += abs(Double(decoderBias[column]))
      }
    }
    return (row, magnitude, scale, offset)
  }

  private func select(_ row: inout Row) {
    switch activation {
    case .relu: cut(&row) { _ in 0 }
    case .jumpReLU(let threshold): cut(&row) { max(Double(threshold[$0]), 0) }
    case .batchTopK(let threshold): cut(&row) { _ in max(Double(threshold), 0) }
    case .topK(let k): keep(k, &row) { $0 }
    case .absTopK(let k): keep(k, &row) { abs($0) }
    case .signedTopK(let k): keep(k, &row, isSigned: true) { $0 }
    case .groupMax(let groups): keepGroupWinners(groups, &row)
    case .biJumpReLU(let sides): open(sides, &row)
    case .blockTopK(let size, let blocks): keepBlocks(size, blocks, &row)
    case .matchingPursuit: fatalError("a pursuit has no pre-activations")
    case .gated(let gate, let magnitude, let scale):
      for feature in 0..<featureCount {
        let z = row.values[feature]
        let bound = row.bounds[feature] + abs(Double(gate[feature])) * 0x1p-22
        let opening = z + Double(gate[feature])
        let value = z * Double(scale[feature]) + Double(magnitude[feature])
        row.bounds[feature] =
          row.bounds[feature] * Double(scale[feature])
          + (abs(z * Double(scale[feature])) + abs(Double(magnitude[feature]))) * 0x1p-22
        row.values[feature] = opening > 0 ? max(value, 0) : 0
        row.isUnsure[feature] =
          abs(opening) <= bound || (opening > 0 && abs(value) <= row.bounds[feature])
      }
    }
  }

  private func cut(_ row: inout Row, _ threshold: (Int) -> Double) {
    for feature in 0..<featureCount {
      let z = row.values[feature]
      row.isUnsure[feature] = abs(z - threshold(feature)) <= row.bounds[feature]
      row.values[feature] = z > threshold(feature) ? z : 0
    }
  }

  /// Keeps the k best keys (ties: lower index) and drops what ReLU would cut.
  private func keep(
    _ k: Int, _ row: inout Row, isSigned: Bool = false, key: (Double) -> Double
  ) {
    let keys = row.values.map(key)
    let order = keys.indices.sorted { keys[$0] > keys[$1] || (keys[$0] == keys[$1] && $0 < $1) }
    for (rank, feature) in order.enumerated() {
      let bound = row.bounds[feature]
      if rank < k {
        if k < featureCount {
          let rival = order[k]
          row.isUnsure[feature] = keys[feature] - keys[rival] <= bound + row.bounds[rival]
        }
        if abs(keys[feature]) <= bound { row.isUnsure[feature] = true }
        if !isSigned, keys[feature] <= 0 { row.values[feature] = 0 }
      } else {
        let rival = order[k - 1]
        row.isUnsure[feature] =
          keys[rival] - keys[feature] <= bound + row.bounds[rival]
          && (isSigned || keys[feature] > -bound)
        row.values[feature] = 0
      }
    }
  }
}
