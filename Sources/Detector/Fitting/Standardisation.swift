/// Mean and standard deviation (divisor n) of the columns of a row-major matrix.
package struct Standardisation: Sendable {
  package private(set) var centre: [Double]
  /// 1 where a column does not vary.
  package private(set) var scale: [Double]
  /// Whether each column varies.
  package private(set) var varies: [Bool]

  package init(_ values: [Double], width: Int) {
    centre = Array(repeating: 0, count: width)
    scale = Array(repeating: 1, count: width)
    varies = Array(repeating: false, count: width)
    let rows = width == 0 ? 0 : values.count / width
    guard rows > 0 else { return }
    for row in 0..<rows {
      for column in 0..<width { centre[column] += values[row * width + column] }
    }
    for column in 0..<width { centre[column] /= Double(rows) }
    var squares = [Double](repeating: 0, count: width)
    for row in 0..<rows {
      for column in 0..<width {
        let difference = values[row * width + column] - centre[column]
        squares[column] += difference * difference
      }
    }
    for column in 0..<width {
      let deviation = (squares[column] / Double(rows)).squareRoot()
      // Rounding leaves a constant column a deviation of an ulp or so of its size.
      varies[column] = deviation > abs(centre[column]) * 1e-12
      if varies[column] { scale[column] = deviation }
    }
  }

  /// (x − centre) / scale, in place; 0 in columns that do not vary.
  package func apply(to values: inout [Double]) {
    let width = centre.count
    for index in values.indices {
      let column = index % width
      values[index] = varies[column] ? (values[index] - centre[column]) / scale[column] : 0
    }
  }
}
