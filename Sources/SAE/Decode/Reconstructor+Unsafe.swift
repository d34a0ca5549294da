import Tensors

/// Decodes codes back to rows, with the input row at hand: x̂, the forward pass, and the error.
///
/// Not Sendable: one thread at a time. Scratch is allocated at creation.
package final class Reconstructor {
  package let dictionary: SparseDictionary
  private let scratch: FloatBuffer

  package init(_ dictionary: SparseDictionary) {
    self.dictionary = dictionary
    scratch = FloatBuffer(count: max(dictionary.modelWidth, dictionary.outputWidth))
  }

  /// Writes x̂, `[outputWidth]`; NaN when the row's normalisation is undefined.
  package func decode(
    _ codes: SparseCodes, row: Int, of x: UnsafePointer<Float>,
    into out: UnsafeMutablePointer<Float>
  ) {
    guard
      let transform = dictionary.normalisation.apply(
        x, width: dictionary.modelWidth, into: scratch.base)
    else {
      out.update(repeating: .nan, count: dictionary.outputWidth)
      return
    }
    dictionary.decode(codes, row: row, transform: transform, into: out)
  }

  /// Writes the whole forward pass, x̂ plus the linear path where there is one, `[outputWidth]`.
  package func forward(
    _ codes: SparseCodes, row: Int, of x: UnsafePointer<Float>,
    into out: UnsafeMutablePointer<Float>
  ) {
    decode(codes, row: row, of: x, into: out)
    dictionary.addSkip(x, scratch: scratch.base, into: out)
  }
}
