/// A plan as data: what to do, not yet tied to a dictionary.
///
/// The same document, in JSON, for the command line, C and Python; its schema is
/// `docs/schemas/plan.schema.json`.
public struct PlanDocument: Sendable, Equatable {
  /// The version of the document's layout that this library reads and writes.
  public static let version = 1

  /// What to do; order does not matter.
  public var interventions: [Intervention]
  /// The rows of interventions that do not say otherwise.
  public var scope: Scope

  /// Makes a plan.
  public init(_ interventions: [Intervention], scope: Scope = Scope()) {
    self.interventions = interventions
    self.scope = scope
  }

  /// The scope that holds for an intervention of this plan.
  func scope(of intervention: Intervention) -> Scope { intervention.scope ?? scope }

  /// Whether some intervention distinguishes prompt from generated tokens.
  public var needsPromptLength: Bool { phaseField != nil }

  /// The first field that distinguishes prompt from generated tokens.
  var phaseField: String? {
    for (index, intervention) in interventions.enumerated()
    where scope(of: intervention).phase != .all {
      return intervention.scope == nil ? "scope.phase" : "interventions[\(index)].scope.phase"
    }
    return nil
  }
}
