import SAE
import Steering
import Testing
import TestSupport

@Suite struct PlanConflictTests {
  private static let clamp = Intervention(feature: 3, mode: .clamp, alpha: 1)

  private static func scoped(_ intervention: Intervention, _ scope: Scope) -> Intervention {
    var copy = intervention
    copy.scope = scope
    return copy
  }

  private static func on(_ mode: Intervention.Mode, _ alpha: Double = 1) -> Intervention {
    Intervention(feature: 3, mode: mode, alpha: mode.takesAlpha ? alpha : 0)
  }

  static let rejected: [[Intervention]] = [
    [clamp, clamp],
    [clamp, on(.add)], [clamp, on(.ablate)], [on(.projectOut), on(.projectOut)],
    [on(.scale), on(.add)], [on(.floor, 1), on(.floor, 2)], [on(.ceiling), on(.ceiling)],
    [on(.floor, 2), on(.ceiling, 1)], [on(.ceiling, 1), on(.floor, 2)],
    [
      Intervention(
        feature: 3, mode: .floor, strength: .maximumActivation, alpha: 0.5, maximumActivation: 8),
      on(.ceiling, 3),
    ],
    [scoped(clamp, Scope(ranges: [0..<5])), scoped(clamp, Scope(ranges: [4..<9]))],
    [scoped(clamp, Scope(phase: .prompt)), clamp],
    [scoped(clamp, Scope(skipFirst: 4)), scoped(clamp, Scope(ranges: [0..<5]))],
  ]

  static let accepted: [[Intervention]] = [
    [on(.add), on(.add, 2)],
    [on(.floor, 1), on(.ceiling, 2)], [on(.ceiling, 2), on(.floor, 2)],
    [scoped(clamp, Scope(phase: .prompt)), scoped(clamp, Scope(phase: .generated))],
    [scoped(clamp, Scope(ranges: [0..<4])), scoped(clamp, Scope(ranges: [4..<9]))],
    [scoped(clamp, Scope(skipFirst: 5)), scoped(clamp, Scope(ranges: [0..<5]))],
    [clamp, Intervention(feature: 4, mode: .clamp, alpha: 1)],
  ]

  @Test(arguments: rejected)
  func overlappingSettingsAreRefused(_ interventions: [Intervention]) throws {
    let dictionary = try Sample.all[0].dictionary()
    let found = steeringError {
      _ = try Plan(PlanDocument(interventions), dictionary: dictionary)
    }
    let error = try #require(found)
    #expect(error.code == .invalidPlan)
    #expect(error.message.hasPrefix("'interventions[1]' sets feature 3"))
    #expect(error.message.contains("'interventions[0]'"))
  }

  @Test(arguments: accepted)
  func disjointSettingsAreTaken(_ interventions: [Intervention]) throws {
    let plan = try Plan(
      PlanDocument(interventions), dictionary: try Sample.all[0].dictionary())
    #expect(plan.document.interventions == interventions)
  }

  /// What would take minutes to compare is refused at once.
  @Test func plansHaveLimits() throws {
    let dictionary = try Sample.all[0].dictionary()
    func message(_ document: PlanDocument) throws -> String {
      try #require(steeringError { _ = try Plan(document, dictionary: dictionary) }).message
    }
    let one = Intervention(feature: 1, alpha: 1)
    let two = Intervention(feature: 2, alpha: 1)
    #expect(
      try message(PlanDocument(Array(repeating: one, count: 10_001)))
        .contains("'interventions' is 10001 entries, expected at most 10000"))
    #expect(
      try message(PlanDocument(Array(repeating: one, count: 501)))
        .contains("expected at most 500 interventions on one feature"))
    let ranges = (0..<10_001).map { (2 * $0)..<(2 * $0 + 1) }
    #expect(
      try message(PlanDocument([one, two], scope: Scope(ranges: ranges)))
        .contains("10001 ranges in all, expected at most 10000"))
    let many = PlanDocument(Array(repeating: one, count: 500) + [two])
    #expect(try Plan(many, dictionary: dictionary).features == [1, 2])
  }

  @Test func theRowsOfDisjointPhasesGetTheirOwnTarget() throws {
    let sample = Sample.all[0]
    let dictionary = try sample.dictionary()
    let plan = PlanDocument([
      Intervention(feature: 3, mode: .clamp, alpha: 1, scope: Scope(phase: .prompt)),
      Intervention(feature: 3, mode: .clamp, alpha: 9, scope: Scope(phase: .generated)),
    ])
    let session = Session(try Plan(plan, dictionary: dictionary), promptLength: 1)
    for target in [1.0, 9.0] {
      let row = sample.rows(1)[0]
      var actual = row
      try session.apply(toArray: &actual)
      #expect(
        bits(actual)
          == bits(
            try dictionary.steered(
              row, [Intervention(feature: 3, mode: .clamp, alpha: target)])))
    }
  }
}
