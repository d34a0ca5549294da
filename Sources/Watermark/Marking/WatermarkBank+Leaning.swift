extension WatermarkBank {
  /// How the choices of all keys and documents lean: the mean sign with which each entry is chosen, [entries],
  /// in (-1, 1), 0 for one that is left out.
  ///
  /// Of several ``draws`` the least costly is taken, so that choices agree in what is cheap. That part of a mark
  /// tells no key from another, and the model's own likely text from none: a reading leaves it out
  /// (``replayPlan(of:lean:strength:)``). All 0 where there is one draw, or nothing to choose by.
  ///
  /// The mean of at least 256 choices, of about 131,072 draws, from ``PublicStream`` of seed 0: the same numbers on every
  /// machine. All 0 for a `count` that is not 1 to the number of entries, which no key of the bank has.
  ///
  /// - Complexity: O(entries · max(131,072, 256 · draws)): some 80 ms for 64 entries and 32 draws, and most of a
  ///   minute for the most of both.
  public func lean(count: Int) -> [Double] {
    var sums = [Int](repeating: 0, count: entries.count)
    guard draws > 1, (1...entries.count).contains(count), entries.contains(where: { $0.slope != 0 })
    else { return sums.map(Double.init) }
    let trials = max(256, (1 << 17) / draws)
    var stream = PublicStream(seed: 0)
    for _ in 0..<trials {
      let choice = MarkSelection(
        leastOf: draws, count: count, among: entries.count, from: &stream, cost: cost)
      for (entry, sign) in zip(choice.entries, choice.signs) { sums[entry] += sign }
    }
    return sums.map { Double($0) / Double(trials) }
  }
}
