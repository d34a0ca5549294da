import Tensors

extension SelectiveEncoder {
  /// Sets to zero every value that k rivals beat, or that σ would cut anyway.
  func rank(
    _ out: UnsafeMutablePointer<Float>, among rivals: FeatureRows, k: Int, _ ranking: Ranking,
    row: Int, _ scratch: Scratch
  ) throws(DictionaryError) {
    let count = features.count
    let beatenBy = scratch.beatenBy
    var undecided = 0
    for index in 0..<count {
      let survives = ranking.survives(out[index])
      beatenBy[index] = survives ? 0 : k
      undecided += survives ? 1 : 0
    }
    let n = dictionary.featureCount
    var start = 0
    while start < n, undecided > 0 {
      let size = min(Self.blockRows, n - start)
      try preActivations(rivals, from: start, of: start, count: size, row: row, scratch)
      let block = scratch.block.base
      for index in 0..<count where beatenBy[index] < k {
        let value = ranking.key(out[index])
        let feature = features[index]
        var beaten = beatenBy[index]
        for offset in 0..<size {
          let rival = ranking.key(block[offset])
          if rival > value || (rival == value && start + offset < feature) { beaten += 1 }
        }
        beatenBy[index] = beaten
        if beaten >= k { undecided -= 1 }
      }
      start += size
    }
    for index in 0..<count where beatenBy[index] >= k { out[index] = 0 }
  }

  /// Sets to zero every value that is not positive or not its group's largest.
  func keepWinners(
    _ out: UnsafeMutablePointer<Float>, _ groups: [Group], _ rows: FeatureRows, size: Int,
    row: Int, _ scratch: Scratch
  ) throws(DictionaryError) {
    for place in groups.indices {
      let start = groups[place].start
      try preActivations(rows, from: place * size, of: start, count: size, row: row, scratch)
      let winner = start + groupWinner(scratch.block.base, size)
      for member in groups[place].members where features[member] != winner || !(out[member] > 0) {
        out[member] = 0
      }
    }
  }

  /// Sets to zero every value whose block is not among the best.
  func keepBlocks(
    _ out: UnsafeMutablePointer<Float>, _ all: FeatureRows, size: Int, row: Int,
    _ scratch: Scratch
  ) throws(DictionaryError) {
    guard let threshold = scratch.threshold else { fatalError("blocks have a threshold finder") }
    let scores = scratch.scores
    for block in 0..<scores.count {
      try preActivations(
        all, from: block * size, of: block * size, count: size, row: row, scratch)
      scores.base[block] = blockScore(scratch.block.base, size)
    }
    guard dictionary.kernels.firstNonfinite(scores.base, count: scores.count) == scores.count
    else { throw DictionaryError(.nonFiniteResult(row: row)) }
    let (worst, last) = threshold.find(scores.base, scores.count, absolute: false)
    for index in features.indices {
      let block = features[index] / size
      let score = scores.base[block]
      let isKept =
        score > worst || (score == worst && Int32(truncatingIfNeeded: block) <= last)
      if !isKept || out[index] == 0 { out[index] = 0 }
    }
  }

  /// Puts what σ compares into the block scratch, for `count` features from `feature` on, whose rows are
  /// those of `rows` from `start` on.
  private func preActivations(
    _ rows: FeatureRows, from start: Int, of feature: Int, count: Int, row: Int,
    _ scratch: Scratch
  ) throws(DictionaryError) {
    let block = scratch.block.base
    rows.matvec(
      from: start, count: count, scratch.prepared.base, into: block, dictionary.kernels)
    dictionary.finishPreActivations(block, from: feature, count: count)
    guard dictionary.kernels.firstNonfinite(block, count: count) == count else {
      throw DictionaryError(.nonFiniteResult(row: row))
    }
  }
}
