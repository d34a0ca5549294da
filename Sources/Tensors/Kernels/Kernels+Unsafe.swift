package import CKernels

// Pass-through to the kernel table. Counts and strides are in elements and not negative; the
// pointers cover the stated shapes. Nothing is checked here: the callers own shapes and overflow
// checks.

/// One function per operation, of one instruction set.
package typealias KernelEntries = UnsafePointer<ck_kernels>

extension Kernels {
  @inlinable @inline(__always)
  package var table: ck_kernels { entries.pointee }

  // MARK: - Reductions

  /// Returns the sum over i of a[i] * b[i]; 0 when `count` is 0.
  ///
  /// `a` and `b` are [count] and may overlap. NaN and infinities propagate.
  /// Precision: reduction, see `dotErrorFactor(count:)`.
  @inlinable @inline(__always)
  package func dot(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, count: Int) -> Float {
    table.dot_f32(a, b, count)
  }

  /// Returns the sum over i of a[i] * b[i], where `a` holds bf16 bits; 0 when `count` is 0.
  ///
  /// `a` and `b` are [count]. NaN and infinities propagate.
  /// Precision: reduction, see `dotErrorFactor(count:)`.
  @inlinable @inline(__always)
  package func dot(
    bfloat16 a: UnsafePointer<UInt16>, _ b: UnsafePointer<Float>, count: Int
  ) -> Float {
    table.dot_bf16(a, b, count)
  }

  /// Sets out[m] to the dot product of row m and `x`.
  ///
  /// `rows` is [rowCount, columnCount], rows `rowStride` elements apart; `x` is [columnCount];
  /// `out` is [rowCount] and overlaps neither. Each result has the bits that `dot` returns for its
  /// row, except for NaN payloads: computing rows alone or together gives the same answer.
  @inlinable @inline(__always)
  package func matvec(
    rows: UnsafePointer<Float>, rowStride: Int, _ x: UnsafePointer<Float>,
    into out: UnsafeMutablePointer<Float>, rowCount: Int, columnCount: Int
  ) {
    table.matvec_f32(rows, rowStride, x, out, rowCount, columnCount)
  }

  /// Sets out[m] to the dot product of row m, in bf16 bits, and `x`.
  ///
  /// `rows` is [rowCount, columnCount], rows `rowStride` elements apart; `x` is [columnCount];
  /// `out` is [rowCount] and overlaps neither. Each result has the bits that `dot` returns for its
  /// row, except for NaN payloads: computing rows alone or together gives the same answer.
  @inlinable @inline(__always)
  package func matvec(
    bfloat16 rows: UnsafePointer<UInt16>, rowStride: Int, _ x: UnsafePointer<Float>,
    into out: UnsafeMutablePointer<Float>, rowCount: Int, columnCount: Int
  ) {
    table.matvec_bf16(rows, rowStride, x, out, rowCount, columnCount)
  }

  /// Sets out[b][m] to the dot product of row m and input b, each with the bits that `dot` returns.
  ///
  /// `rows` is [rowCount, columnCount], `inputs` [inputCount, columnCount], `out` [inputCount, rowCount];
  /// their strides are in elements, and `out` overlaps neither.
  @inlinable @inline(__always)
  package func matmul(
    rows: UnsafePointer<Float>, rowStride: Int, inputs: UnsafePointer<Float>, inputStride: Int,
    into out: UnsafeMutablePointer<Float>, outStride: Int, rowCount: Int, inputCount: Int,
    columnCount: Int
  ) {
    table.matmul_f32(
      rows, rowStride, inputs, inputStride, out, outStride, rowCount, inputCount, columnCount)
  }

  /// The same for rows in bf16 bits.
  @inlinable @inline(__always)
  package func matmul(
    bfloat16 rows: UnsafePointer<UInt16>, rowStride: Int, inputs: UnsafePointer<Float>,
    inputStride: Int, into out: UnsafeMutablePointer<Float>, outStride: Int, rowCount: Int,
    inputCount: Int, columnCount: Int
  ) {
    table.matmul_bf16(
      rows, rowStride, inputs, inputStride, out, outStride, rowCount, inputCount, columnCount)
  }

  /// Sets out[m] to the dot product of row m and `x` − `minus`, which is rounded but never stored.
  ///
  /// Shapes as for `matvec`; `minus` is [columnCount]. The bits are those of a `matvec` with the
  /// difference.
  @inlinable @inline(__always)
  package func matvec(
    rows: UnsafePointer<Float>, rowStride: Int, _ x: UnsafePointer<Float>,
    minus: UnsafePointer<Float>, into out: UnsafeMutablePointer<Float>, rowCount: Int,
    columnCount: Int
  ) {
    table.matvecminus_f32(rows, rowStride, x, minus, out, rowCount, columnCount)
  }

