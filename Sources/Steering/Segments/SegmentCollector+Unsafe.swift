import SAE
import Tensors

/// Cuts rows into segments as they come, and encodes the mean of each one when it ends.
///
/// Not Sendable: one thread at a time.
final class SegmentCollector {
  private(set) var result: SegmentCodes
  private let dictionary: SparseDictionary
  private let mean: SegmentMean
  private let encoder: SegmentEncoder
  private let row: FloatBuffer
  private var open: Segment?

  init(_ dictionary: SparseDictionary) throws(SteeringError) {
    self.dictionary = dictionary
    do throws(DictionaryError) {
      mean = try SegmentMean(width: dictionary.modelWidth, kernels: dictionary.kernels)
      encoder = try SegmentEncoder(dictionary)
    } catch {
      throw SteeringError(error, in: dictionary)
    }
    row = FloatBuffer(count: dictionary.modelWidth)
    result = SegmentCodes(featureCount: dictionary.featureCount)
  }

  /// Adds the `count` rows from row `first` on, `[count, modelWidth]`; `ids` and `excluding` are those of
  /// all rows.
  func add(
    _ rows: UnsafePointer<Float>, first: Int, count: Int, ids: [Int], excluding: [Bool]?
  ) throws(SteeringError) {
    var start = 0
    while start < count {
      let id = ids[first + start]
      var end = start + 1
      while end < count, ids[first + end] == id { end += 1 }
      if let open, open.id != id { try finish() }
      let run = (first + start)..<(first + end)
      do throws(DictionaryError) {
        try mean.add(
          rows + start * dictionary.modelWidth, count: run.count, stride: dictionary.modelWidth,
          excluding: excluding.map { Array($0[run]) })
      } catch {
        throw SteeringError(error.movedDown(by: run.lowerBound))
      }
      open = Segment(
        id: id, rows: (open?.rows.lowerBound ?? run.lowerBound)..<run.upperBound,
        excludedCount: mean.excludedCount)
      start = end
    }
  }

  /// Ends the last segment; nothing where there is none.
  func finish() throws(SteeringError) {
    guard let segment = open else { return }
    open = nil
    let width = dictionary.modelWidth
    if !mean.mean(into: row.base) { row.base.update(repeating: .nan, count: width) }
    do throws(DictionaryError) {
      try encoder.end(mean, into: &result.codes)
    } catch {
      guard case .nonFiniteResult = error.reason else {
        throw SteeringError(error, in: dictionary)
      }
      throw SteeringError(
        .nonFinite,
        "the mean of rows \(segment.rows.lowerBound) to \(segment.rows.upperBound - 1) overflows f32"
          + " when it is encoded, expected smaller values")
    }
    result.segments.append(segment)
    for index in 0..<width { result.means.append(row[index]) }
  }
}
