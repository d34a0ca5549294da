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
    try selection.check(among: entries.count)
    guard strength.isFinite, strength > 0 else {
      throw SteeringError(
        .invalidArgument, "'strength' is \(strength), expected a finite number above 0")
    }
    let interventions = try zip(selection.entries, selection.signs).map {
      number, sign throws(SteeringError) -> Intervention in
      let amount = Double(sign) * strength * entries[number].alpha
      guard Float(amount).isFinite, Float(amount) != 0 else {
        throw SteeringError(
          .invalidArgument,
          "'strength' is \(strength), which moves entry \(number) by \(amount), expected a finite"
            + " number of f32 that is not 0")
      }
      return Intervention(
        feature: entries[number].feature, mode: .add, strength: .unit, alpha: amount)
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
