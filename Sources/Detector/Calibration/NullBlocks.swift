/// Which null documents keep their blocks where there are more than can be kept.
package enum NullBlocks {
  /// Which of the documents, in order of their identities and with so many blocks each, keep them all.
  ///
  /// A document with more than `limit` blocks keeps none; of the others the first, until the next one's would
  /// be too many. Identities are digests: their order says nothing of a document, and stopping at the first
  /// that does not fit, rather than taking a shorter one behind it, favours no length.
  ///
  /// - Complexity: O(documents).
  package static func kept(_ counts: [Int], limit: Int) -> [Bool] {
    var total = 0
    var isFull = false
    return counts.map { count in
      guard !isFull, count > 0, count <= limit else { return false }
      isFull = total + count > limit
      total += isFull ? 0 : count
      return !isFull
    }
  }

  /// Takes the blocks from `documents` that would not keep them, wherever the others are: an identity from
  /// which on none has blocks any more, nil while all of them fit.
  package static func trim(_ documents: inout [NullDocument], limit: Int) -> DocumentIdentity? {
    documents.sort { $0.identity < $1.identity }
    let counts = documents.map(\.blocks.count)
    let kept = kept(counts, limit: limit)
    var bound: DocumentIdentity?
    for place in documents.indices where !kept[place] && counts[place] > 0 {
      documents[place].blocks = []
      if counts[place] <= limit, bound == nil { bound = documents[place].identity }
    }
    return bound
  }
}
