/// Ten equal bins, for pictures.
enum Histogram {
  /// How many of `values` fall into each tenth of `low ... high`; all into the first when they are equal.
  static func tenths(_ values: [Double], from low: Double, to high: Double) -> [Int] {
    var counts = Array(repeating: 0, count: 10)
    for value in values {
      let place = high > low ? (value - low) / (high - low) * 10 : 0
      counts[min(max(Int(place), 0), 9)] += 1
    }
    return counts
  }
}
