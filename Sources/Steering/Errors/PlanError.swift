/// Why a plan cannot be read or compiled: which field, what it holds, what is accepted.
package struct PlanError: Error, Equatable, Sendable {
  package enum Reason: Equatable, Sendable {
    case unknownKey(accepted: [String])
    case missing(expected: String)
    case value(found: String, expected: String)
    case duplicate(feature: Int, other: String)
    case featureOutOfRange(found: Int, count: Int)
    case zeroDirection(feature: Int)
    case needsActivation(mode: String, reads: String, writes: String)
    case empty
  }

  package var reason: Reason
  /// The field, as a path such as `interventions[2].alpha`.
  package var field: String

  package init(_ field: String, _ reason: Reason) {
    self.field = field
    self.reason = reason
  }
}
