/// Correlation of paired values, in f64, with the sums taken in the order given.
public enum Correlation {
  /// Pearson's correlation: Σ(x−x̄)(y−ȳ) / √(Σ(x−x̄)² Σ(y−ȳ)²), from −1 to 1.
  ///
  /// NaN with fewer than two pairs, when one side is constant, and when a value is not finite. `x` and
  /// `y` must have the same count.
  public static func pearson(_ x: [Double], _ y: [Double]) -> Double {
    precondition(x.count == y.count, "y has \(y.count) values, expected \(x.count)")
    guard x.count >= 2, let first = deviations(x), let second = deviations(y) else { return .nan }
    return product(first, second)
  }

  /// Spearman's correlation: Pearson's of the ranks, ties sharing the mean of their ranks.
  ///
  /// NaN as for `pearson`. `x` and `y` must have the same count.
  /// - Complexity: O(n log n).
  public static func spearman(_ x: [Double], _ y: [Double]) -> Double {
    precondition(x.count == y.count, "y has \(y.count) values, expected \(x.count)")
    guard x.allSatisfy(\.isFinite), y.allSatisfy(\.isFinite) else { return .nan }
    return pearson(ranks(of: x), ranks(of: y))
  }

  /// The Pearson correlations of all pairs of `columns`, row-major [K, K]: symmetric, diagonal 1.
  ///
  /// A column that is constant or not finite has no correlation: its entries off the diagonal are 0.
  /// No columns give an empty matrix. All columns must have the same count.
  /// - Complexity: O(K² n).
  public static func matrix(of columns: [[Double]]) -> [Double] {
    let width = columns.count
    let centred = columns.map { column in
      precondition(
        column.count == columns[0].count,
        "a column has \(column.count) values, expected \(columns[0].count)")
      return deviations(column)
    }
    var entries = [Double](repeating: 0, count: width * width)
    for row in 0..<width {
      entries[row * width + row] = 1
      guard let first = centred[row] else { continue }
      for column in 0..<row {
        guard let second = centred[column] else { continue }
        let value = product(first, second)
        entries[row * width + column] = value
        entries[column * width + row] = value
      }
    }
    return entries
  }

  /// The ranks of `values`, from 1, ties sharing the mean of their ranks.
  package static func ranks(of values: [Double]) -> [Double] {
    let sorted = values.sorted()
    return values.map { Double(1 + sorted.countBelow($0) + sorted.countAtMost($0)) / 2 }
  }

  /// Deviations from the mean, over their root of the sum of squares; nil when there are none.
  private static func deviations(_ values: [Double]) -> [Double]? {
    // Asked of the values: the deviations of a constant from its rounded mean need not be 0.
    guard let first = values.first, values.contains(where: { $0 != first }) else { return nil }
    let mean = values.reduce(0, +) / Double(values.count)
    let centred = values.map { $0 - mean }
    let length = centred.reduce(0) { $0 + $1 * $1 }.squareRoot()
    guard length.isFinite, length > 0 else { return nil }
    return centred.map { $0 / length }
  }

  private static func product(_ first: [Double], _ second: [Double]) -> Double {
    let sum = zip(first, second).reduce(0) { $0 + $1.0 * $1.1 }
    return min(max(sum, -1), 1)
  }
}
