/// Ranges of document length that hold about as many null documents each.
package enum LengthBuckets {
  /// Ranges without gaps from the shortest to the longest of `lengths`, ascending as those are.
  ///
  /// As many as `minimum` documents each allow, at most `maximum` and at least one. An edge stands at the
  /// first length at which the documents below it are an equal share or more: documents of one length
  /// are never torn apart, so buckets may be fewer and uneven where many are equally long.
  package static func ranges(
    ofSorted lengths: [Int], minimum: Int, maximum: Int
  ) -> [ClosedRange<Int>] {
    guard let first = lengths.first, let last = lengths.last else { return [] }
    let wanted = max(1, min(maximum, lengths.count / minimum))
    var edges = [first]
    var start = 0
    for index in lengths.indices.dropFirst() where lengths[index] != lengths[index - 1] {
      let isShare = index * wanted >= edges.count * lengths.count
      guard isShare, index - start >= minimum, lengths.count - index >= minimum else { continue }
      edges.append(lengths[index])
      start = index
    }
    return edges.indices.map { place in
      edges[place]...(place + 1 < edges.count ? edges[place + 1] - 1 : last)
    }
  }
}
