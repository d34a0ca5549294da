internal import CKernels

/// Upper bounds of (row · x + bias) · gain for quantised rows and inputs.
///
/// Each bound is at least what the exact f32 path gives for that row and input, its roundings
/// included; see `docs/numerics.md`, "Pruned encoding". Thread rule: immutable; each thread brings its
/// own scratch.
package final class BoundedProduct: Sendable {
  /// Rows whose products are taken together: their codes stay in the cache for all inputs.
  package static let blockRows = 64

  package let rows: QuantisedRows
  private let bias: StoredArray<Float>
  private let gain: StoredArray<Float>?
  private let isAbsolute: Bool

  /// With `absolute`, of the magnitude. `bias` is `[rowCount]`, `gain` too, or empty for 1.
  ///
  /// Nil when a bias is above 1e10 or a gain outside 0...1e10, or not a number: a bound could overflow.
  package init?(_ rows: QuantisedRows, bias: [Float], gain: [Float], absolute: Bool) {
    precondition(bias.count == rows.rowCount, "one bias per row")
    precondition(gain.isEmpty || gain.count == rows.rowCount, "one gain per row")
    guard rows.rowCount > 0, Self.canBound(bias: bias, gain: gain) else { return nil }
    self.rows = rows
    self.bias = StoredArray(bias)
    self.gain = gain.isEmpty ? nil : StoredArray(gain)
    isAbsolute = absolute
  }

  /// Whether no bias or gain could overflow a bound.
  package static func canBound(bias: [Float], gain: [Float]) -> Bool {
    bias.allSatisfy { abs($0) <= 1e10 } && gain.allSatisfy { $0 >= 0 && $0 <= 1e10 }
  }

  /// Int32 numbers that ``bounds(of:in:scratch:into:stride:_:)`` needs for `inputCount` inputs.
  package static func scratchCount(inputCount: Int) -> Int { inputCount * blockRows }

  /// Writes the bounds of `features` for the inputs at `places`, rows of `out` `stride` apart.
  ///
  /// `out` is `[places.count, rowCount]`; only the columns of `features` are written.
  package func bounds(
    of inputs: QuantisedInputs, at places: Range<Int>, in features: Range<Int>,
    scratch: UnsafeMutablePointer<Int32>, into out: UnsafeMutablePointer<Float>, stride: Int,
    _ kernels: Kernels
  ) {
    guard let bias = bias.base else { return }
    var arrays = ck_quantised_rows(
      scale: QuantisedRows.floats(rows.scales), residual: QuantisedRows.floats(rows.residuals),
      norm: QuantisedRows.floats(rows.norms), bias: bias, gain: gain?.base)
    let width = rows.paddedWidth
    let codes = inputs.codes + places.lowerBound * width
    var block = features.lowerBound
    while block < features.upperBound {
      let size = min(Self.blockRows, features.upperBound - block)
      kernels.matmul(
        rows: rows.codeBase + block * width, inputs: codes, into: scratch, outStride: size,
        rowCount: size, inputCount: places.count, columnCount: width)
      for (place, input) in places.enumerated() {
        kernels.bound(
          scratch + place * size, of: inputs.limits + input, rows: &arrays, first: block,
          count: size, absolute: isAbsolute, into: out + place * stride + block)
      }
      block += size
    }
  }
}
