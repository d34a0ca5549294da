/// Rows of a matrix rounded to int8, one scale per row, with rigorous limits of what that lost.
///
/// With r = row − scale · codes: ‖r‖₂ ≤ residual, |rⱼ| ≤ 0.5001 · scale, ‖row‖₂ ≤ norm. A quarter of the
/// bytes of f32, from which a product with any input is known to within a bound: see
/// `docs/numerics.md`, "Pruned encoding". Never a substitute for the rows, only a guide to them.
///
/// Shapes: codes `[rowCount, paddedWidth]` i8, padded with zeros; scales, residuals and norms
/// `[rowCount]` f32, finite and not negative. Thread rule: immutable; share it between threads.
package struct QuantisedRows: Sendable {
  package let rowCount: Int
  /// Components of a row.
  package let width: Int
  package let codes: Tensor
  package let scales: Tensor
  package let residuals: Tensor
  package let norms: Tensor

  /// Norms above this could overflow a bound.
  package static let largestNorm: Float = 1e10
  /// Of wider rows ``Kernels/dotErrorFactor(count:)`` does not say what a product loses.
  package static let largestWidth = 130_000

  /// The length of a row of codes: `width` rounded up to what a cache line holds.
  package static func paddedWidth(_ width: Int) -> Int { (width + 63) / 64 * 64 }

  /// Why arrays are not the quantised form of a matrix.
  package enum Flaw: Error, Equatable, Sendable {
    /// An array has another type or shape, or numbers that are not aligned.
    case shape(String, found: [Int], expected: [Int])
    /// A scale, residual or norm is not a number, negative or too large.
    case value(String, row: Int)
  }

  /// Borrows arrays, for instance of a mapped file, and checks all but the codes.
  ///
  /// - Complexity: O(rowCount).
  package init(
    width: Int, codes: Tensor, scales: Tensor, residuals: Tensor, norms: Tensor
  ) throws(Flaw) {
    let count = codes.shape.first ?? 0
    let padded = QuantisedRows.paddedWidth(width)
    guard width > 0, width <= Self.largestWidth, codes.elementType == .i8,
      codes.shape == [count, padded]
    else { throw .shape("codes", found: codes.shape, expected: [count, padded]) }
    for (name, array) in [("scales", scales), ("residuals", residuals), ("norms", norms)] {
      guard array.elementType == .f32, array.shape == [count],
        UInt(bitPattern: array.storage.base + array.byteOffset) % 4 == 0
      else { throw .shape(name, found: array.shape, expected: [count]) }
      let values = Self.floats(array)
      for row in 0..<count where !(values[row] >= 0 && values[row] <= Self.largestNorm) {
        throw .value(name, row: row)
      }
    }
    self.width = width
    rowCount = count
    self.codes = codes
    self.scales = scales
    self.residuals = residuals
    self.norms = norms
  }

  package var paddedWidth: Int { Self.paddedWidth(width) }
  package var byteCount: Int {
    codes.byteCount + scales.byteCount + residuals.byteCount + norms.byteCount
  }

  /// Mean over rows of ‖r‖/‖row‖: what share of a row's length the codes lose.
  package var meanLoss: Double {
    let (lost, whole) = (Self.floats(residuals), Self.floats(norms))
    var sum = 0.0
    var count = 0
    for row in 0..<rowCount where whole[row] > 0 {
      sum += Double(lost[row] / whole[row])
      count += 1
    }
    return count > 0 ? sum / Double(count) : 0
  }

  var codeBase: UnsafePointer<Int8> {
    (codes.storage.base + codes.byteOffset).assumingMemoryBound(to: Int8.self)
  }

  static func floats(_ array: Tensor) -> UnsafePointer<Float> {
    (array.storage.base + array.byteOffset).assumingMemoryBound(to: Float.self)
  }
}
