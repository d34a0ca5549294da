import CSteering
import Steering

/// Plans as the caller's structs, turned into the library's own.
enum PlanInput {
  /// A plan from an array of interventions, each as large as its first says.
  static func document(
    _ interventions: UnsafePointer<steer_intervention_t>?, count: Int,
    scope: UnsafePointer<steer_scope_t>?
  ) throws(Refusal) -> PlanDocument {
    let limit = PlanDocument.interventionLimit
    guard (1...limit).contains(count) else {
      throw Refusal(
        .invalidPlan,
        "n_interventions is \(UInt(bitPattern: count)), expected 1 to \(limit)")
    }
    guard let interventions else { throw .null("interventions") }
    let size = try Struct.size(of: interventions, "interventions[0]")
    var document = PlanDocument([])
    if let scope { document.scope = try read(scope, "scope") }
    for index in 0..<count {
      let field = "interventions[\(index)]"
      let place = UnsafeRawPointer(interventions) + index * size
      let pointer = place.assumingMemoryBound(to: steer_intervention_t.self)
      let own = try Struct.size(of: pointer, field)
      guard own == size else {
        throw Refusal(
          .invalidArgument,
          "\(field).struct_size is \(own), expected \(size) as in interventions[0]")
      }
      document.interventions.append(try read(pointer, field))
    }
    return document
  }

  /// Plans of one width, and the layers they belong to.
  static func placed(
    _ plans: UnsafePointer<OpaquePointer?>?, _ layers: UnsafePointer<Int32>?, count: Int,
    layerCount: Int
  ) throws(Refusal) -> [(plan: Plan, layer: Int)] {
    guard count > 0, count <= 1_000_000 else {
      throw Refusal(
        .invalidArgument, "n_plans is \(UInt(bitPattern: count)), expected 1 to 1000000")
    }
    guard let plans else { throw .null("plans") }
    guard let layers else { throw .null("layers") }
    guard layerCount > 0 else {
      throw Refusal(
        .invalidArgument,
        "n_layers is \(UInt(bitPattern: layerCount)), expected the model's block count minus one")
    }
    var items: [(plan: Plan, layer: Int)] = []
    for index in 0..<count {
      guard let handle = plans[index] else {
        throw Refusal(.invalidArgument, "plans[\(index)] is NULL, expected a plan")
      }
      let plan = Unmanaged<Plan>.fromOpaque(UnsafeRawPointer(handle)).takeUnretainedValue()
      let layer = Int(layers[index])
      guard layer >= 1, layer <= layerCount else {
        throw Refusal(
          .invalidArgument,
          "layers[\(index)] is \(layer), expected 1 to n_layers, \(layerCount): a control vector"
            + " has no place for block 0")
      }
      if let width = items.first?.plan.width, width != plan.width {
        throw Refusal(
          .shapeMismatch,
          "plans[\(index)] edits rows of width \(plan.width), expected \(width) as plans[0]")
      }
      items.append((plan, layer))
    }
    return items
  }

  private static func read(
    _ pointer: UnsafePointer<steer_intervention_t>, _ field: String
  ) throws(Refusal) -> Intervention {
    var value = steer_intervention_t()
    try Struct.read(pointer, into: &value, field)
    guard let mode = Intervention.Mode(code: value.mode) else {
      throw unknown(
        "\(field).mode", value.mode, "a STEER_MODE_ constant",
        Intervention.Mode.allCases.count)
    }
    guard let strength = Intervention.Strength(code: value.strength) else {
      throw unknown(
        "\(field).strength", value.strength, "a STEER_STRENGTH_ constant",
        Intervention.Strength.allCases.count)
    }
    guard mode.takesAlpha || value.alpha == 0 else {
      throw Refusal(
        .invalidPlan,
        "'\(field).alpha' is \(value.alpha), expected 0: mode \(mode.rawValue) takes no alpha")
    }
    var intervention = Intervention(
      feature: Int(value.feature), mode: mode, strength: strength, alpha: value.alpha)
    if strength == .maximumActivation {
      intervention.maximumActivation = value.max_activation
    } else if value.max_activation != 0 {
      throw Refusal(
        .invalidPlan,
        "'\(field).max_activation' is \(value.max_activation), expected 0 with strength"
          + " \(strength.rawValue)")
    }
    if let scope = value.scope { intervention.scope = try read(scope, field + ".scope") }
    return intervention
  }

  private static func read(
    _ pointer: UnsafePointer<steer_scope_t>, _ field: String
  ) throws(Refusal) -> Scope {
    var value = steer_scope_t()
    try Struct.read(pointer, into: &value, field)
    guard let phase = Scope.Phase(code: value.phase) else {
      throw unknown(
        "\(field).phase", value.phase, "a STEER_PHASE_ constant", Scope.Phase.allCases.count)
    }
    var scope = Scope(
      skipFirst: try position(value.skip_first, field + ".skip_first"), phase: phase)
    guard value.n_ranges <= UInt64(PlanDocument.rangeLimit) else {
      throw Refusal(
        .invalidPlan,
        "'\(field).n_ranges' is \(value.n_ranges), expected at most \(PlanDocument.rangeLimit)")
    }
    for index in 0..<Int(value.n_ranges) {
      guard let ranges = value.ranges else {
        throw Refusal(.invalidArgument, "\(field).ranges is NULL, expected n_ranges ranges")
      }
      let name = "\(field).ranges[\(index)]"
      let begin = try position(ranges[index].begin, name + ".begin")
      // The largest number there is stands for no end.
      let end = ranges[index].end == .max ? Int.max : try position(ranges[index].end, name + ".end")
      guard begin < end else {
        throw Refusal(.invalidPlan, "'\(name)' is [\(begin), \(end)], expected begin < end")
      }
      scope.ranges.append(begin..<end)
    }
    return scope
  }

  private static func position(_ value: UInt64, _ field: String) throws(Refusal) -> Int {
    guard let position = Int(exactly: value) else {
      throw Refusal(.invalidPlan, "'\(field)' is \(value), expected at most \(Int.max)")
    }
    return position
  }

  private static func unknown(
    _ field: String, _ found: Int32, _ expected: String, _ count: Int
  ) -> Refusal {
    Refusal(.invalidPlan, "'\(field)' is \(found), expected \(expected), 0 to \(count - 1)")
  }
}
