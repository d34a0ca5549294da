import SAE
import Tensors

/// Encodes the mean row of each segment of a file of activations.
///
/// Rows of special tokens are left out of the means, as ``OrdinaryRows`` tells them; high-norm sinks are
/// not, unless the file marks them as special.
public struct SegmentEncoding {
  /// The segments, their codes and their means.
  public let result: SegmentCodes
  /// What the means showed; `outputPath` and `tensors` are filled in by ``write(to:dense:decode:)``.
  public private(set) var report: SegmentReport
  private let dictionary: SparseDictionary
  private let path: String

  /// Averages and encodes every run of rows with equal ids, and decodes the means again to measure the fit.
  ///
  /// - Parameters:
  ///   - key: The tensor of the file that holds each row's id: integers, one per row.
  ///   - progress: Called now and then with rows done and rows in all.
  /// - Throws: `malformedFile` for a file without that tensor; `shapeMismatch`; `nonFinite` naming file,
  ///   row and column.
  public init(
    _ activations: Activations, averagedBy key: String, with dictionary: SparseDictionary,
    progress: (Int, Int) -> Void = { _, _ in }
  ) throws(SteeringError) {
    try activations.checkWidth(dictionary.modelWidth, of: "dictionary's input width")
    self.dictionary = dictionary
    path = activations.path
    let ids = try activations.integers(key)
    let isExcluded = (0..<activations.rowCount).map(activations.isSpecialToken)
    let collector = try SegmentCollector(dictionary)
    try activations.forEachChunk { first, count, rows throws(SteeringError) in
      do throws(SteeringError) {
        try collector.add(rows, first: first, count: count, ids: ids, excluding: isExcluded)
      } catch {
        throw error.inFile(activations.path)
      }
      progress(first + count, activations.rowCount)
    }
    do throws(SteeringError) {
      try collector.finish()
    } catch {
      throw error.inFile(activations.path)
    }
    result = collector.result
    report = SegmentReport(
      key: key, rowCount: activations.rowCount, specialCount: isExcluded.count { $0 },
      fit: try Self.fit(result, dictionary, activations.path), tensors: [])
  }

  /// Writes the codes as safetensors: those of ``ActivationEncoding`` with a row per segment, and beside
  /// them, I64 [segments], `segment_ids`, `segment_first_rows`, `segment_rows` and
  /// `segment_averaged_rows`.
  ///
  /// Decoded rows are those of the means.
  public mutating func write(to path: String, dense: Bool, decode: Bool) throws(SteeringError) {
    let segments = result.segments
    let source = self.path
    let file = CodeFile(
      dictionary, result.codes,
      companions: [
        ("segment_ids", segments.map(\.id)),
        ("segment_first_rows", segments.map(\.rows.lowerBound)),
        ("segment_rows", segments.map(\.rows.count)),
        ("segment_averaged_rows", segments.map(\.averagedCount)),
      ]
    ) { Self.failure($0, segments, source) }
    let means = StoredArray(result.means)
    report.tensors = try file.write(
      to: path, dense: dense, decode: decode
    ) { body throws(SteeringError) in
      if let base = means.base { try body(0, segments.count, base) }
    }
    report.outputPath = path
  }

  private static func fit(
    _ result: SegmentCodes, _ dictionary: SparseDictionary, _ path: String
  ) throws(SteeringError) -> EncodeReport.Fit {
    var statistics = ReconstructionStatistics(
      featureCount: dictionary.featureCount, width: dictionary.outputWidth)
    let means = StoredArray(result.means)
    guard let base = means.base else { return EncodeReport.Fit(statistics) }
    let reconstructor = try SteeringError.rendering(for: dictionary) { () throws(DictionaryError) in
      try Reconstructor(dictionary)
    }
    let estimate = FloatBuffer(count: dictionary.outputWidth)
    for row in result.segments.indices where !result.codes.isUndefined(row: row) {
      let x = base + row * dictionary.modelWidth
      guard dictionary.kind == .autoencoder else {
        statistics.add(x, codes: result.codes, row: row, reconstruction: nil)
        continue
      }
      do throws(DictionaryError) {
        try reconstructor.decode(result.codes, row: row, of: x, into: estimate.base)
      } catch {
        throw failure(error, result.segments, path)
      }
      statistics.add(x, codes: result.codes, row: row, reconstruction: estimate.base)
    }
    return EncodeReport.Fit(statistics)
  }

  /// An error that counts segments, with the rows of the segment named.
  private static func failure(
    _ error: DictionaryError, _ segments: [Segment], _ path: String
  ) -> SteeringError {
    guard case .nonFiniteResult(let row) = error.reason, segments.indices.contains(row) else {
      return SteeringError(error).inFile(path)
    }
    let rows = segments[row].rows
    return SteeringError(
      .nonFinite,
      "the mean of rows \(rows.lowerBound) to \(rows.upperBound - 1) overflows f32 when it is decoded,"
        + " expected smaller values"
    ).inFile(path)
  }
}
