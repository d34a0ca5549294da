/// Why scores cannot be computed, a detector cannot be fitted or calibrated, or a verdict cannot be given.
package struct DetectionError: Error, Equatable, Sendable {
  package enum Reason: Equatable, Sendable {
    /// A field has a value outside its range.
    case field(name: String, found: String, expected: String)
    /// Counts that must agree do not.
    case count(of: String, found: Int, expected: Int)
    /// Too little to learn or to calibrate from.
    case tooFew(what: String, found: Int, needed: Int)
    /// A number is NaN or infinite where it must not be.
    case nonFinite(what: String)
    /// A feature index is outside the dictionary.
    case featureOutOfRange(found: Int, count: Int)
    /// A document serves in two splits that must be disjoint.
    case splitOverlap(document: String, first: String, second: String)
    /// A document appears twice in one split.
    case duplicate(document: String, split: String)
    /// Something needs a calibrated detector, and this one is not.
    case notCalibrated(what: String)
    /// What is asked does not go with this kind of detector.
    case unsupported(what: String, expected: String)
  }

  package var reason: Reason

  package init(_ reason: Reason) { self.reason = reason }
}
