/// Why a dictionary cannot be built from its parts, or cannot answer.
package struct DictionaryError: Error, Equatable, Sendable {
  package enum Reason: Equatable, Sendable {
    /// An array has the wrong shape.
    case shape(tensor: String, found: [Int], expected: [Int])
    /// A weight is NaN or infinite.
    case nonFiniteWeight(tensor: String, row: Int, column: Int)
    /// A scalar field has a value outside its range.
    case field(name: String, found: String, expected: String)
    /// A feature index is outside the dictionary.
    case featureOutOfRange(found: Int, count: Int)
    /// A row does not have the width the dictionary reads.
    case width(found: Int, expected: Int)
    /// An input value is NaN or infinite.
    case nonFiniteInput(row: Int, column: Int)
    /// Finite input and weights gave a NaN or an infinity: the magnitudes overflow f32.
    case nonFiniteResult(row: Int)
  }

  package var reason: Reason

  package init(_ reason: Reason) { self.reason = reason }
}
