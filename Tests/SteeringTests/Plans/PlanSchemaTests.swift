import Foundation
import Formats
import Steering
import Testing

/// The published schema, found from this file.
enum Schema {
  static let folder = URL(fileURLWithPath: #filePath)
    .appendingPathComponent("../../../../docs/schemas").standardized.path

  static func read() throws -> JSONValue { try JSONValue.read(path: folder + "/plan.schema.json") }
}

@Suite struct PlanSchemaTests {
  private func names(_ value: JSONValue?) -> [String] { value?.asObject?.map(\.key) ?? [] }

  private func strings(_ value: JSONValue?) -> [String] {
    value?.asArray?.compactMap(\.asString) ?? []
  }

  @Test func dialectIsDeclared() throws {
    let schema = try Schema.read()
    #expect(schema["$schema"]?.asString == "https://json-schema.org/draft/2020-12/schema")
    #expect(schema["properties"]?["version"]?["const"]?.asInt == PlanDocument.version)
  }

  @Test func propertiesAreTheAcceptedKeys() throws {
    let schema = try Schema.read()
    let definitions = schema["$defs"]
    #expect(Set(names(schema["properties"])) == Set(PlanDocument.documentKeys))
    #expect(
      Set(names(definitions?["intervention"]?["properties"]))
        == Set(PlanDocument.interventionKeys))
    #expect(Set(names(definitions?["scope"]?["properties"])) == Set(PlanDocument.scopeKeys))
    for object in [schema, definitions?["intervention"], definitions?["scope"]] {
      #expect(object?["additionalProperties"]?.asBool == false)
      #expect(object?["type"]?.asString == "object")
    }
  }

  @Test func enumsAreTheCases() throws {
    let schema = try Schema.read()
    let intervention = schema["$defs"]?["intervention"]?["properties"]
    #expect(
      strings(intervention?["mode"]?["enum"]) == Intervention.Mode.allCases.map(\.rawValue))
    #expect(
      strings(intervention?["strength"]?["enum"]) == Intervention.Strength.allCases.map(\.rawValue))
    #expect(
      strings(schema["$defs"]?["scope"]?["properties"]?["phase"]?["enum"])
        == Scope.Phase.allCases.map(\.rawValue))
    let plain = Intervention(feature: 0)
    #expect(intervention?["mode"]?["default"]?.asString == plain.mode.rawValue)
    #expect(intervention?["strength"]?["default"]?.asString == plain.strength.rawValue)
  }

  /// A key is required by the schema exactly when the code refuses a document without it.
  @Test func requiredKeysAreRequired() throws {
    let schema = try Schema.read()
    let edit: [JSONValue.Member] = [.init("feature", .integer(1)), .init("alpha", .integer(2))]
    let document: [JSONValue.Member] = [
      .init("version", .integer(1)), .init("interventions", .array([.object(edit)])),
    ]
    #expect(try PlanDocument.read(.object(document)).interventions.count == 1)
    var needed: [String] = []
    for key in document.map(\.key) {
      let rest = JSONValue.object(document.filter { $0.key != key })
      if steeringError({ _ = try PlanDocument.read(rest) }) != nil { needed.append(key) }
    }
    #expect(Set(strings(schema["required"])) == Set(needed))
    #expect(strings(schema["$defs"]?["intervention"]?["required"]) == ["feature"])
    #expect(schema["$defs"]?["scope"]?["required"] == nil)
    let empty = JSONValue.object([
      .init("version", .integer(1)), .init("scope", .object([])),
      .init("interventions", .array([.object(edit)])),
    ])
    #expect(try PlanDocument.read(empty).scope == Scope())
  }

  /// The conditional rules, read back from the schema and compared with the code's own.
  @Test func conditionsAreTheModes() throws {
    let rules = try #require(try Schema.read()["$defs"]?["intervention"]?["allOf"]?.asArray)
    #expect(rules.count == 4)
    let silent = Intervention.Mode.allCases.filter { !$0.takesAlpha }.map(\.rawValue)
    let alpha = try #require(rules.first)
    #expect(strings(alpha["if"]?["properties"]?["mode"]?["enum"]) == silent)
    #expect(alpha["then"]?["properties"]?["alpha"]?.asBool == false)
    #expect(strings(alpha["else"]?["required"]) == ["alpha"])
    let maximum = rules[1]
    #expect(
      maximum["if"]?["properties"]?["strength"]?["const"]?.asString
        == Intervention.Strength.maximumActivation.rawValue)
    #expect(maximum["else"]?["properties"]?["max_activation"]?.asBool == false)
    var limited: [String: [String]] = [:]
    for rule in rules[2...] {
      for mode in strings(rule["if"]?["properties"]?["mode"]?["enum"]) {
        limited[mode] = strings(rule["then"]?["properties"]?["strength"]?["enum"])
      }
    }
    for mode in Intervention.Mode.allCases {
      let all = Intervention.Strength.allCases.map(\.rawValue)
      #expect(
        limited[mode.rawValue] ?? all
          == Intervention.Strength.accepted(by: mode).map(\.rawValue))
    }
  }

  @Test func everyFieldIsDescribed() throws {
    let schema = try Schema.read()
    func check(_ value: JSONValue, _ path: String) {
      #expect(value["title"]?.asString?.isEmpty == false, "\(path) has a title")
      #expect(value["description"]?.asString?.isEmpty == false, "\(path) has a description")
      for member in value["properties"]?.asObject ?? [] {
        check(member.value, path + "." + member.key)
      }
      for item in value["prefixItems"]?.asArray ?? [] { check(item, path + "[]") }
      if let items = value["items"], items.asObject != nil, items["$ref"] == nil {
        check(items, path + "[]")
      }
    }
    check(schema, "plan")
    for member in schema["$defs"]?.asObject ?? [] { check(member.value, member.key) }
  }
}
