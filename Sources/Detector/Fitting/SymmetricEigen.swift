// Source: Golub and Van Loan, Matrix Computations, 8.5: the cyclic Jacobi method.

/// Eigenvalues and eigenvectors of a symmetric matrix, by Jacobi rotations in a fixed order.
///
/// Meant for up to a few hundred columns. Relative accuracy: a small multiple of 2⁻⁵² of the norm.
/// - Complexity: O(size³) per sweep, about ten sweeps.
package struct SymmetricEigen: Sendable {
  /// Eigenvalues, descending.
  package private(set) var values: [Double]
  /// Eigenvectors of length 1, one row each, `[size, size]` row-major, in the order of ``values``.
  package private(set) var vectors: [Double]

  /// Decomposes `matrix`, `[size, size]`; only its symmetric part counts.
  package init(_ matrix: [Double], size: Int) {
    precondition(matrix.count == size * size, "matrix has size² elements")
    var a = matrix
    for row in 0..<size {
      for column in 0..<row {
        let mean = (a[row * size + column] + a[column * size + row]) / 2
        a[row * size + column] = mean
        a[column * size + row] = mean
      }
    }
    var v = [Double](repeating: 0, count: size * size)
    for index in 0..<size { v[index * size + index] = 1 }
    let norm = a.reduce(0) { $0 + $1 * $1 }
    for _ in 0..<60 {
      var rest = 0.0
      for row in 0..<size {
        for column in 0..<row { rest += a[row * size + column] * a[row * size + column] }
      }
      guard rest > norm * 1e-32 else { break }
      for p in 0..<size {
        for q in (p + 1)..<max(size, p + 1) { Self.rotate(&a, &v, p, q, size) }
      }
    }
    let diagonal = (0..<size).map { a[$0 * size + $0] }
    let order = (0..<size).sorted { (diagonal[$1], $0) < (diagonal[$0], $1) }
    values = order.map { diagonal[$0] }
    vectors = order.flatMap { Array(v[($0 * size)..<(($0 + 1) * size)]) }
  }

  /// Makes a[p, q] zero; `v` holds the rotations as rows.
  private static func rotate(
    _ a: inout [Double], _ v: inout [Double], _ p: Int, _ q: Int, _ size: Int
  ) {
    let off = a[p * size + q]
    guard off != 0 else { return }
    let theta = (a[q * size + q] - a[p * size + p]) / (2 * off)
    let t = (theta >= 0 ? 1 : -1) / (abs(theta) + (theta * theta + 1).squareRoot())
    let c = 1 / (t * t + 1).squareRoot()
    let s = t * c
    for k in 0..<size {
      let (x, y) = (a[k * size + p], a[k * size + q])
      a[k * size + p] = c * x - s * y
      a[k * size + q] = s * x + c * y
    }
    for k in 0..<size {
      let (x, y) = (a[p * size + k], a[q * size + k])
      a[p * size + k] = c * x - s * y
      a[q * size + k] = s * x + c * y
      let (e, f) = (v[p * size + k], v[q * size + k])
      v[p * size + k] = c * e - s * f
      v[q * size + k] = s * e + c * f
    }
  }
}