  /// The same where `rows` holds bf16 bits.
  @inlinable @inline(__always)
  package func matvec(
    bfloat16 rows: UnsafePointer<UInt16>, rowStride: Int, _ x: UnsafePointer<Float>,
    minus: UnsafePointer<Float>, into out: UnsafeMutablePointer<Float>, rowCount: Int,
    columnCount: Int
  ) {
    table.matvecminus_bf16(rows, rowStride, x, minus, out, rowCount, columnCount)
  }

  /// Adds alpha * x[i] to y[i].
  ///
  /// `x` and `y` are [count] and do not overlap. NaN and infinities propagate; alpha 0 is not
  /// special. Precision: one rounding per element (FMA), two with the scalar kernels.
  @inlinable @inline(__always)
  package func axpy(
    _ alpha: Float, _ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, count: Int
  ) {
    table.axpy_f32(alpha, x, y, count)
  }

  /// Adds alpha * x[i] to y[i], where `x` holds bf16 bits.
  ///
  /// `x` and `y` are [count] and do not overlap. NaN and infinities propagate; alpha 0 is not
  /// special. Precision: one rounding per element (FMA), two with the scalar kernels.
  @inlinable @inline(__always)
  package func axpy(
    _ alpha: Float, bfloat16 x: UnsafePointer<UInt16>, into y: UnsafeMutablePointer<Float>,
    count: Int
  ) {
    table.axpy_bf16(alpha, x, y, count)
  }

  // MARK: - Sums of rows

  /// Sets out[i] to base[i] + (start[i] + the sum over s of coefficients[s] * rows[s][i]); returns
  /// whether all of them are finite.
  ///
  /// `rows` and `coefficients` are [rowCount], every row, `start`, `base` and `out` [count]. Without
  /// `start` the sum starts at 0, without `base` nothing is added to it. `out` may be `start` or `base`.
  /// The sum has the bits of `axpy`, row after row.
  @inlinable @inline(__always)
  package func combine(
    _ rows: UnsafePointer<UnsafePointer<Float>>, _ coefficients: UnsafePointer<Float>,
    rowCount: Int, start: UnsafePointer<Float>?, base: UnsafePointer<Float>?,
    into out: UnsafeMutablePointer<Float>, count: Int
  ) -> Bool {
    table.combine_f32(rows, coefficients, rowCount, start, base, out, count) != 0
  }

  /// The same where the rows hold bf16 bits.
  @inlinable @inline(__always)
  package func combine(
    bfloat16 rows: UnsafePointer<UnsafePointer<UInt16>>, _ coefficients: UnsafePointer<Float>,
    rowCount: Int, start: UnsafePointer<Float>?, base: UnsafePointer<Float>?,
    into out: UnsafeMutablePointer<Float>, count: Int
  ) -> Bool {
    table.combine_bf16(rows, coefficients, rowCount, start, base, out, count) != 0
  }

  // MARK: - Fit

  /// Writes Σ(y − x)², Σ y·x, Σ x² and Σ y² to `out`, [4], all in f64.
  ///
  /// `x` and `y` are [count] and may overlap. The same bits on every instruction set.
  @inlinable @inline(__always)
  package func moments(
    _ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>, into out: UnsafeMutablePointer<Double>,
    count: Int
  ) {
    table.moments_f32(x, y, out, count)
  }

  /// Adds x[i] − centre[i] to sums[i], and returns Σ(x[i] − centre[i])², all in f64.
  ///
  /// All are [count]; `sums` overlaps nothing. The same bits on every instruction set.
  @inlinable @inline(__always)
  package func spread(
    _ x: UnsafePointer<Float>, around centre: UnsafePointer<Float>,
    into sums: UnsafeMutablePointer<Double>, count: Int
  ) -> Double {
    table.spread_f32(x, centre, sums, count)
  }

  // MARK: - Sparse rows

  /// Sets out[r] to the sum over j of values[r][j] * x[columns[r][j]].
  ///
  /// `values` and `columns` are [rowCount, degree], the columns of 2 or 4 bytes, each inside `x`; `out`
  /// is [rowCount] and overlaps nothing. Computing rows alone or together gives the same bits.
  /// Precision: reduction, see `dotErrorFactor(count:)` of the degree.
  @inlinable @inline(__always)
  package func gatherDot(
    _ values: UnsafePointer<Float>, _ columns: UnsafeRawPointer, columnBytes: Int,
    _ x: UnsafePointer<Float>, into out: UnsafeMutablePointer<Float>, rowCount: Int, degree: Int
  ) {
    table.gatherdot_f32(
      values, columns, Int32(truncatingIfNeeded: columnBytes), x, out, rowCount, degree)
  }

