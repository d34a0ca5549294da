/// Ranks on the scale of the standard normal distribution.
enum NormalScores {
  /// Φ⁻¹(r/(N + 1)) of each value's mid-rank r, less the mean of them all; zeros for values all equal.
  static func of(_ values: [Double]) -> [Double] {
    let order = values.indices.sorted { values[$0] < values[$1] }
    var scores = [Double](repeating: 0, count: values.count)
    var first = 0
    while first < order.count {
      var end = first + 1
      while end < order.count, values[order[end]] == values[order[first]] { end += 1 }
      let rank = Double(first + end + 1) / 2
      let score = Normal.quantile(rank / Double(values.count + 1))
      for place in first..<end { scores[order[place]] = score }
      first = end
    }
    let mean = scores.reduce(0, +) / Double(max(values.count, 1))
    return scores.map { $0 - mean }
  }

  /// Σ ab / √(Σ a² Σ b²) of scores whose means are 0, within [−1, 1]; 0 where either does not vary.
  static func correlation(_ one: [Double], _ other: [Double]) -> Double {
    var products = 0.0
    var squares = (0.0, 0.0)
    for (a, b) in zip(one, other) {
      products += a * b
      squares.0 += a * a
      squares.1 += b * b
    }
    guard squares.0 > 0, squares.1 > 0 else { return 0 }
    return max(-1, min(1, products / (squares.0.squareRoot() * squares.1.squareRoot())))
  }
}
