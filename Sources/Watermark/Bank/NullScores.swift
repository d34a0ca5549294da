import Detector
import Steering

/// Scores of unmarked documents under every entry of a bank, from which the calibration of any key is made.
///
/// Scores are kept as f32. Invariants: one document or more, in ascending order of identity; lengths of 1
/// or more; finite scores; every entry's scores vary; at most ``blockLimit(entryCount:)`` blocks, and no document with
/// more of them than its length makes.
public struct NullScores: Sendable, Equatable {
  /// Most blocks over all documents of a bank of `entryCount` entries: 4,096 to 65,536, and 64 MiB where that
  /// is in between.
  public static func blockLimit(entryCount: Int) -> Int {
    max(SequentialCalibration.blockLimit, min(1 << 16, (1 << 24) / max(entryCount, 1)))
  }
  /// Kept tokens per block unless told otherwise.
  public static let defaultBlockLength = 16

  /// B: entries of the bank.
  public let entryCount: Int
  /// Kept tokens per block.
  public let blockLength: Int
  /// Who the documents are, ascending, `[documents]`.
  public let identities: [DocumentIdentity]
  /// Kept tokens of each, `[documents]`.
  public let lengths: [Int]
  /// Scores, `[documents, entries]` row-major.
  public let scores: [Float]
  /// Blocks that are kept of each document, `[documents]`: all it has, or none.
  public let blockCounts: [Int]
  /// Their scores, document by document, `[blocks, entries]` row-major.
  public let blocks: [Float]
  /// μ: mean score of each entry over all documents, `[entries]`.
  public let means: [Double]
  /// σ: root of the mean squared deviation from it, `[entries]`; above 0.
  public let deviations: [Double]

  /// Number of documents.
  public var documentCount: Int { identities.count }

  /// Null scores.
  ///
  /// - Throws: `malformedFile` naming the array that breaks an invariant.
  public init(
    entryCount: Int, blockLength: Int, identities: [DocumentIdentity], lengths: [Int],
    scores: [Float], blockCounts: [Int], blocks: [Float]
  ) throws(SteeringError) {
    self.entryCount = entryCount
    self.blockLength = blockLength
    self.identities = identities
    self.lengths = lengths
    self.scores = scores
    self.blockCounts = blockCounts
    self.blocks = blocks
    try Self.check(
      entryCount: entryCount, blockLength: blockLength, identities: identities, lengths: lengths,
      scores: scores, blockCounts: blockCounts, blocks: blocks)
    (means, deviations) = Self.moments(scores, width: entryCount)
    if let entry = deviations.firstIndex(where: { !($0 > 0 && $0.isFinite) }) {
      throw SteeringError(
        .malformedFile,
        "'scores' of entry \(entry) are all equal, or vary too much, expected an entry that ordinary"
          + " documents tell apart")
    }
  }

  /// Scores of documents, at most ``blockLimit(entryCount:)`` of whose blocks are kept: those of
  /// the documents of the lowest identities, which are as good as drawn by lot.
  ///
  /// - Throws: `malformedFile` as for all null scores.
  package init(
    _ documents: [NullDocument], entryCount: Int, blockLength: Int
  ) throws(SteeringError) {
    let documents = documents.sorted { $0.identity < $1.identity }
    let kept = NullBlocks.kept(
      documents.map(\.blocks.count), limit: Self.blockLimit(entryCount: entryCount))
    try self.init(
      entryCount: entryCount, blockLength: blockLength, identities: documents.map(\.identity),
      lengths: documents.map(\.length),
      scores: documents.flatMap { $0.scores.map { Float($0) } },
      blockCounts: zip(documents, kept).map { $1 ? $0.blocks.count : 0 },
      blocks: zip(documents, kept).flatMap { document, isKept in
        isKept ? document.blocks.flatMap { $0.map { Float($0) } } : []
      })
  }

  /// Mean and root mean squared deviation of every column, in the order of the rows.
  private static func moments(_ scores: [Float], width: Int) -> ([Double], [Double]) {
    let count = Double(scores.count / width)
    var means = [Double](repeating: 0, count: width)
    for (index, score) in scores.enumerated() { means[index % width] += Double(score) }
    for column in means.indices { means[column] /= count }
    var squares = [Double](repeating: 0, count: width)
    for (index, score) in scores.enumerated() {
      let difference = Double(score) - means[index % width]
      squares[index % width] += difference * difference
    }
    // The rounded mean of equal numbers need not be that number: then they vary by nothing all the same.
    let isConstant = (0..<width).map { column in
      stride(from: column, to: scores.count, by: width).allSatisfy {
        scores[$0] == scores[column]
      }
    }
    return (
      means, zip(squares, isConstant).map { $1 ? 0 : ($0 / count).squareRoot() }
    )
  }

  /// Whether there are two different numbers left, whichever one is taken away.
  static func varies(_ values: [Float]) -> Bool {
    guard values.count > 2, let first = values.first else { return false }
    guard let other = values.first(where: { $0 != first }) else { return false }
    let alike = values.count { $0 == first }
    if alike == 1 { return values.dropFirst().contains { $0 != other } }
    return alike < values.count - 1
  }
}
