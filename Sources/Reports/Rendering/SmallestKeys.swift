/// The documents with the smallest keys of a stream, at most `limit`; among equal keys the earlier.
///
/// A heap with the largest on top: a document takes time that grows with the logarithm of `limit`.
struct SmallestKeys {
  struct Entry {
    var key: Double
    /// Its place among all documents.
    var index: Int
    /// Where its line stands in the file.
    var range: Range<Int>

    static func < (one: Entry, other: Entry) -> Bool {
      one.key != other.key ? one.key < other.key : one.index < other.index
    }
  }

  let limit: Int
  /// No entry is larger than the one at half its place.
  private var heap: [Entry] = []

  init(limit: Int) { self.limit = limit }

  /// Considers a document; a key that is NaN or infinite does not count.
  mutating func offer(_ key: Double, _ index: Int, _ range: Range<Int>) {
    guard limit > 0, key.isFinite else { return }
    let entry = Entry(key: key, index: index, range: range)
    if heap.count < limit {
      heap.append(entry)
      rise()
    } else if entry < heap[0] {
      heap[0] = entry
      sink()
    }
  }

  /// The smallest first.
  func sorted() -> [Entry] { heap.sorted(by: <) }

  private mutating func rise() {
    var place = heap.count - 1
    while place > 0, heap[(place - 1) / 2] < heap[place] {
      heap.swapAt(place, (place - 1) / 2)
      place = (place - 1) / 2
    }
  }

  private mutating func sink() {
    var place = 0
    while true {
      var largest = place
      for child in [2 * place + 1, 2 * place + 2] where child < heap.count {
        if heap[largest] < heap[child] { largest = child }
      }
      guard largest != place else { return }
      heap.swapAt(place, largest)
      place = largest
    }
  }
}