  /// The same where `values` holds bf16 bits.
  @inlinable @inline(__always)
  package func gatherDot(
    bfloat16 values: UnsafePointer<UInt16>, _ columns: UnsafeRawPointer, columnBytes: Int,
    _ x: UnsafePointer<Float>, into out: UnsafeMutablePointer<Float>, rowCount: Int, degree: Int
  ) {
    table.gatherdot_bf16(
      values, columns, Int32(truncatingIfNeeded: columnBytes), x, out, rowCount, degree)
  }

  /// Adds alpha * values[j] to y[columns[j]].
  ///
  /// `values` and `columns` are [degree], the columns of 2 or 4 bytes, each once and inside `y`.
  /// Precision: one rounding per element (FMA), two with the scalar kernels.
  @inlinable @inline(__always)
  package func scatterAxpy(
    _ alpha: Float, _ values: UnsafePointer<Float>, _ columns: UnsafeRawPointer, columnBytes: Int,
    into y: UnsafeMutablePointer<Float>, degree: Int
  ) {
    table.scatteraxpy_f32(
      alpha, values, columns, Int32(truncatingIfNeeded: columnBytes), y, degree)
  }

  /// The same where `values` holds bf16 bits.
  @inlinable @inline(__always)
  package func scatterAxpy(
    _ alpha: Float, bfloat16 values: UnsafePointer<UInt16>, _ columns: UnsafeRawPointer,
    columnBytes: Int, into y: UnsafeMutablePointer<Float>, degree: Int
  ) {
    table.scatteraxpy_bf16(
      alpha, values, columns, Int32(truncatingIfNeeded: columnBytes), y, degree)
  }

  // MARK: - Conversions

  /// Converts `count` bf16 numbers to f32. Exact; a NaN becomes quiet and keeps sign and payload.
  @inlinable @inline(__always)
  package func widen(
    bfloat16 input: UnsafePointer<UInt16>, into out: UnsafeMutablePointer<Float>, count: Int
  ) {
    table.widen_bf16(input, out, count)
  }

  /// Converts `count` f16 numbers to f32. Exact; a NaN becomes quiet and keeps sign and payload.
  @inlinable @inline(__always)
  package func widen(
    float16 input: UnsafePointer<UInt16>, into out: UnsafeMutablePointer<Float>, count: Int
  ) {
    table.widen_f16(input, out, count)
  }

  /// Rounds `count` f32 numbers to bf16, to nearest, ties to even.
  ///
  /// Too large becomes infinity; subnormals are kept; a NaN becomes quiet and keeps its sign and
  /// the upper bits of its payload. The same bits on every instruction set.
  @inlinable @inline(__always)
  package func narrow(
    _ input: UnsafePointer<Float>, bfloat16 out: UnsafeMutablePointer<UInt16>, count: Int
  ) {
    table.narrow_bf16(input, out, count)
  }

  /// Rounds `count` f32 numbers to f16, to nearest, ties to even.
  ///
  /// From 65,520 on the result is infinity; subnormals are kept; a NaN becomes quiet and keeps its
  /// sign and the upper bits of its payload. The same bits on every instruction set.
  @inlinable @inline(__always)
  package func narrow(
    _ input: UnsafePointer<Float>, float16 out: UnsafeMutablePointer<UInt16>, count: Int
  ) {
    table.narrow_f16(input, out, count)
  }

  // MARK: - Search

  /// Returns the index of the first NaN or infinity, or `count` when there is none.
  @inlinable @inline(__always)
  package func firstNonfinite(_ x: UnsafePointer<Float>, count: Int) -> Int {
    table.nonfinite_f32(x, count)
  }

  /// Returns the index of the first NaN or infinity in bf16 bits, or `count` when there is none.
  @inlinable @inline(__always)
  package func firstNonfinite(bfloat16 x: UnsafePointer<UInt16>, count: Int) -> Int {
    table.nonfinite_bf16(x, count)
  }

  /// Returns the index of the first NaN or infinity in f16 bits, or `count` when there is none.
  @inlinable @inline(__always)
  package func firstNonfinite(float16 x: UnsafePointer<UInt16>, count: Int) -> Int {
    table.nonfinite_f16(x, count)
  }

