/// Rows of one or of several matrices, scaled, on their way to being added up in one pass.
///
/// ```
/// out = base + (start + Σ scale · row)        rows in the order in which they are added
/// ```
///
/// The sum has the bits of ``RowMatrix/axpy(_:scale:into:_:)``, row after row. Nothing is allocated: it
/// holds a few addresses on the stack, and adds them up whenever there is no room for more.
package struct RowSum {
  /// Addresses that fit: the memory for them and their scales stays below 1 KiB.
  private static let capacity = 64

  private let rows: UnsafeMutablePointer<UnsafeRawPointer>
  private let scales: UnsafeMutablePointer<Float>
  private let out: UnsafeMutablePointer<Float>
  private let width: Int
  private let kernels: Kernels
  private var count = 0
  private var element = RowMatrix.Element.f32
  /// The sum of earlier rows; nil for none.
  private var soFar: UnsafePointer<Float>?

  /// Writes to `out`, `[width]`, the sum of the rows that `body` adds, and of `start` and `base` where
  /// there are any.
  ///
  /// Returns whether all of it is finite. `out` may be `start`.
  package static func write(
    into out: UnsafeMutablePointer<Float>, width: Int, start: UnsafePointer<Float>? = nil,
    base: UnsafePointer<Float>? = nil, _ kernels: Kernels, _ body: (inout RowSum) -> Void
  ) -> Bool {
    withUnsafeTemporaryAllocation(of: UnsafeRawPointer.self, capacity: capacity) { rows in
      withUnsafeTemporaryAllocation(of: Float.self, capacity: capacity) { scales in
        guard let rows = rows.baseAddress, let scales = scales.baseAddress else {
          fatalError("memory for \(capacity) addresses")
        }
        var sum = RowSum(
          rows: rows, scales: scales, out: out, start: start, width: width, kernels: kernels)
        body(&sum)
        return sum.flush(base: base)
      }
    }
  }

  private init(
    rows: UnsafeMutablePointer<UnsafeRawPointer>, scales: UnsafeMutablePointer<Float>,
    out: UnsafeMutablePointer<Float>, start: UnsafePointer<Float>?, width: Int, kernels: Kernels
  ) {
    self.rows = rows
    self.scales = scales
    self.out = out
    soFar = start
    self.width = width
    self.kernels = kernels
  }

  /// Adds `scale` · row `row` of `matrix`, whose width is that of the sum.
  package mutating func add(_ matrix: RowMatrix, row: Int, scale: Float) {
    assert(matrix.width == width)
    if count == Self.capacity || (count > 0 && matrix.element != element) {
      _ = flush(base: nil)
    }
    element = matrix.element
    (rows + count).initialize(to: matrix.address(ofRow: row))
    (scales + count).initialize(to: scale)
    count += 1
  }

  private mutating func flush(base: UnsafePointer<Float>?) -> Bool {
    let isFinite = element.combine(
      rows, scales, rowCount: count, start: soFar, base: base, into: out, width: width, kernels)
    count = 0
    soFar = UnsafePointer(out)
    return isFinite
  }
}

extension RowMatrix.Element {
  /// ``Kernels/combine(_:_:rowCount:start:base:into:count:)`` over addresses of rows of this type.
  package func combine(
    _ rows: UnsafePointer<UnsafeRawPointer>, _ scales: UnsafePointer<Float>, rowCount: Int,
    start: UnsafePointer<Float>?, base: UnsafePointer<Float>?,
    into out: UnsafeMutablePointer<Float>, width: Int, _ kernels: Kernels
  ) -> Bool {
    let address = UnsafeRawPointer(rows)
    switch self {
    case .f32:
      return kernels.combine(
        address.assumingMemoryBound(to: UnsafePointer<Float>.self), scales, rowCount: rowCount,
        start: start, base: base, into: out, count: width)
    case .bf16:
      return kernels.combine(
        bfloat16: address.assumingMemoryBound(to: UnsafePointer<UInt16>.self), scales,
        rowCount: rowCount, start: start, base: base, into: out, count: width)
    }
  }
}
