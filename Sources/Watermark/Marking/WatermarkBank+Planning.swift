import Steering

extension WatermarkBank {
  /// The plan that marks a text: adds sign · strength · alpha along D̂ of every chosen entry's feature, at
  /// generated positions alone.
  ///
  /// Interventions stand in the order of their features, so that the plan says nothing of the order of the
  /// draw.
  ///
  /// - Throws: `invalidArgument` for an entry that the bank has not, or a strength that is not finite and
  ///   above 0, or makes an amount that f32 holds as 0 or not at all.
  public func plan(
    of selection: MarkSelection, strength: Double = 1
  ) throws(SteeringError) -> PlanDocument {
    try plan(steps: steps(of: selection), strength: strength)
  }

  /// The plan that a text is read with again: that of its mark less what choices have in common, so that a text which
  /// leans as all marks do, and the model's likely text with them, shows nothing.
  ///
  /// With v the choice and m the ``lean(count:)``, entries move by (vᵢ - mᵢ) · strength · alpha: choices v and u of two keys
  /// are as often alike as opposed, E ⟨v - m, u⟩ = 0, where E ⟨v, u⟩ = ‖m‖². Without a lean it is the mark's own plan.
  ///
  /// - Parameter lean: [entries], of the selection's count.
  /// - Throws: as ``plan(of:strength:)``, of the chosen entries.
  public func replayPlan(
    of selection: MarkSelection, lean: [Double], strength: Double = 1
  ) throws(SteeringError) -> PlanDocument {
    precondition(lean.count == entries.count, "lean must have a number for every entry")
    let steps = try steps(of: selection)
    return try plan(steps: zip(steps, lean).map { $0 - $1 }, strength: strength)
  }

  /// +1, -1 or 0 for every entry.
  private func steps(of selection: MarkSelection) throws(SteeringError) -> [Double] {
    try selection.check(among: entries.count)
    var steps = [Double](repeating: 0, count: entries.count)
    for (entry, sign) in zip(selection.entries, selection.signs) { steps[entry] = Double(sign) }
    return steps
  }

  /// Adds step · strength · alpha of every entry whose step is not 0. One that is moved by less than half of its
  /// amount, as by a lean, is left out where f32 takes that for 0.
  private func plan(steps: [Double], strength: Double) throws(SteeringError) -> PlanDocument {
    guard strength.isFinite, strength > 0 else {
      throw SteeringError(
        .invalidArgument, "'strength' is \(strength), expected a finite number above 0")
    }
    var interventions: [Intervention] = []
    for number in entries.indices where steps[number] != 0 {
      let amount = steps[number] * strength * entries[number].alpha
      if abs(steps[number]) < 0.5, Float(amount) == 0 { continue }
      guard Float(amount).isFinite, Float(amount) != 0 else {
        throw SteeringError(
          .invalidArgument,
          "'strength' is \(strength), which moves entry \(number) by \(amount), expected a finite"
            + " number of f32 that is not 0")
      }
      interventions.append(
        Intervention(
          feature: entries[number].feature, mode: .add, strength: .unit, alpha: amount))
    }
    return PlanDocument(
      interventions.sorted { $0.feature < $1.feature }, scope: Scope(phase: .generated))
  }

  /// The plan that marks the text of `document` with `key`; see ``plan(of:strength:)``.
  ///
  /// - Throws: `invalidArgument` also for a retired key, a key of another bank, or an identifier of
  ///   another scheme than the key's.
  public func plan(
    key: WatermarkKey, document: DocumentIdentifier, strength: Double = 1
  ) throws(SteeringError) -> PlanDocument {
    try key.requireActive()
    return try plan(of: try selection(key: key, document: document), strength: strength)
  }
}
