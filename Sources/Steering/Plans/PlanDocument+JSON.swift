import Formats

extension PlanDocument {
  package static let documentKeys = ["version", "interventions", "scope"]
  package static let interventionKeys = [
    "feature", "mode", "strength", "alpha", "max_activation", "scope",
  ]
  package static let scopeKeys = ["skip_first", "ranges", "phase"]

  /// Reads the JSON form.
  ///
  /// - Throws: `malformedFile` when it is not JSON, `invalidPlan` naming the field otherwise.
  public init(json text: String) throws(SteeringError) {
    let value: JSONValue
    do throws(FormatError) {
      value = try JSONValue.parse(text: text)
    } catch {
      throw SteeringError(error)
    }
    self = try PlanDocument.read(value)
  }

  /// The most bytes that the JSON form may have.
  package static var jsonByteLimit: Int { JSONLimits().byteCount }

  /// Reads the JSON form from UTF-8 bytes.
  package init(json bytes: [UInt8]) throws(SteeringError) {
    let value = try SteeringError.rendering { () throws(FormatError) in
      try JSONValue.parse(bytes)
    }
    self = try PlanDocument.read(value)
  }

  /// Reads the JSON form from a file or a pipe; errors name it.
  public init(contentsOf path: String) throws(SteeringError) {
    let limits = JSONLimits()
    let bytes = try SteeringError.rendering { () throws(FormatError) in
      try ByteStream.readAll(path: path, limit: limits.byteCount, what: "JSON bytes")
    }
    try self.init(bytes, from: path)
  }

  /// Reads the JSON form from standard input.
  public static func fromStandardInput() throws(SteeringError) -> PlanDocument {
    let place = "standard input"
    let bytes = try SteeringError.rendering { () throws(FormatError) in
      do throws(FormatError) {
        return try ByteStream.readAll(
          descriptor: 0, limit: JSONLimits().byteCount, what: "JSON bytes")
      } catch {
        throw error.at(path: place)
      }
    }
    return try PlanDocument(bytes, from: place)
  }

  private init(_ bytes: [UInt8], from place: String) throws(SteeringError) {
    let value = try SteeringError.rendering { () throws(FormatError) in
      do throws(FormatError) {
        return try JSONValue.parse(bytes)
      } catch {
        throw error.at(path: place)
      }
    }
    do throws(SteeringError) {
      self = try PlanDocument.read(value)
    } catch {
      throw error.inFile(place)
    }
  }

  /// The JSON form, which reads back to an equal document.
  public var json: String { jsonValue.serialised(pretty: true) }

  package var jsonValue: JSONValue {
    var members: [JSONValue.Member] = [.init("version", .integer(Int64(Self.version)))]
    if scope != Scope() { members.append(.init("scope", Self.write(scope))) }
    members.append(.init("interventions", .array(interventions.map(Self.write))))
    return .object(members)
  }

  package static func read(_ value: JSONValue) throws(SteeringError) -> PlanDocument {
    do throws(PlanError) {
      return try readDocument(value)
    } catch {
      throw SteeringError(error)
    }
  }

  private static func readDocument(_ value: JSONValue) throws(PlanError) -> PlanDocument {
    let object = try PlanObject(value, field: "", keys: documentKeys)
    guard let version = try object.integer("version") else {
      throw PlanError("version", .missing(expected: "\(Self.version)"))
    }
    guard version == Self.version else {
      throw PlanError("version", .value(found: "\(version)", expected: "\(Self.version)"))
    }
    guard let list = object["interventions"] else {
      throw PlanError("interventions", .missing(expected: "an array of interventions"))
    }
    guard case .array(let items) = list else {
      throw object.mismatch("interventions", "an array of interventions")
    }
    var document = PlanDocument([])
    if let scope = object["scope"] { document.scope = try readScope(scope, "scope") }
    for (index, item) in items.enumerated() {
      document.interventions.append(try readIntervention(item, "interventions[\(index)]"))
    }
    guard !items.isEmpty else { throw PlanError("interventions", .empty) }
    return document
  }

  private static func readIntervention(
    _ value: JSONValue, _ field: String
  ) throws(PlanError) -> Intervention {
    let object = try PlanObject(value, field: field, keys: interventionKeys)
    guard let feature = try object.integer("feature") else {
      throw PlanError(field + ".feature", .missing(expected: "a feature index"))
    }
    var intervention = Intervention(feature: feature)
    intervention.mode = try object.choice("mode") ?? .add
    intervention.strength = try object.choice("strength") ?? .decoder
    intervention.maximumActivation = try object.number("max_activation")
    if intervention.maximumActivation != nil, intervention.strength != .maximumActivation {
      throw object.mismatch(
        "max_activation", "no max_activation with strength \(intervention.strength.rawValue)")
    }
    let alpha = try object.number("alpha")
    if intervention.mode.takesAlpha {
      guard let alpha else { throw PlanError(field + ".alpha", .missing(expected: "a number")) }
      intervention.alpha = alpha
    } else if alpha != nil {
      throw object.mismatch("alpha", "no alpha with mode \(intervention.mode.rawValue)")
    }
    if let scope = object["scope"] {
      intervention.scope = try readScope(scope, field + ".scope")
    }
    return intervention
  }

  private static func readScope(_ value: JSONValue, _ field: String) throws(PlanError) -> Scope {
    let object = try PlanObject(value, field: field, keys: scopeKeys)
    var scope = Scope()
    scope.skipFirst = try object.integer("skip_first") ?? 0
    scope.phase = try object.choice("phase") ?? .all
    guard let ranges = object["ranges"] else { return scope }
    let expected = "an array of [start, end] with 0 <= start < end"
    guard case .array(let items) = ranges else { throw object.mismatch("ranges", expected) }
    for (index, item) in items.enumerated() {
      guard case .array(let ends) = item, ends.count == 2,
        case .integer(let start) = ends[0], case .integer(let end) = ends[1], 0 <= start,
        start < end
      else {
        throw PlanError(
          "\(field).ranges[\(index)]",
          .value(found: item.serialised(pretty: false), expected: expected))
      }
      scope.ranges.append(Int(start)..<Int(end))
    }
    return scope
  }

  private static func write(_ intervention: Intervention) -> JSONValue {
    var members: [JSONValue.Member] = [
      .init("feature", .integer(Int64(intervention.feature))),
      .init("mode", .string(intervention.mode.rawValue)),
    ]
    if intervention.strength != .decoder {
      members.append(.init("strength", .string(intervention.strength.rawValue)))
    }
    if intervention.mode.takesAlpha { members.append(.init("alpha", .number(intervention.alpha))) }
    if let maximum = intervention.maximumActivation, intervention.strength == .maximumActivation {
      members.append(.init("max_activation", .number(maximum)))
    }
    if let scope = intervention.scope { members.append(.init("scope", write(scope))) }
    return .object(members)
  }

  private static func write(_ scope: Scope) -> JSONValue {
    var members: [JSONValue.Member] = []
    if scope.skipFirst != 0 {
      members.append(.init("skip_first", .integer(Int64(scope.skipFirst))))
    }
    if !scope.ranges.isEmpty {
      let ranges = scope.ranges.map { range in
        JSONValue.array([.integer(Int64(range.lowerBound)), .integer(Int64(range.upperBound))])
      }
      members.append(.init("ranges", .array(ranges)))
    }
    if scope.phase != .all { members.append(.init("phase", .string(scope.phase.rawValue))) }
    return .object(members)
  }
}
