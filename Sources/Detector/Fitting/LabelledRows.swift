/// Documents that are labelled with a structure, and those labelled without it, by place in the corpus.
package struct LabelledRows: Sendable, Equatable {
  /// Fewest documents of either kind from which anything is learnt.
  package static let minimum = 10

  package let present: [Int]
  package let absent: [Int]

  /// - Throws: `tooFew` naming the structure and the side.
  package init(
    _ structure: String, in corpus: Corpus<Selection>, needsAbsent: Bool = true
  ) throws(DetectionError) {
    let documents = corpus.documents
    present = documents.indices.filter { documents[$0].labels[structure] == true }
    absent = documents.indices.filter { documents[$0].labels[structure] == false }
    guard present.count >= Self.minimum else {
      throw DetectionError(
        .tooFew(
          what: "documents labelled with '\(structure)'", found: present.count,
          needed: Self.minimum))
    }
    guard !needsAbsent || absent.count >= Self.minimum else {
      throw DetectionError(
        .tooFew(
          what: "documents labelled without '\(structure)'", found: absent.count,
          needed: Self.minimum))
    }
  }

  /// Both, those with the structure first.
  package var all: [Int] { present + absent }

  /// Whether each of ``all`` has the structure.
  package var labels: [Bool] {
    Array(repeating: true, count: present.count) + Array(repeating: false, count: absent.count)
  }

  /// Structures that any document is labelled for, by name.
  package static func structures(of corpus: Corpus<Selection>) -> [String] {
    var names: Set<String> = []
    for document in corpus.documents { names.formUnion(document.labels.keys) }
    return names.sorted()
  }
}
