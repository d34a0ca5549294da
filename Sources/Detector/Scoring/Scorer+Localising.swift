extension Scorer {
  /// Each token's part of each linear structure's score, `[structures][tokens]`; nil for other readouts.
  ///
  /// Parts of the pooled readings alone: w·(f/T)/s under mean pooling, w·(1/T)/s per firing token under
  /// rate, all of w·p/s at the first token with the largest reading under maximum, and at the last kept
  /// token under last. They sum to the score but for its constants, intercept − Σ w·c/s, which belong to
  /// no token and are not spread.
  func contributions(in document: DocumentCodes) -> [[Float]?] {
    let tokenCount = document.tokenCount
    let kept = Double(document.counts.kept)
    let lastKept = document.uses.lastIndex(of: .kept)
    var sums = [Double](repeating: 0, count: plan.parts.count * tokenCount)
    var best = [Double](repeating: 0, count: plan.terms.count)
    var bestToken = [Int](repeating: 0, count: plan.terms.count)
    for token in 0..<tokenCount where document.uses[token] == .kept {
      var place = 0
      for index in document.offsets[token]..<document.offsets[token + 1] {
        let feature = document.features[index]
        place = plan.place(of: feature, from: place)
        guard place < plan.features.count else { break }
        guard plan.features[place] == feature else { continue }
        for number in plan.termsOfFeature[plan.starts[place]..<plan.starts[place + 1]] {
          let term = plan.terms[number]
          let reading = Double(term.reading(document.values[index]))
          var part = 0.0
          switch term.pooling {
          case .mean: part = reading / kept
          case .rate: part = reading > 0 ? 1 / kept : 0
          case .last: part = token == lastKept ? reading : 0
          case .maximum:
            if reading > best[number] { (best[number], bestToken[number]) = (reading, token) }
          }
          sums[term.structure * tokenCount + token] += term.weight * part / term.scale
        }
      }
    }
    for (number, term) in plan.terms.enumerated() where best[number] > 0 {
      sums[term.structure * tokenCount + bestToken[number]] +=
        term.weight * best[number] / term.scale
    }
    return plan.parts.indices.map { index in
      guard plan.parts[index] != nil else { return nil }
      return sums[index * tokenCount..<(index + 1) * tokenCount].map { Float($0) }
    }
  }

  /// The document's segments, in order of appearance, with each structure's score of their kept tokens;
  /// none for a document of one segment.
  func segments(of document: DocumentCodes) -> [(tokens: [Int], scores: [Double?]?)] {
    var order: [Int32: Int] = [:]
    var tokens: [[Int]] = []
    for (token, segment) in document.segments.enumerated() {
      if let place = order[segment] {
        tokens[place].append(token)
      } else {
        order[segment] = tokens.count
        tokens.append([token])
      }
    }
    guard tokens.count > 1 else { return [] }
    return tokens.map { ($0, scores(of: document, tokens: $0)) }
  }
}
