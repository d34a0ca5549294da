extension WatermarkBank {
  /// How the choices of all keys and documents lean: the mean sign with which each entry is chosen, [entries],
  /// in [-1, 1], 0 for one that is left out.
  ///
  /// Of several ``draws`` the least costly is taken, so that choices agree in what is cheap. That part of a mark
  /// tells no key from another, and the model's own likely text from none: a reading leaves it out
  /// (``replayPlan(of:lean:strength:)``). All 0 where there is one draw, or nothing to choose by.
  ///
  /// Of N = 32,768 draws from ``PublicStream`` of seed 0, the r-th cheapest (r from 0, of equal ones the earliest
  /// first) is the choice of
  ///
  ///     w_r = C(N - 1 - r, D - 1) / C(N, D)
  ///
  /// of all sets of D = ``draws`` of them. The mean is the sum of their signs by these weights, in the order of the
  /// draws: the same numbers on every machine. All 0 for a `count` that is not 1 to the number of entries, which no
  /// key of the bank has.
  ///
  /// - Complexity: O(N · entries), whatever the draws: some 50 ms for 150 entries, 3 s for 4,096 of which all are
  ///   chosen.
  public func lean(count: Int) -> [Double] {
    var sums = [Double](repeating: 0, count: entries.count)
    guard draws > 1, (1...entries.count).contains(count), entries.contains(where: { $0.slope != 0 })
    else { return sums }
    // Drawn twice, for all choices at once may be a gigabyte.
    var costs: [Double] = []
    forEachPublicDraw(count: count) { costs.append(cost(of: $0)) }
    var weights = leastWeights(of: costs).makeIterator()
    forEachPublicDraw(count: count) { choice in
      guard let weight = weights.next(), weight > 0 else { return }
      for (entry, sign) in zip(choice.entries, choice.signs) {
        sums[entry] += Double(sign) * weight
      }
    }
    return sums
  }

  /// Gives the N choices that lean on no key, one after the other.
  private func forEachPublicDraw(count: Int, _ body: (MarkSelection) -> Void) {
    var stream = PublicStream(seed: 0)
    for _ in 0..<(1 << 15) {
      body(MarkSelection(count: count, among: entries.count, from: &stream))
    }
  }

  /// How often each of the choices is the least costly of as many as ``draws`` of them, by its place in `costs`.
  private func leastWeights(of costs: [Double]) -> [Double] {
    let ranked = costs.indices.sorted { (costs[$0], $0) < (costs[$1], $1) }
    var weights = [Double](repeating: 0, count: costs.count)
    var weight = Double(draws) / Double(costs.count)
    for (rank, place) in ranked.enumerated() {
      weights[place] = weight
      let others = costs.count - 1 - rank
      guard others >= draws else { break }  // Any set of the others would be too small.
      weight *= Double(others - draws + 1) / Double(others)
    }
    return weights
  }
}
