import Tensors

extension SelectiveEncoder {
  /// Memory for one reader at a time; allocated once, reused for every row.
  package final class Scratch {
    let prepared: FloatBuffer
    /// z of some neighbouring features.
    let block: FloatBuffer
    let beatenBy: UnsafeMutablePointer<Int>
    /// ‖z_block‖₂ per block, where blocks compete.
    let scores: FloatBuffer
    let threshold: TopKThreshold?
    let pursuit: MatchingPursuit?

    package init(for encoder: SelectiveEncoder) {
      let dictionary = encoder.dictionary
      prepared = FloatBuffer(count: dictionary.modelWidth)
      let count = max(encoder.features.count, 1)
      beatenBy = .allocate(capacity: count)
      beatenBy.initialize(repeating: 0, count: count)
      var blockCount = SelectiveEncoder.blockRows
      var scoreCount = 0
      var winners: Int?
      var found: MatchingPursuit?
      switch encoder.selection {
      case .threshold, .gate, .rank, .sides: break
      case .groups(_, _, let size): blockCount = size
      case .blocks(_, let size, let blocks):
        blockCount = size
        scoreCount = dictionary.featureCount / size
        winners = blocks
      case .pursuit(let all): found = MatchingPursuit(dictionary, rows: all)
      }
      block = FloatBuffer(count: blockCount)
      scores = FloatBuffer(count: scoreCount)
      threshold = winners.map { TopKThreshold(k: $0, dictionary.kernels) }
      pursuit = found
    }

    deinit { beatenBy.deallocate() }
  }
}