  // MARK: - Selection

  /// Writes first + i for every z[i] above `threshold`, ascending; returns how many they are.
  ///
  /// `z` and `indices` are [count]; entries behind the returned number are not specified. Exact: both
  /// zeros are equal, a NaN lies beyond the infinity of its sign.
  @inlinable @inline(__always)
  package func listAbove(
    _ threshold: Float, _ z: UnsafePointer<Float>, count: Int, first: UInt32 = 0,
    into indices: UnsafeMutablePointer<UInt32>
  ) -> Int {
    table.listabove_f32(z, threshold, count, first, indices)
  }

  /// The same for |z[i]|.
  @inlinable @inline(__always)
  package func listAbove(
    _ threshold: Float, absolute z: UnsafePointer<Float>, count: Int, first: UInt32 = 0,
    into indices: UnsafeMutablePointer<UInt32>
  ) -> Int {
    table.listaboveabs_f32(z, threshold, count, first, indices)
  }

  /// The same for z[i] above thresholds[i] and above 0: what JumpReLU leaves active.
  @inlinable @inline(__always)
  package func listJump(
    _ thresholds: UnsafePointer<Float>, _ z: UnsafePointer<Float>, count: Int, first: UInt32 = 0,
    into indices: UnsafeMutablePointer<UInt32>
  ) -> Int {
    table.listjump_f32(z, thresholds, count, first, indices)
  }

  /// Writes the places of the best `k` of `count` numbers, ascending; returns the worst one's place.
  ///
  /// Better is larger (where `absolute`, in magnitude), then the lower place. `k` is from 1 to `count`,
  /// `count` below 2^31; `keys` (scratch) and `indices` are [topKRoom(k)]. Exact. O(count) for any order.
  @inlinable @inline(__always)
  package func topK(
    _ k: Int, _ z: UnsafePointer<Float>, count: Int, absolute: Bool,
    keys: UnsafeMutablePointer<Int32>, into indices: UnsafeMutablePointer<UInt32>
  ) -> UInt32 {
    table.topk_f32(z, count, k, absolute ? 1 : 0, keys, indices)
  }

  // MARK: - Movement

  /// Asks for `byteCount` bytes that will soon be read; a hint, of any address.
  @inlinable @inline(__always)
  package static func prefetch(_ address: UnsafeRawPointer, byteCount: Int) {
    ck_prefetch(address, byteCount)
  }

  /// Sets out[c][r] to input[r][c], for 4-byte elements.
  ///
  /// `input` is [rows, columns], rows `inputStride` elements apart; `out` is [columns, rows], rows
  /// `outStride` apart, and does not overlap `input`. Bits are moved, never interpreted. Uses 16
  /// KiB of stack.
  @inlinable @inline(__always)
  package func transpose(
    _ input: UnsafePointer<UInt32>, inputStride: Int, into out: UnsafeMutablePointer<UInt32>,
    outStride: Int, rows: Int, columns: Int
  ) {
    table.transpose_u32(input, inputStride, out, outStride, rows, columns)
  }

  /// Sets out[c][r] to input[r][c], for 2-byte elements.
  ///
  /// `input` is [rows, columns], rows `inputStride` elements apart; `out` is [columns, rows], rows
  /// `outStride` apart, and does not overlap `input`. Bits are moved, never interpreted. Uses 8 KiB
  /// of stack.
  @inlinable @inline(__always)
  package func transpose(
    _ input: UnsafePointer<UInt16>, inputStride: Int, into out: UnsafeMutablePointer<UInt16>,
    outStride: Int, rows: Int, columns: Int
  ) {
    table.transpose_u16(input, inputStride, out, outStride, rows, columns)
  }

  /// Sets out[i] to input[i * stride], for 4-byte elements: one column of a row-major matrix.
  ///
  /// `out` is [count] and does not overlap `input`. Stride 0 repeats the first element.
  @inlinable @inline(__always)
  package func gather(
    _ input: UnsafePointer<UInt32>, stride: Int, into out: UnsafeMutablePointer<UInt32>, count: Int
  ) {
    table.gather_u32(input, stride, out, count)
  }

  /// Sets out[i] to input[i * stride], for 2-byte elements: one column of a row-major matrix.
  ///
  /// `out` is [count] and does not overlap `input`. Stride 0 repeats the first element.
  @inlinable @inline(__always)
  package func gather(
    _ input: UnsafePointer<UInt16>, stride: Int, into out: UnsafeMutablePointer<UInt16>, count: Int
  ) {
    table.gather_u16(input, stride, out, count)
  }
}
