import Formats
import Foundation
import TestSupport
import Testing

/// What `export` and `import` say beside their results: commands to run next, and notes.
@Suite struct ControlVectorReportTests {
  private let sandbox: Sandbox

  init() throws { sandbox = try Sandbox() }

  private func export(_ path: String, _ more: [String] = []) throws -> Tool.Result {
    let result = try sandbox.run(
      ["export", "--sae", "sae", "--control-vector=\(path)", "--feature", "1", "--alpha", "4"]
        + more)
    #expect(result.status == 0, "\(result.error)")
    return result
  }

  private func `import`(_ output: String, _ more: [String] = []) throws -> Tool.Result {
    let result = try sandbox.run(
      ["import", "--control-vector", "in.gguf", "--output=\(output)"] + more)
    #expect(result.status == 0, "\(result.error)")
    return result
  }

  private func write(
    _ directions: [(layer: Int, values: [Float])] = [(1, [0, 2, 0, 0])], hint: String? = nil
  ) throws {
    try ControlVectorFile.write(
      sandbox.folder.file("in.gguf"), directions: directions, modelHint: hint)
  }

  private func member(_ name: String, _ result: Tool.Result) throws -> JSONValue {
    try #require(try JSONValue.parse(text: result.output)[name])
  }

  @Test func aNameLikeAnOptionIsPrintedAsAPath() throws {
    let exported = try export("-x.gguf").output
    #expect(exported.contains("run           llama-cli -m model.gguf --control-vector ./-x.gguf\n"))
    let command = try member("command", try export("-x.gguf", ["--json"]))
    #expect(command.asArray?.last?.asString == "./-x.gguf")
    try write()
    let line = try #require(
      try `import`("-v").output.split(separator: "\n").last { $0.contains("  run ") })
    let arguments = line.split(separator: " ").dropFirst(2).map {
      $0 == "FILE" ? "in.safetensors" : String($0)
    }
    #expect(arguments.contains("./-v/layer1"))
    let applied = try sandbox.run(arguments + ["--output", "steered.safetensors"])
    #expect(applied.status == 0, "\(applied.error)")
  }

  @Test func aNameThatCannotBePrintedHasNoCommand() throws {
    try write()
    for name in ["a\u{1b}b", "a\nb", "a\u{202e}b"] {
      let exported = try export(name + ".gguf").output
      #expect(exported.contains("  wrote "))
      #expect(!exported.contains("  run "))
      let command = try member("command", try export(name + ".gguf", ["--json"]))
      #expect(command.asArray?.last?.asString == name + ".gguf")
      let imported = try `import`(name).output
      #expect(imported.contains("  wrote "))
      #expect(!imported.contains("  run "))
    }
    #expect(try member("command", try export("a,b.gguf", ["--json"])) == .null)
  }

  @Test func notesAreInJSONToo() throws {
    let notes = try member(
      "notes",
      try export(
        "a,b.gguf", ["--layer", "0", "--layer-convention", "cvector-generator", "--json"]))
    let texts = try #require(notes.asArray).compactMap(\.asString)
    #expect(texts.count == 4)
    #expect(texts.first?.contains("every position of every sequence") == true)
    #expect(texts.last?.contains("comma") == true)
  }

  @Test func aDirectionOfZerosHasNoNeighbours() throws {
    try write([(1, [0, 0, 0, 0]), (2, [1, 0, 0, 0])])
    let shown = try `import`("a", ["--sae", "sae"]).output
    #expect(
      shown.contains(
        "note: nothing to compare: the direction of layer 1 is zero, and a direction of zeros has no"
          + " neighbours\n"))
    #expect(!shown.contains("cosine"))
  }

  @Test func aLongModelHintIsCutAndLeftOut() throws {
    let hint = String(repeating: "h", count: 5_000)
    try write(hint: hint)
    let shown = try `import`("a").output
    #expect(shown.contains(String(repeating: "h", count: 100) + "...\n"))
    #expect(
      shown.contains(
        "note: the model hint has 5,000 bytes and is left out of cfg.json, which takes up to 256\n")
    )
    #expect(shown.utf8.count < 1_000)
    let config = try String(
      contentsOfFile: sandbox.folder.file("a/layer1/cfg.json"), encoding: .utf8)
    #expect(config.utf8.count < 1_000)
    #expect(try export("x.gguf", ["--model-hint", hint]).output.utf8.count < 1_000)
  }

  @Test func anEmptyModelHintIsNoHint() throws {
    let result = try sandbox.run([
      "export", "--sae", "sae", "--control-vector", "x", "--feature", "1", "--alpha", "4",
      "--model-hint", "",
    ])
    #expect(result.status == 2)
    #expect(result.error.contains("--model-hint is empty, expected text"))
    #expect(!FileManager.default.fileExists(atPath: sandbox.folder.file("x")))
  }

  @Test func theCountsOfLayersAreSaid() throws {
    try GGUFWriter.write(
      sandbox.folder.file("in.gguf"),
      keys: [
        ("general.architecture", .string("controlvector")), ("controlvector.layer_count", .u32(26)),
      ], tensors: [GGUFWriter.Entry("direction.1", shape: [2], [1, 2])])
    #expect(
      try `import`("a").output.contains("note: the file declares 26 layers and holds 1 direction\n")
    )
    let notes = try member("notes", try `import`("b", ["--json"]))
    #expect(
      notes.asArray?.compactMap(\.asString) == ["the file declares 26 layers and holds 1 direction"]
    )
  }
}
