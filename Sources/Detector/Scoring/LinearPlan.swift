/// The terms of a detector's linear readouts, by the feature that each of them reads.
///
/// Structures with another readout have no part here. Terms keep the order of their structures, so that a
/// score is always summed in one order.
package final class LinearPlan: Sendable {
  /// One term, with the pooling of its structure.
  struct Term: Sendable {
    /// The structure that it belongs to.
    let structure: Int
    let reading: Reading
    let pooling: Pooling
    let weight: Double
    let centre: Double
    let scale: Double
  }

  /// The terms of one structure.
  struct Part: Sendable {
    let terms: Range<Int>
    let intercept: Double
  }

  let terms: [Term]
  /// Per structure; nil for one that is not linear.
  let parts: [Part?]
  /// Every feature that some term reads, ascending, without repetition.
  package let features: [Int32]
  /// Where each feature's terms start in `termsOfFeature`, `[features + 1]`.
  let starts: [Int]
  let termsOfFeature: [Int]
  /// Terms that forget the token before.
  let forgetfulTerms: [Int]

  /// The plan of structures whose features are known to fit into 32 bits.
  init(_ structures: [Structure]) {
    var terms: [Term] = []
    var parts: [Part?] = []
    var readers: [Int32: [Int]] = [:]
    for (number, structure) in structures.enumerated() {
      guard case .linear(let readout) = structure.readout else {
        parts.append(nil)
        continue
      }
      let first = terms.count
      for term in readout.terms {
        readers[Int32(term.feature), default: []].append(terms.count)
        terms.append(
          Term(
            structure: number, reading: term.reading, pooling: structure.pooling,
            weight: term.weight, centre: term.centre, scale: term.scale))
      }
      parts.append(Part(terms: first..<terms.count, intercept: readout.intercept))
    }
    self.terms = terms
    self.parts = parts
    features = readers.keys.sorted()
    var starts = [0]
    var termsOfFeature: [Int] = []
    for feature in features {
      termsOfFeature += readers[feature] ?? []
      starts.append(termsOfFeature.count)
    }
    self.starts = starts
    self.termsOfFeature = termsOfFeature
    forgetfulTerms = terms.indices.filter { terms[$0].pooling == .last }
  }

  /// The first place in `features`, from `low` on, whose feature is `feature` or a later one.
  func place(of feature: Int32, from low: Int) -> Int {
    var low = low
    var high = features.count
    while low < high {
      let middle = (low + high) / 2
      if features[middle] < feature { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
