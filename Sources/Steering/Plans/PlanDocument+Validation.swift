extension PlanDocument {
  // More than anybody steers, few enough to be compared pairwise within a feature.
  package static let interventionLimit = 10_000
  static let interventionLimitPerFeature = 500
  package static let rangeLimit = 10_000

  /// Throws unless every field is in its range and no row has one feature set twice.
  ///
  /// `needsMaxima` is false while missing maximum activations are still to be measured.
  func check(featureCount: Int, needsMaxima: Bool = true) throws(PlanError) {
    guard !interventions.isEmpty else { throw PlanError("interventions", .empty) }
    guard interventions.count <= Self.interventionLimit else {
      throw PlanError(
        "interventions",
        .value(
          found: "\(interventions.count) entries",
          expected: "at most \(Self.interventionLimit)"))
    }
    try check(scope, "scope")
    var rangeCount = scope.ranges.count
    for (index, intervention) in interventions.enumerated() {
      try check(
        intervention, "interventions[\(index)]", featureCount: featureCount,
        needsMaxima: needsMaxima)
      rangeCount += intervention.scope?.ranges.count ?? 0
    }
    guard rangeCount <= Self.rangeLimit else {
      throw PlanError(
        "interventions",
        .value(found: "\(rangeCount) ranges in all", expected: "at most \(Self.rangeLimit)"))
    }
    try checkConflicts()
  }

  private func checkConflicts() throws(PlanError) {
    let common = CoveredPositions(scope)
    let covered = interventions.map { $0.scope.map { CoveredPositions($0) } ?? common }
    var placesOfFeature: [Int: [Int]] = [:]
    for (later, intervention) in interventions.enumerated() {
      let places = placesOfFeature[intervention.feature] ?? []
      for earlier in places
      where compete(interventions[earlier], intervention)
        && !covered[earlier].isDisjoint(from: covered[later])
      {
        throw PlanError(
          "interventions[\(later)]",
          .duplicate(feature: intervention.feature, other: "interventions[\(earlier)]"))
      }
      guard places.count < Self.interventionLimitPerFeature else {
        throw PlanError(
          "interventions[\(later)].feature",
          .value(
            found: "\(intervention.feature) once more",
            expected: "at most \(Self.interventionLimitPerFeature) interventions on one feature"))
      }
      placesOfFeature[intervention.feature, default: []].append(later)
    }
  }

  private func check(
    _ intervention: Intervention, _ field: String, featureCount: Int, needsMaxima: Bool
  ) throws(PlanError) {
    guard (0..<featureCount).contains(intervention.feature) else {
      throw PlanError(
        field + ".feature",
        .featureOutOfRange(found: intervention.feature, count: featureCount))
    }
    let accepted = Intervention.Strength.accepted(by: intervention.mode)
    guard accepted.contains(intervention.strength) else {
      throw PlanError(
        field + ".strength",
        .value(
          found: intervention.strength.rawValue,
          expected: accepted.map(\.rawValue).joined(separator: ", ") + " with mode "
            + intervention.mode.rawValue))
    }
    guard Float(intervention.alpha).isFinite else {
      throw PlanError(
        field + ".alpha",
        .value(found: "\(intervention.alpha)", expected: "a finite number that f32 can hold"))
    }
    if let maximum = intervention.maximumActivation {
      guard maximum > 0 && Float(maximum).isFinite else {
        throw PlanError(
          field + ".max_activation",
          .value(found: "\(maximum)", expected: "a positive finite number"))
      }
      guard Float(intervention.alpha * maximum).isFinite else {
        throw PlanError(
          field + ".alpha",
          .value(
            found: "\(intervention.alpha)",
            expected: "a number whose product with max_activation \(maximum) f32 can hold"))
      }
    } else if intervention.strength == .maximumActivation, needsMaxima {
      throw PlanError(
        field + ".max_activation",
        .missing(expected: "the feature's largest activation, for strength max-activation"))
    }
    if let scope = intervention.scope { try check(scope, field + ".scope") }
  }

  private func check(_ scope: Scope, _ field: String) throws(PlanError) {
    guard scope.skipFirst >= 0 else {
      throw PlanError(
        field + ".skip_first", .value(found: "\(scope.skipFirst)", expected: "0 or more"))
    }
    for (index, range) in scope.ranges.enumerated() {
      guard range.lowerBound >= 0, !range.isEmpty else {
        throw PlanError(
          field + ".ranges[\(index)]",
          .value(
            found: "[\(range.lowerBound), \(range.upperBound)]",
            expected: "[start, end] with 0 <= start < end"))
      }
    }
  }

  /// Whether two interventions on one feature would both decide its value on a row that both cover.
  private func compete(_ a: Intervention, _ b: Intervention) -> Bool {
    if a.mode == .add && b.mode == .add { return false }
    if case let (floor?, ceiling?) = bounds(a, b), floor <= ceiling { return false }
    return true
  }

  /// The values of a floor and a ceiling, if the two interventions are one of each.
  private func bounds(_ a: Intervention, _ b: Intervention) -> (Double?, Double?) {
    func value(_ mode: Intervention.Mode) -> Double? {
      guard let found = [a, b].first(where: { $0.mode == mode }) else { return nil }
      return found.strength == .maximumActivation
        ? found.alpha * (found.maximumActivation ?? 1) : found.alpha
    }
    return (value(.floor), value(.ceiling))
  }
}
