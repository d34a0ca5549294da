/// Counting in values that are sorted ascending.
extension [Double] {
  /// How many of these sorted values are below `x`.
  func countBelow(_ x: Double) -> Int { prefixCount { $0 < x } }

  /// How many of these sorted values are at or below `x`.
  func countAtMost(_ x: Double) -> Int { prefixCount { $0 <= x } }

  /// The length of the longest prefix in which `holds` is true; it must not become true again.
  private func prefixCount(_ holds: (Double) -> Bool) -> Int {
    var low = 0
    var high = count
    while low < high {
      let middle = low + (high - low) / 2
      if holds(self[middle]) { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
