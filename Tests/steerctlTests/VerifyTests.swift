import Foundation
import Formats
import TestSupport
import Testing

@Suite struct VerifyTests {
  private static let rows = Tool.checkout + "/vectors/verify/gemma-3-270m-layers"
  private static let bundled = Tool.checkout + "/default/gemma-3-270m-layer12-topk32-4096"

  private func run(_ arguments: [String]) throws -> Tool.Result {
    try Tool.run(["verify"] + arguments)
  }

  private func expectValid(
    _ result: Tool.Result, sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> JSONValue {
    let value = try JSONValue.parse(text: result.output)
    let schema = try JSONValue.read(path: Tool.checkout + "/docs/schemas/verify.schema.json")
    #expect(
      SchemaCheck(root: schema).complaints(about: value) == [], sourceLocation: sourceLocation)
    return value
  }

  @Test func theBundledDictionaryIsRight() throws {
    let result = try run(["--json"])
    #expect(result.status == 0, "\(result.error)")
    let value = try expectValid(result)
    #expect(value["verdict"]?.asString == "right")
    #expect(value["ordinary"]?["rows"]?.asInt == 10_712)
    #expect(value["l0_quantiles"]?["0.5"]?.asInt == 32)
    #expect(value["reasons"]?.asArray?.isEmpty == true)
    #expect(value["declared"]?["l0_source"]?.asString == "k 32")
  }

  @Test func rowsOfTheWrongLayerAreFound() throws {
    let arguments = [
      Self.bundled, "--activations", Self.rows + "/layer09.safetensors", "--neighbour",
      Self.rows + "/layer12.safetensors",
    ]
    let result = try run(arguments + ["--json"])
    #expect(result.status == 1, "\(result.error)")
    let value = try expectValid(result)
    #expect(value["verdict"]?.asString == "wrong")
    let cause = value["causes"]?.asArray?.first
    #expect(cause?["kinds"]?.asArray == [.string("other-rows")])
    #expect(cause?["explains"]?.asBool == true)
    let human = try run(arguments)
    #expect(human.status == 1)
    #expect(human.error.isEmpty)
    #expect(human.output.contains("load looks wrong: FVU 1.746 → 0.197 if the rows are those of"))
    #expect(human.output.contains("what to do    the rows come from another place"))
  }

