/// Minimal contrasts: two texts that differ in a structure and little else.
package struct ContrastPairs: Sendable, Equatable {
  /// One pair, by the documents' places in the corpus.
  package struct Pair: Sendable, Equatable {
    /// The text with the structure.
    package var present: Int
    /// The text without it.
    package var absent: Int
  }

  /// Fewest pairs of a structure from which anything is chosen.
  package static let minimum = 20

  /// The pairs of each structure, in order of their first documents; structures by name.
  package let byStructure: [(name: String, pairs: [Pair])]

  /// Puts documents with the same `pair` together.
  ///
  /// A pair counts for every structure that one side is labelled with and the other without; labels that
  /// both sides share are no contrast. Documents without `pair` are left out.
  ///
  /// - Parameter wanted: Structures to look for; nil takes every one that a pair contrasts.
  /// - Throws: `field` for half a pair, more than two documents of one, or one that contrasts nothing;
  ///   `tooFew` for a structure with fewer than ``minimum`` pairs, or none.
  package init(_ corpus: Corpus<Selection>, structures wanted: [String]? = nil)
    throws(DetectionError)
  {
    var members: [String: [Int]] = [:]
    var order: [String] = []
    for (index, document) in corpus.documents.enumerated() {
      guard let pair = document.pair else { continue }
      if members[pair] == nil { order.append(pair) }
      members[pair, default: []].append(index)
    }
    var found: [String: [Pair]] = [:]
    for name in order {
      let sides = members[name] ?? []
      guard sides.count == 2 else {
        throw DetectionError(
          .field(
            name: "pair",
            found: "'\(name)' of \(sides.count) document\(sides.count == 1 ? "" : "s")",
            expected: "2: one with and one without a structure"))
      }
      let labels = sides.map { corpus.documents[$0].labels }
      var isContrast = false
      for (structure, first) in labels[0].sorted(by: { $0.key < $1.key }) {
        guard let second = labels[1][structure], first != second else { continue }
        isContrast = true
        found[structure, default: []].append(
          first
            ? Pair(present: sides[0], absent: sides[1]) : Pair(present: sides[1], absent: sides[0]))
      }
      guard isContrast else {
        throw DetectionError(
          .field(
            name: "labels", found: "no opposite label in pair '\(name)'",
            expected: "true on one side and false on the other"))
      }
    }
    var all: [(name: String, pairs: [Pair])] = []
    for name in wanted ?? found.keys.sorted() {
      let pairs = found[name] ?? []
      guard pairs.count >= Self.minimum else {
        throw DetectionError(
          .tooFew(what: "contrast pairs of '\(name)'", found: pairs.count, needed: Self.minimum))
      }
      all.append((name, pairs))
    }
    guard !all.isEmpty else {
      throw DetectionError(.tooFew(what: "contrast pairs", found: 0, needed: Self.minimum))
    }
    byStructure = all
  }

  /// The contrast pairs of a structure where they are all its labelled documents; else nil.
  package static func complete(_ structure: String, in corpus: Corpus<Selection>) -> [Pair]? {
    var open: [String: Int] = [:]
    var pairs: [Pair] = []
    for (index, document) in corpus.documents.enumerated() {
      guard let label = document.labels[structure] else { continue }
      guard let name = document.pair else { return nil }
      guard let first = open.removeValue(forKey: name) else {
        open[name] = index
        continue
      }
      guard corpus.documents[first].labels[structure] != label else { return nil }
      pairs.append(
        label ? Pair(present: index, absent: first) : Pair(present: first, absent: index))
    }
    return open.isEmpty && pairs.count >= minimum ? pairs : nil
  }

  package static func == (one: Self, other: Self) -> Bool {
    one.byStructure.map(\.name) == other.byStructure.map(\.name)
      && one.byStructure.map(\.pairs) == other.byStructure.map(\.pairs)
  }
}
