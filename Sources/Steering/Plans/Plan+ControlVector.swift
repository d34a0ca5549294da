import SAE
import Tensors

extension Plan {
  /// Whether the plan adds the same vector to every row, as ``controlVector()`` gives it.
  public var isConstant: Bool { obstacleToConstancy == nil }

  /// The vector that the plan adds to every row, `[width]`.
  ///
  /// - Throws: `invalidPlan` naming the field that makes the edit depend on the row or its position;
  ///   `nonFinite` when the sum overflows f32.
  public func controlVector() throws(SteeringError) -> [Float] {
    if let obstacle = obstacleToConstancy { throw SteeringError(obstacle) }
    return try constantEdit()
  }

  /// The constant vectors of some layers, those of one layer added up, by layer.
  ///
  /// - Throws: as ``controlVector()``, with the plan that is to blame counted from 0.
  package static func controlVectors(
    _ plans: [(plan: Plan, layer: Int)]
  ) throws(SteeringError) -> [Int: [Float]] {
    var sums: [Int: [Float]] = [:]
    for (index, item) in plans.enumerated() {
      do throws(SteeringError) {
        let vector = try item.plan.controlVector()
        sums[item.layer] = sums[item.layer].map { zip($0, vector).map { $0 + $1 } } ?? vector
      } catch {
        throw SteeringError(error.code, "plans[\(index)]: \(error.message)")
      }
    }
    for (layer, sum) in sums where !sum.allSatisfy({ $0.isFinite }) {
      throw SteeringError(
        .nonFinite, "the plans of layer \(layer) together overflow f32, expected smaller alphas")
    }
    return sums
  }

  /// The first field because of which no constant vector stands for the plan.
  private var obstacleToConstancy: PlanError? {
    for (index, intervention) in document.interventions.enumerated() {
      let field = "interventions[\(index)]"
      guard intervention.mode == .add else {
        return PlanError(
          field + ".mode",
          .value(found: intervention.mode.rawValue, expected: "add: a constant vector only adds"))
      }
      guard intervention.strength != .relative else {
        return PlanError(
          field + ".strength",
          .value(
            found: intervention.strength.rawValue,
            expected:
              "decoder, unit or max-activation: a constant vector cannot follow a row's norm"))
      }
      guard document.scope(of: intervention) == Scope() else {
        let place = intervention.scope == nil ? "scope" : field + ".scope"
        return PlanError(
          place,
          .value(
            found: "a choice of rows", expected: "none: a constant vector goes to every position"))
      }
      if needsRowScale, intervention.strength != .unit, dictionary.normalisation.dependsOnRow {
        return PlanError(
          field + ".strength",
          .value(
            found: intervention.strength.rawValue,
            expected: "unit: with normalisation \(dictionary.normalisation.name) alpha is scaled by"
              + " each row's own factor"))
      }
    }
    return nil
  }
}
