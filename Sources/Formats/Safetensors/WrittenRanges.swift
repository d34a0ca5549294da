/// Which bytes of one tensor have been written: sorted, disjoint, non-adjacent ranges.
struct WrittenRanges {
  private var ranges: [Range<Int>] = []

  var byteCount: Int { ranges.reduce(0) { $0 + $1.count } }

  /// - Complexity: O(ranges), which stays at 1 for sequential writing.
  mutating func insert(_ range: Range<Int>) {
    guard !range.isEmpty else { return }
    let first = ranges.firstIndex { $0.upperBound >= range.lowerBound } ?? ranges.count
    var last = first
    var merged = range
    while last < ranges.count, ranges[last].lowerBound <= range.upperBound {
      merged =
        min(
          merged.lowerBound, ranges[last].lowerBound)..<max(
          merged.upperBound, ranges[last].upperBound)
      last += 1
    }
    ranges.replaceSubrange(first..<last, with: [merged])
  }
}
