import Tensors

/// Decodes codes back to rows, with the input row at hand: x̂ and the forward pass.
///
/// Not Sendable: one thread at a time. Scratch is allocated at creation.
package final class Reconstructor {
  package let dictionary: SparseDictionary
  private let scratch: FloatBuffer

  /// Reads every weight that decoding reads, and turns a decoder that is stored as columns, so that no
  /// row has to wait for it: for set-up.
  ///
  /// - Throws: `nonFiniteWeight` when a weight that decoding reads is NaN or infinite.
  /// - Complexity: O(featureCount · outputWidth) the first time for a dictionary, O(outputWidth) after it.
  package init(_ dictionary: SparseDictionary) throws(DictionaryError) {
    try dictionary.checkOutputWeights()
    _ = dictionary.decoder.denseMatrix(dictionary.kernels)
    self.dictionary = dictionary
    scratch = FloatBuffer(count: max(dictionary.modelWidth, dictionary.outputWidth))
  }

  /// Writes x̂ of `x`, `[outputWidth]`, plus the linear path where there is one and it is asked for.
  ///
  /// With a `prefix`, one of the dictionary's ``SparseDictionary/prefixes``, features from it on count
  /// as not active. NaN when the row's normalisation is undefined.
  /// - Throws: `field` for another prefix; `nonFiniteResult` when finite codes and weights overflow f32.
  package func decode(
    _ codes: SparseCodes, row: Int, of x: UnsafePointer<Float>, includingSkip: Bool = false,
    prefix: Int? = nil, into out: UnsafeMutablePointer<Float>
  ) throws(DictionaryError) {
    if let prefix { try dictionary.checkPrefix(prefix) }
    let width = dictionary.outputWidth
    guard let transform = transform(of: x) else {
      out.update(repeating: .nan, count: width)
      return
    }
    var isFinite = dictionary.decode(
      codes, row: row, transform: transform, below: prefix ?? dictionary.featureCount, into: out)
    if includingSkip, dictionary.hasSkip {
      dictionary.addSkip(x, scratch: scratch.base, into: out)
      isFinite = dictionary.kernels.firstNonfinite(out, count: width) == width
    }
    guard isFinite else { throw DictionaryError(.nonFiniteResult(row: row)) }
  }

  /// How the row's normalisation is undone; nil when it is undefined.
  private func transform(of x: UnsafePointer<Float>) -> RowTransform? {
    guard dictionary.normalisation != .none else { return .identity }
    return dictionary.normalisation.apply(x, width: dictionary.modelWidth, into: scratch.base)
  }
}
