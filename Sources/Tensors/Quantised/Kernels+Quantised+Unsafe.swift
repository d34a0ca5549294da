package import CKernels

// Products of quantised rows and what they bound; the contract stands in ckernels.h.

extension Kernels {
  /// Rounds a row to int8 codes and says what that loses; `codes` is `[count]`.
  @inlinable @inline(__always)
  package func quantise(
    _ row: UnsafePointer<Float>, count: Int, into codes: UnsafeMutablePointer<Int8>
  ) -> ck_quantised_row {
    var result = ck_quantised_row()
    table.quantise_i8(row, count, codes, &result)
    return result
  }

  /// Rounds an input to int16 codes, with what bounds of its products need; `codes` is `[count]`.
  ///
  /// The bounds are for what ``dot(_:_:count:)`` of these kernels gives.
  @inlinable @inline(__always)
  package func quantise(
    input: UnsafePointer<Float>, count: Int, into codes: UnsafeMutablePointer<Int16>
  ) -> ck_quantised_input {
    var result = ck_quantised_input()
    table.quantise_i16(input, count, dotErrorFactor(count: count) * 0x1p-23, codes, &result)
    return result
  }

  /// Sets out[b][m] to the product of row m and input b, in integers.
  ///
  /// `rows` is `[rowCount, columnCount]` and `inputs` `[inputCount, columnCount]`, both
  /// `columnCount` apart, a multiple of 32; rows of `out` are `outStride` apart.
  @inlinable @inline(__always)
  package func matmul(
    rows: UnsafePointer<Int8>, inputs: UnsafePointer<Int16>,
    into out: UnsafeMutablePointer<Int32>, outStride: Int, rowCount: Int, inputCount: Int,
    columnCount: Int
  ) {
    table.matmul_i8(
      rows, columnCount, inputs, columnCount, out, outStride, rowCount, inputCount, columnCount)
  }

  /// Turns integer products of `count` rows, from `first` on, into bounds of what σ compares.
  @inlinable @inline(__always)
  package func bound(
    _ sums: UnsafePointer<Int32>, of input: UnsafePointer<ck_quantised_input>,
    rows: UnsafePointer<ck_quantised_rows>, first: Int, count: Int, absolute: Bool,
    into bounds: UnsafeMutablePointer<Float>
  ) {
    table.bound_f32(sums, input, rows, first, count, absolute ? 1 : 0, bounds)
  }
}