  /// A folder as publishers write it, with one key turned round.
  @Test func aWrongKeyOfTheConfigurationIsNamed() throws {
    let folder = try TemporaryFolder()
    let text = try String(contentsOfFile: Self.bundled + "/cfg.json", encoding: .utf8)
    let wrong = text.replacingOccurrences(
      of: "\"apply_b_dec_to_input\": true", with: "\"apply_b_dec_to_input\": false")
    try #require(wrong != text)
    try folder.write(wrong, to: "cfg.json")
    try FileManager.default.createSymbolicLink(
      atPath: folder.file("sae_weights.safetensors"),
      withDestinationPath: Self.bundled + "/sae_weights.safetensors")
    let result = try run([
      folder.path, "--activations", Self.rows + "/layer12.safetensors",
    ])
    #expect(result.status == 1, "\(result.error)")
    #expect(
      result.output.contains("if the decoder bias is subtracted before encoding"),
      "\(result.output)")
    #expect(result.output.contains("set apply_b_dec_to_input to true in cfg.json"))
  }

  /// The option that is advised repairs the load.
  @Test func theAdviceForADroppedScaleWorks() throws {
    let folder = try TemporaryFolder()
    let scale: Float = 1 / 230.64
    func matrix(_ name: String, _ shape: [Int], times factor: Float) throws -> TestTensor {
      let values = try readFloats(Self.bundled + "/sae_weights.safetensors", name)
      return TestTensor(name, shape, values.map { $0 * factor })
    }
    try writeSafetensors(
      folder.file("sae_weights.safetensors"),
      [
        try matrix("W_enc", [640, 4096], times: 1 / scale),
        try matrix("W_dec", [4096, 640], times: scale), try matrix("b_enc", [4096], times: 1),
        try matrix("b_dec", [640], times: scale),
      ])
    try FileManager.default.copyItem(
      atPath: Self.bundled + "/cfg.json", toPath: folder.file("cfg.json"))
    let inputs = [folder.path, "--activations", Self.rows + "/layer12.safetensors"]
    let wrong = try run(inputs + ["--json"])
    #expect(wrong.status == 1, "\(wrong.error)")
    let cause = try #require(try expectValid(wrong)["causes"]?.asArray?.first)
    #expect(cause["kinds"]?.asArray == [.string("activation-scale")])
    let advice = try #require(cause["advice"]?.asString)
    let option = try #require(advice.split(separator: "pass ").last).split(separator: " ")
    let right = try run(inputs + option.map(String.init))
    #expect(right.status == 0, "\(right.output)")
  }

  @Test func theSampleIsAsLargeAsAsked() throws {
    let result = try run([
      Self.bundled, "--activations", Self.rows + "/layer12.safetensors", "--sample-rows", "100",
      "--json",
    ])
    #expect(result.status == 0, "\(result.error)")
    #expect(try expectValid(result)["sample"]?["rows"]?.asInt == 100)
  }

  @Test func declaredFiguresAreHeldToTheRows() throws {
    let inputs = [Self.bundled, "--activations", Self.rows + "/layer12.safetensors"]
    #expect(try run(inputs + ["--declared-fvu", "0.2"]).status == 0)
    let fvu = try run(inputs + ["--declared-fvu", "0.05"])
    #expect(fvu.status == 1)
    #expect(fvu.output.contains("FVU 0.197 is far from the declared 0.050"))
    let l0 = try run(inputs + ["--declared-l0", "100"])
    #expect(l0.status == 1)
    #expect(l0.output.contains("L0 32.0 is far from the declared 100"))
  }

  @Test func everyFieldOfTheSchemaIsDescribed() throws {
    let schema = try JSONValue.read(path: Tool.checkout + "/docs/schemas/verify.schema.json")
    #expect(schema["$schema"]?.asString == "https://json-schema.org/draft/2020-12/schema")
    var count = 0
    func check(_ value: JSONValue, _ path: String) {
      guard value["$ref"] == nil else { return }
      count += 1
      #expect(value["title"]?.asString?.isEmpty == false, "\(path) has a title")
      #expect(value["description"]?.asString?.isEmpty == false, "\(path) has a description")
      for member in value["properties"]?.asObject ?? [] { check(member.value, member.key) }
      if let items = value["items"] { check(items, path + "[]") }
    }
    check(schema, "verification")
    #expect(count > 40)
  }

  @Test func humanAndJSON() throws {
    for json in [false, true] {
      let sandbox = try Sandbox()
      let result = try sandbox.run(["verify"] + sandbox.inputs + (json ? ["--json"] : []))
      #expect(result.status == 1)
      #expect(result.error.isEmpty)
      try sandbox.snapshot(result.output, "verify" + (json ? ".json" : ".txt"))
      if json { _ = try expectValid(result) }
    }
  }

  /// The page's examples: its verdicts and causes are what the tool prints.
  @Test func theExamplesOfThePageAreWhatIsPrinted() throws {
    let page = try String(contentsOfFile: Tool.checkout + "/docs/verify.md", encoding: .utf8)
    var examples: [(command: String, lines: [String])] = []
    for line in page.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
      if line.hasPrefix("$ steerctl verify") {
        examples.append((line, []))
      } else if line.hasPrefix("```") || examples.isEmpty {
        if let last = examples.last, !last.lines.isEmpty { examples.append(("", [])) }
      } else {
        examples[examples.count - 1].lines.append(line)
      }
    }
    examples.removeAll { $0.command.isEmpty }
    #expect(examples.count >= 2)
    for example in examples {
      let arguments = example.command.split(separator: " ").dropFirst(3).map(String.init)
      let result = try Tool.run(["verify"] + arguments, in: Tool.checkout)
      let printed = Set(result.output.split(separator: "\n").map(String.init))
      let claims = example.lines.filter { $0 != "  …" && !$0.isEmpty }
      #expect(claims.count >= 3)
      for line in claims { #expect(printed.contains(line), "\(example.command): \(line)") }
    }
  }

  @Test func theCheckFindsWhatASchemaForbids() throws {
    let schema = try JSONValue.read(path: Tool.checkout + "/docs/schemas/verify.schema.json")
    let check = SchemaCheck(root: schema)
    #expect(check.complaints(about: .object([])).contains("$: no version"))
    #expect(
      check.complaints(about: .object([.init("more", .null)])).contains("$: unknown more"))
    #expect(
      check.complaints(about: .object([.init("verdict", .string("maybe"))]))
        .contains("$.verdict: not in enum"))
    #expect(
      check.complaints(about: .object([.init("ordinary", .object([.init("rows", .integer(-1))]))]))
        .contains("$.ordinary.rows: below 0.0"))
  }
}
