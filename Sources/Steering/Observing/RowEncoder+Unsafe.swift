import SAE
import Tensors

/// Encodes rows in the host's memory into sparse codes that it keeps until the next call.
///
/// One thread at a time; its memory is reused from call to call.
package final class RowEncoder {
  /// The dictionary that encodes.
  package let dictionary: SparseDictionary
  /// The codes of the last call that succeeded.
  package private(set) var codes: SparseCodes

  private let encoder: FullEncoder
  /// Rows of two-byte numbers, widened.
  private var input = FloatBuffer(count: 0)

  /// - Throws: `nonFinite` for a bad weight.
  package init(
    _ dictionary: SparseDictionary, options: EncodeOptions = EncodeOptions()
  ) throws(SteeringError) {
    self.dictionary = dictionary
    encoder = try dictionary.makeEncoder(options)
    codes = SparseCodes(featureCount: dictionary.featureCount)
  }

  /// Threads that share a call.
  package var workerCount: Int { encoder.workerCount }

  /// What was done so far, and how.
  package var counts: EncodeCounts { encoder.counts }

  /// Encodes `rows`; ``codes`` then holds theirs, and nothing after a failure.
  package func encode(_ rows: RowBatch) throws(RowBatch.Failure) {
    codes.removeAll()
    let width = dictionary.modelWidth
    if rows.elementType != .f32 {
      let needed = min(rows.count, encoder.tileLimit) * width
      if input.count < needed { input = FloatBuffer(count: needed) }
    }
    var first = 0
    while first < rows.count {
      let size = min(encoder.tileLimit, rows.count - first)
      do throws(DictionaryError) {
        if rows.elementType == .f32 {
          try encoder.encode(
            rows.values(first, input.base, width: width, dictionary.kernels), count: size,
            stride: rows.stride, into: &codes)
        } else {
          for row in 0..<size {
            _ = rows.values(
              first + row, input.base + row * width, width: width, dictionary.kernels)
          }
          try encoder.encode(input.base, count: size, stride: width, into: &codes)
        }
      } catch {
        codes.removeAll()
        let error = error.movedDown(by: first)
        throw RowBatch.Failure(row: error.row ?? first, error: SteeringError(error, in: dictionary))
      }
      first += size
    }
  }
}
