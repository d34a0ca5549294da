import SAE
import Tensors

/// Reads the activations of a few features from rows in the host's memory.
///
/// Results are staged and handed over together, so a refused row leaves the output as it was. One
/// thread at a time; allocates only when a call has more rows than every one before it.
package final class FeatureReader {
  /// The dictionary that is read with.
  package let dictionary: SparseDictionary
  /// Number of features that are read.
  package var featureCount: Int { encoder.features.count }

  private let encoder: SelectiveEncoder
  private let scratch: SelectiveEncoder.Scratch
  private let input: FloatBuffer
  private var staged: FloatBuffer

  /// - Throws: `invalidArgument` for a feature that does not exist, `nonFinite` for a bad weight.
  package init(_ dictionary: SparseDictionary, features: [Int]) throws(SteeringError) {
    self.dictionary = dictionary
    encoder = try SteeringError.rendering(for: dictionary) { () throws(DictionaryError) in
      try SelectiveEncoder(dictionary, features: features)
    }
    scratch = SelectiveEncoder.Scratch(for: encoder)
    input = FloatBuffer(count: dictionary.modelWidth)
    staged = FloatBuffer(count: features.count)
  }

  /// Writes the activations of `rows` to `out`, `[rows.count, featureCount]`, rows `stride` apart.
  package func read(
    _ rows: RowBatch, into out: UnsafeMutablePointer<Float>, stride: Int
  ) throws(RowBatch.Failure) {
    let count = featureCount
    if staged.count < rows.count * count { staged = FloatBuffer(count: rows.count * count) }
    for row in 0..<rows.count {
      do throws(DictionaryError) {
        _ = try encoder.read(
          rows.values(row, input.base, width: input.count, dictionary.kernels),
          into: staged.base + row * count,
          row: row, scratch)
      } catch {
        throw RowBatch.Failure(row: error.row ?? row, error: SteeringError(error, in: dictionary))
      }
    }
    for row in 0..<rows.count {
      (out + row * stride).update(from: staged.base + row * count, count: count)
    }
  }
}
