/// The positions that a scope covers, in a form that compares fast: plans come from users, and a check
/// of many interventions against many ranges must not take hours.
package struct CoveredPositions: Equatable {
  /// Which part of the sequence; it depends on the prompt's length, so it stands beside the ranges.
  package let phase: Scope.Phase
  /// Ascending, apart from each other, none empty.
  package let ranges: [Range<Int>]

  /// Sorts and joins the scope's ranges and cuts what it skips.
  ///
  /// - Complexity: O(r log r) in the scope's ranges.
  package init(_ scope: Scope) {
    phase = scope.phase
    let skipped = max(scope.skipFirst, 0)
    guard !scope.ranges.isEmpty else {
      ranges = skipped < .max ? [skipped..<Int.max] : []
      return
    }
    var joined: [Range<Int>] = []
    for range in scope.ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      let start = max(range.lowerBound, skipped)
      guard start < range.upperBound else { continue }
      if let last = joined.last, start <= last.upperBound {
        joined[joined.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
      } else {
        joined.append(start..<range.upperBound)
      }
    }
    ranges = joined
  }

  /// Whether no position can be covered by both, whatever the prompt's length.
  ///
  /// - Complexity: O(a log b) in the numbers of ranges, a the smaller.
  package func isDisjoint(from other: CoveredPositions) -> Bool {
    if phase != .all, other.phase != .all, phase != other.phase { return true }
    let (few, many) =
      ranges.count < other.ranges.count ? (ranges, other.ranges) : (other.ranges, ranges)
    return few.allSatisfy { range in
      // The first that ends behind the start of this one is the only one that can meet it first.
      var low = 0
      var high = many.count
      while low < high {
        let middle = (low + high) / 2
        if many[middle].upperBound <= range.lowerBound { low = middle + 1 } else { high = middle }
      }
      return low == many.count || many[low].lowerBound >= range.upperBound
    }
  }
}
