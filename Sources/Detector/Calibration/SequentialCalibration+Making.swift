import Glibc

extension SequentialCalibration {
  /// Blocks that an e-process learns from: its stake and density stay what they are after them.
  package static let learningBlocks = 256

  /// Null blocks that are kept: enough for streams of hundreds of blocks, few enough to be stored.
  package static let blockLimit = 4096

  /// Learns from null documents, in the order of their identities; nil where there are no blocks, or too few
  /// streams for any threshold.
  ///
  /// Only documents of a block or more count. Every other one of them gives its blocks to the null sample;
  /// the e-process then runs over each of the rest as over a stream, and the largest wealth that it reaches
  /// there gives the thresholds. So neither has seen the other: a block's rank among blocks of its own
  /// text would be too good. Of more than ``blockLimit`` blocks every so many-th is kept.
  ///
  /// The threshold at α is the larger of ln(1/α), which is what Ville's inequality asks of independent
  /// blocks, and of what lies just above the ⌈(N + 1)(1 − α)⌉-th smallest of the N largest wealths, which
  /// is what split conformal prediction asks of a stream exchangeable with the null ones, whatever the
  /// dependence between its blocks. A rate that N is too small for, ⌈(N + 1)(1 − α)⌉ > N, gets no threshold.
  init?(
    _ documents: [NullDocument], structures: Int, options: CalibrationOptions
  ) throws(DetectionError) {
    let documents = documents.filter { !$0.blocks.isEmpty }
    let blocks = Self.thinned(
      documents.indices.filter { $0 % 2 == 0 }.flatMap { documents[$0].blocks })
    let streams = documents.indices.filter { $0 % 2 == 1 }.map { documents[$0].blocks }
    guard !blocks.isEmpty, !streams.isEmpty else { return nil }
    let nulls = try (0..<structures).map { index throws(DetectionError) in
      try NullSample(blocks.map { $0[index] })
    }
    let maxima = (0..<structures).map { index in
      Self.maxima(of: streams, structure: index, null: nulls[index])
    }
    let thresholds = options.rates.sorted(by: >).compactMap { alpha -> Threshold? in
      let rank = Int((Double(streams.count + 1) * (1 - alpha)).rounded(.up))
      guard rank <= streams.count else { return nil }
      return Threshold(
        alpha: alpha, logWealth: maxima.map { max(-log(alpha), $0[max(rank, 1) - 1].nextUp) })
    }
    guard !thresholds.isEmpty else { return nil }
    self.init(
      blockLength: options.blockLength, blocks: nulls, thresholds: thresholds,
      streamCount: streams.count, longestStream: streams.reduce(0) { max($0, $1.count) })
  }

  /// At most ``blockLimit`` of `blocks`, evenly spread over the documents' order.
  private static func thinned(_ blocks: [[Double]]) -> [[Double]] {
    guard blocks.count > blockLimit else { return blocks }
    return (0..<blockLimit).map { blocks[$0 * blocks.count / blockLimit] }
  }

  /// The largest log wealth of each stream, ascending.
  private static func maxima(
    of streams: [[[Double]]], structure: Int, null: NullSample
  ) -> [Double] {
    var process = EProcess(capacity: learningBlocks)
    return streams.map { stream in
      process.reset()
      for block in stream { process.update(p: null.p(of: block[structure])) }
      return process.maximumLogWealth
    }.sorted()
  }
}
