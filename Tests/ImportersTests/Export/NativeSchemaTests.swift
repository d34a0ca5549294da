import Foundation
import Formats
import Importers
import SAE
import TestSupport
import Testing

/// The published schema of `dictionary.json` says what the code reads and writes.
@Suite struct NativeSchemaTests {
  private let schema: JSONValue

  init() throws {
    let path = URL(fileURLWithPath: #filePath)
      .appendingPathComponent("../../../../docs/schemas/dictionary.schema.json").standardized.path
    schema = try JSONValue.read(path: path)
  }

  private func names(_ value: JSONValue?) -> [String] { value?.asObject?.map(\.key) ?? [] }

  private func strings(_ value: JSONValue?) -> [String] {
    value?.asArray?.compactMap(\.asString) ?? []
  }

  private func property(_ name: String) -> JSONValue? { schema["properties"]?[name] }

  @Test func keysAreTheCodes() {
    #expect(schema["$schema"]?.asString == "https://json-schema.org/draft/2020-12/schema")
    #expect(names(schema["properties"]) == NativeForm.keys)
    #expect(strings(schema["required"]) == NativeForm.keys)
    #expect(property("format")?["const"]?.asString == NativeForm.marker)
    #expect(property("version")?["const"]?.asInt == NativeForm.version)
    let definitions = schema["$defs"]
    #expect(names(definitions?["tap"]?["properties"]) == NativeForm.tapKeys)
    #expect(names(definitions?["entry"]?["properties"]) == NativeForm.ledgerKeys)
    let source = definitions?["entry"]?["properties"]?["source"]?["properties"]
    #expect(names(source) == NativeForm.sourceKeys)
    #expect(strings(source?["kind"]?["enum"]) == NativeForm.sourceKinds)
  }

  @Test func choicesAreTheCodes() {
    func choices(_ name: String, _ key: String) -> [String] {
      strings(property(name)?["properties"]?[key]?["enum"])
    }
    #expect(choices("normalisation", "method") == NativeForm.normalisations)
    #expect(choices("output_scale", "method") == NativeForm.outputScales)
    #expect(choices("activation", "function") == NativeForm.activationKeys.map(\.function))
    #expect(
      strings(property("decoder_norm_role")?["enum"]) == DecoderNormRole.allCases.map(\.rawValue))
    let storages: [NativeForm.Storage] = [.dense, .expander(degree: 1), .tied]
    #expect(choices("encoder", "storage") == storages.map(\.name))
    #expect(choices("decoder", "storage") == storages.dropLast().map(\.name))
    let fields = names(property("activation")?["properties"]).dropFirst()
    #expect(Set(fields) == Set(NativeForm.activationKeys.flatMap(\.keys)))
  }

  @Test(arguments: ExportCase.all)
  func whatIsWrittenIsValid(_ example: ExportCase) throws {
    let folder = try TemporaryFolder()
    _ = try DictionaryExport.native(try example.dictionary(), to: folder.file("copy"))
    let document = try JSONValue.read(path: folder.file("copy/dictionary.json"))
    #expect(violation(document, schema, "document") == nil)
  }

  @Test func theCheckFindsViolations() throws {
    let folder = try TemporaryFolder()
    let example = try #require(ExportCase.all.first)
    _ = try DictionaryExport.native(try example.dictionary(), to: folder.file("copy"))
    let document = try JSONValue.read(path: folder.file("copy/dictionary.json"))
    let members = try #require(document.asObject)
    #expect(violation(.object(Array(members.dropLast())), schema, "d") == "d lacks ledger")
    #expect(violation(.object(members + [.init("x", 1)]), schema, "d") == "d.x is not accepted")
    var wrong = members
    wrong[4].value = 0
    #expect(violation(.object(wrong), schema, "d") == "d.feature_count is below 1")
    wrong[4].value = "6"
    #expect(violation(.object(wrong), schema, "d") == "d.feature_count is a string")
  }

  /// The first place where `value` is not what `schema` says, as far as this schema's words go.
  private func violation(_ value: JSONValue, _ rule: JSONValue, _ path: String) -> String? {
    var rule = rule
    if let name = rule["$ref"]?.asString?.split(separator: "/").last {
      guard let found = schema["$defs"]?[String(name)] else { return "\(path): no \(name)" }
      rule = found
    }
    if let constant = rule["const"], constant != value { return "\(path) is not the constant" }
    if let choices = rule["enum"]?.asArray, !choices.contains(value) {
      return "\(path) is no choice"
    }
    let types = rule["type"]?.asString.map { [$0] } ?? strings(rule["type"])
    if !types.isEmpty, !types.contains(where: { isType(value, $0) }) {
      return "\(path) is \(value.kind)"
    }
    if let number = value.asDouble {
      if let least = rule["minimum"]?.asDouble, number < least {
        return "\(path) is below \(rule["minimum"]?.asInt ?? 0)"
      }
      if let bound = rule["exclusiveMinimum"]?.asDouble, number <= bound { return "\(path) is low" }
    }
    for (index, element) in (value.asArray ?? []).enumerated() {
      guard let items = rule["items"] else { continue }
      if let found = violation(element, items, "\(path)[\(index)]") { return found }
    }
    guard let members = value.asObject else { return nil }
    for key in strings(rule["required"]) where value[key] == nil { return "\(path) lacks \(key)" }
    for member in members {
      let place = path + "." + member.key
      if let inner = rule["properties"]?[member.key] {
        if let found = violation(member.value, inner, place) { return found }
      } else if let other = rule["additionalProperties"], other.asObject != nil {
        if let found = violation(member.value, other, place) { return found }
      } else if rule["additionalProperties"]?.asBool == false {
        return "\(place) is not accepted"
      }
    }
    return nil
  }

  private func isType(_ value: JSONValue, _ type: String) -> Bool {
    switch type {
    case "object": value.asObject != nil
    case "array": value.asArray != nil
    case "string": value.asString != nil
    case "integer": value.asInt != nil
    case "number": value.asDouble != nil
    case "boolean": value.asBool != nil
    case "null": value.isNull
    default: false
    }
  }
}
