import Formats

extension ScoredText {
  /// Reads one line of scored texts: docs/formats/scored-texts.md.
  ///
  /// - Throws: what JSON refuses; `missingField`, `wrongType` and `outOfRange` naming the member.
  package init(_ bytes: [UInt8]) throws(FormatError) {
    let line = try ScoredLine(bytes)
    let role = try line.role()
    let attack = try line.name("attack")
    if role == .attacked, attack == nil { throw FormatError(.missingField(field: "attack")) }
    if let attack, role == .marked || role == .unmarked {
      throw FormatError(
        .outOfRange(
          field: "attack", found: "'\(attack)'",
          expected: "none where the role is '\(role.rawValue)'"))
    }
    let tokens = try line.tokens()
    _ = try line.text("domain")
    _ = try line.text("prompt")
    self.init(
      id: try line.required("id"), method: try line.required("method"),
      strength: try line.number(
        "strength", in: -ScoredTextReader.largest...ScoredTextReader.largest, "-1e6 to 1e6"),
      role: role, attack: attack, source: try line.name("source"), split: try line.split(role),
      text: try line.text("text"), tokens: tokens,
      logLikelihood: try line.logLikelihood(over: tokens),
      seconds: try line.number("seconds", in: 0...ScoredTextReader.largest, "0 to 1e6"),
      detectionSeconds: try line.number(
        "detection_seconds", in: 0...ScoredTextReader.largest, "0 to 1e6"),
      costPerToken: try line.costPerToken(tokens: tokens), statistics: try line.statistics())
  }
}

/// The members of a line; one that is null is as if it were not there.
private struct ScoredLine {
  let members: [JSONValue.Member]

  init(_ bytes: [UInt8]) throws(FormatError) {
    let value = try JSONValue.parse(bytes)
    guard case .object(let members) = value else {
      throw FormatError(.wrongType(field: "line", found: value.kind, expected: "an object"))
    }
    self.members = members.filter { !$0.value.isNull }
  }

  func find(_ name: String) -> JSONValue? { members.first { $0.key == name }?.value }

  func text(_ name: String) throws(FormatError) -> String? {
    guard let value = find(name) else { return nil }
    guard let text = value.asString else { throw Self.mismatch(value, name, "a string") }
    return text
  }

  /// A text that is not empty.
  func name(_ name: String) throws(FormatError) -> String? {
    guard let text = try text(name) else { return nil }
    guard !text.isEmpty else {
      throw FormatError(.outOfRange(field: name, found: "empty", expected: "a name"))
    }
    return text
  }

  func required(_ name: String) throws(FormatError) -> String {
    guard let text = try self.name(name) else { throw FormatError(.missingField(field: name)) }
    return text
  }

  func role() throws(FormatError) -> ScoredText.Role {
    let text = try required("role")
    guard let role = ScoredText.Role(rawValue: text) else {
      let accepted = ScoredText.Role.allCases.map(\.rawValue).joined(separator: ", ")
      throw FormatError(
        .outOfRange(field: "role", found: "'\(text)'", expected: "one of \(accepted)"))
    }
    return role
  }

  /// Whether it calibrates or is judged.
  func split(_ role: ScoredText.Role) throws(FormatError) -> String? {
    guard let split = try name("split") else { return nil }
    let isNull = role == .unmarked && split == ScoredText.nullSplit
    guard isNull || split == ScoredText.testSplit else {
      let expected =
        role == .unmarked
        ? "'null' or 'test'" : "'test' or none where the role is '\(role.rawValue)'"
      throw FormatError(.outOfRange(field: "split", found: "'\(split)'", expected: expected))
    }
    return split
  }

  func number(
    _ name: String, in range: ClosedRange<Double>, _ expected: String
  ) throws(FormatError) -> Double? {
    guard let value = find(name) else { return nil }
    return try Self.number(value, name, in: range, expected)
  }

  private static func number(
    _ value: JSONValue, _ name: String, in range: ClosedRange<Double>, _ expected: String
  ) throws(FormatError) -> Double {
    guard let number = value.asDouble else { throw mismatch(value, name, "a number") }
    guard range.contains(number) else {
      throw FormatError(.outOfRange(field: name, found: "\(number)", expected: expected))
    }
    return number
  }

  /// Without tokens nothing is made of it.
  func logLikelihood(over tokens: Int) throws(FormatError) -> Double? {
    let count = tokens > 0 ? tokens : ScoredTextReader.tokenLimit
    return try number(
      "log_likelihood", in: -ScoredTextReader.natLimit * Double(count)...0,
      "0 or less, and at least -300 per token of 'tokens'")
  }

  /// The member `cost` over `tokens`, or that of an object `replay` over its own tokens where it has them.
  func costPerToken(tokens: Int) throws(FormatError) -> Double? {
    var (cost, field, count) = (find("cost"), "cost", tokens)
    if cost == nil, let replay = find("replay"), replay.asObject != nil {
      (cost, field) = (replay["cost"], "replay.cost")
      if let own = replay["tokens"], !own.isNull {
        guard let number = own.asInt, (0...ScoredTextReader.tokenLimit).contains(number) else {
          throw Self.mismatch(
            own, "replay.tokens", "an integer of 0 to \(ScoredTextReader.tokenLimit)")
        }
        count = number
      }
    }
    guard let cost, !cost.isNull else { return nil }
    let limit = ScoredTextReader.natLimit * Double(max(count, 1))
    let number = try Self.number(
      cost, field, in: -limit...limit, "-300 to 300 per token")
    return count > 0 ? number / Double(count) : nil
  }

  func tokens() throws(FormatError) -> Int {
    guard let value = find("tokens") else { throw FormatError(.missingField(field: "tokens")) }
    guard let count = value.asInt, (0...ScoredTextReader.tokenLimit).contains(count) else {
      throw Self.mismatch(value, "tokens", "an integer of 0 to \(ScoredTextReader.tokenLimit)")
    }
    return count
  }

  /// The members of `z`, the members `z_NAME`, and `log_ratio`.
  func statistics() throws(FormatError) -> [String: Double] {
    var found: [String: Double] = [:]
    func add(_ name: String, _ value: JSONValue, _ field: String) throws(FormatError) {
      guard !name.isEmpty else {
        throw FormatError(.outOfRange(field: field, found: "empty", expected: "a name"))
      }
      // Scores are compared as f32.
      guard let number = value.asDouble, Float(number).isFinite else {
        throw Self.mismatch(value, field, "a number that f32 can hold")
      }
      guard found.updateValue(number, forKey: name) == nil else {
        throw FormatError(
          .outOfRange(field: field, found: "there twice", expected: "each statistic once"))
      }
    }
    if let value = find("z") {
      guard let inner = value.asObject else {
        throw Self.mismatch(value, "z", "an object of numbers")
      }
      for member in inner where !member.value.isNull {
        try add(member.key, member.value, "z.\(member.key)")
      }
    }
    for member in members where member.key.hasPrefix(ScoredText.prefix) {
      let name = String(member.key.dropFirst(ScoredText.prefix.count))
      try add(name, member.value, member.key)
    }
    if let value = find(ScoredText.logRatio) {
      try add(ScoredText.logRatio, value, ScoredText.logRatio)
    }
    return found
  }

  static func mismatch(_ value: JSONValue, _ field: String, _ expected: String) -> FormatError {
    let found =
      switch value {
      case .integer, .unsigned, .number: value.serialised()
      default: value.kind
      }
    return FormatError(.wrongType(field: field, found: found, expected: expected))
  }
}
