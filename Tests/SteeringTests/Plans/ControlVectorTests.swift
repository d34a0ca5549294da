import SAE
import Steering
import Testing

@Suite struct ControlVectorTests {
  /// Adding the vector gives the bits that a session gives.
  @Test(arguments: Sample.all.filter { !$0.normalisation.dependsOnRow })
  func vectorIsWhatASessionAdds(_ sample: Sample) throws {
    let interventions = [
      Intervention(feature: 3, alpha: 0.7), Intervention(feature: 9, strength: .unit, alpha: -2),
      Intervention(feature: 3, strength: .maximumActivation, alpha: 0.5, maximumActivation: 4),
    ]
    let plan = try Plan(PlanDocument(interventions), dictionary: try sample.dictionary())
    let vector = try plan.controlVector()
    #expect(plan.isConstant)
    for row in sample.rows(3) {
      let expected = zip(row, vector).map { $0 + $1 }
      #expect(bits(try sample.dictionary().steered(row, interventions)) == bits(expected))
    }
  }

  static let refused: [(Intervention, Scope, Normalisation, String)] = [
    (
      Intervention(feature: 3, mode: .ablate), Scope(), .none,
      "'interventions[0].mode' is ablate, expected add: a constant vector only adds"
    ),
    (
      Intervention(feature: 3, strength: .relative, alpha: 1), Scope(), .none,
      "'interventions[0].strength' is relative, expected decoder, unit or max-activation: a constant"
        + " vector cannot follow a row's norm"
    ),
    (
      Intervention(feature: 3, alpha: 1), Scope(skipFirst: 1), .none,
      "'scope' is a choice of rows, expected none: a constant vector goes to every position"
    ),
    (
      Intervention(feature: 3, alpha: 1, scope: Scope(phase: .prompt)), Scope(), .none,
      "'interventions[0].scope' is a choice of rows, expected none: a constant vector goes to every"
        + " position"
    ),
    (
      Intervention(feature: 3, alpha: 1), Scope(), .rootWidthOverNorm,
      "'interventions[0].strength' is decoder, expected unit: with normalisation root width over norm"
        + " alpha is scaled by each row's own factor"
    ),
  ]

  @Test(arguments: refused)
  func editsThatDependOnTheRowAreRefused(
    _ example: (Intervention, Scope, Normalisation, String)
  ) throws {
    let sample = Sample("relu", { _ in .relu }, example.2)
    let plan = try Plan(
      PlanDocument([example.0], scope: example.1), dictionary: try sample.dictionary())
    #expect(!plan.isConstant)
    let error = try #require(steeringError { _ = try plan.controlVector() })
    #expect(error.code == .invalidPlan)
    #expect(error.message == example.3)
  }

  @Test func plansOfOneLayerAddUp() throws {
    let dictionary = try Sample.all[0].dictionary()
    let plans = try [(3, 1.0), (9, 2.0), (3, -1.0)].map { feature, alpha in
      try Plan(
        PlanDocument([Intervention(feature: feature, alpha: alpha)]), dictionary: dictionary)
    }
    let sums = try Plan.controlVectors([(plans[0], 4), (plans[1], 2), (plans[2], 4)])
    #expect(sums.keys.sorted() == [2, 4])
    #expect(sums[4] == [Float](repeating: 0, count: 37))
    #expect(sums[2] == (try plans[1].controlVector()))
  }
}
