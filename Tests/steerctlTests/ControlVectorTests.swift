import Foundation
import Formats
import TestSupport
import Testing

/// `export` and `import`, and that a plan comes through both of them.
@Suite struct ControlVectorTests {
  private let sandbox: Sandbox
  private var sae: [String] { ["--sae", sandbox.folder.file("sae")] }

  init() throws { sandbox = try Sandbox() }

  private func run(_ line: String) throws -> Tool.Result {
    try sandbox.run(line.split(separator: " ").map(String.init))
  }

  @Test func exportIsShown() throws {
    for json in [false, true] {
      let result = try sandbox.run(
        [
          "export", "--control-vector", "out.gguf", "--feature", "1", "--alpha", "4", "--feature",
          "4", "--alpha", "-0.5",
        ] + sae + (json ? ["--json"] : []))
      #expect(result.status == 0, "\(result.error)")
      #expect(result.error.isEmpty)
      try sandbox.snapshot(result.output, json ? "export.json" : "export.txt")
    }
  }

  @Test func everyNoteOfExportIsShown() throws {
    let result = try sandbox.run(
      [
        "export", "--control-vector", "a, b.gguf", "--feature", "1", "--alpha", "4", "--layer", "0",
        "--layer-convention", "cvector-generator", "--model-hint", "toy2",
      ] + sae)
    #expect(result.status == 0, "\(result.error)")
    try sandbox.snapshot(result.output, "export-notes.txt")
  }

  @Test func importIsShown() throws {
    try ControlVectorFile.write(
      sandbox.folder.file("in.gguf"),
      directions: [(1, [0, 2, 0, 0]), (2, [0, 0, 0, 0]), (3, [0.5, 0, 0, 0.5])],
      modelHint: "toy")
    for json in [false, true] {
      let result = try sandbox.run(
        ["import", "--control-vector", "in.gguf", "--output", json ? "b" : "a"] + sae
          + (json ? ["--json"] : []))
      #expect(result.status == 0, "\(result.error)")
      #expect(result.error.isEmpty)
      try sandbox.snapshot(result.output, json ? "import.json" : "import.txt")
    }
    let elsewhere = try sandbox.run(
      ["import", "--control-vector", "in.gguf", "--output", "c", "--layer", "3"] + sae)
    #expect(elsewhere.status == 0, "\(elsewhere.error)")
    try sandbox.snapshot(elsewhere.output, "import-elsewhere.txt")
  }

  @Test func aPlanComesThroughToTheBit() throws {
    let direct = try sandbox.run(
      [
        "apply", "--feature", "1", "--alpha", "1.3", "--feature", "5", "--alpha", "-7", "--output",
        "direct.safetensors",
      ] + sandbox.inputs)
    #expect(direct.status == 0, "\(direct.error)")
    let exported = try sandbox.run(
      [
        "export", "--control-vector", "-", "--feature", "1", "--alpha", "1.3", "--feature", "5",
        "--alpha", "-7",
      ] + sae)
    #expect(exported.status == 0)
    #expect(exported.error.contains("wrote         standard output"))
    try exported.data.write(to: URL(fileURLWithPath: sandbox.folder.file("out.gguf")))
    #expect(try run("import --control-vector out.gguf --output vector").status == 0)
    let applied = try run(
      "apply --sae vector/layer1 --feature 0 --alpha 1 --activations in.safetensors"
        + " --output through.safetensors")
    #expect(applied.status == 0, "\(applied.error)")
    let expected = try sandbox.folder.bytes("direct.safetensors")
    #expect(try sandbox.folder.bytes("through.safetensors") == expected)
    #expect(expected != (try sandbox.folder.bytes("in.safetensors")))
    for verb in ["inspect --sae vector/layer1", "features 0 --sae vector/layer1"] {
      #expect(try run(verb).status == 0, "\(verb)")
    }
    let encoded = try run("encode --sae vector/layer1 --activations in.safetensors")
    #expect(encoded.status == 0, "\(encoded.error)")
  }

  static let refusals: [(line: String, status: Int32, message: String)] = [
    ("export SAE --feature 1 --alpha 1", 2, "Missing expected argument '--control-vector"),
    ("export SAE --control-vector x", 2, "nothing to do"),
    ("export SAE --control-vector x --feature 1 --alpha 1 --layer -1", 2, "--layer"),
    (
      "export SAE --control-vector x --feature 1 --alpha 1 --layer-convention other", 2,
      "The value 'other' is invalid"
    ),
    ("export SAE --control-vector - --feature 1 --alpha 1 --json", 2, "both want standard output"),
    (
      "export SAE --control-vector x --feature 1 --alpha 1 --mode clamp", 3,
      "--mode is clamp, expected add"
    ),
    (
      "export SAE --control-vector x --feature 1 --alpha 1 --strength relative", 3,
      "--strength is relative"
    ),
    (
      "export SAE --control-vector x --feature 1 --alpha 1 --skip-first 1", 3,
      "--skip-first, --range or --phase is a choice of rows"
    ),
    ("export SAE --control-vector x --feature 9 --alpha 1", 3, "--feature is 9"),
    (
      "export SAE --control-vector x --feature 1 --alpha 1 --layer 0", 3,
      "cannot hold the output of block 0"
    ),
    (
      "export SAE --control-vector x --feature 1 --alpha 1 --strength max-activation", 3,
      "--max-activation is missing"
    ),
    (
      "export SAE --control-vector sae/cfg.json --feature 1 --alpha 1", 3,
      "is a file being read, expected another --control-vector"
    ),
    ("export SAE --control-vector gone/x --feature 1 --alpha 1", 4, "gone/x"),
    (
      "export --sae mid --control-vector x --feature 0 --alpha 1", 3,
      "the dictionary is at 'blocks.1.hook_resid_mid', expected the output of a block"
    ),
    ("import --control-vector in.gguf", 2, "Missing expected argument '--output"),
    ("import --control-vector in.gguf --output o --layer -2", 2, "--layer"),
    ("import --control-vector gone.gguf --output o", 4, "gone.gguf"),
    ("import --control-vector in.safetensors --output o", 3, "the GGUF magic bytes"),
    ("import --control-vector in.gguf --output sae", 3, "sae exists, expected the name of"),
    ("import --control-vector gone.gguf --output .", 3, ". exists, expected the name of a new"),
    (
      "import --control-vector in.gguf --output o --activation-scale 2", 2,
      "--activation-scale is for the dictionary to compare with, expected --sae too"
    ),
    (
      "import --control-vector in.gguf --output o --rows-already-scaled", 2,
      "--rows-already-scaled is for"
    ),
    (
      "import --control-vector in.gguf --output o --ignore-config-key k", 2,
      "--ignore-config-key is for"
    ),
    ("import --control-vector in.gguf --output o --check-weights", 2, "--check-weights is for"),
    (
      "import --control-vector in.gguf --output o --layer 7", 3,
      "in.gguf: there is no direction for layer 7, the file has 1"
    ),
    ("import --control-vector in.gguf --output gone/o", 4, "gone/o"),
    ("import --control-vector in.gguf --output o --sae gone", 4, "gone"),
    (
      "import --control-vector in.gguf --output o SAE", 3,
      "the direction has width 2, expected 4 from the dictionary"
    ),
  ]

  @Test(arguments: refusals)
  func nothingIsLeftOfARefusal(_ example: (line: String, status: Int32, message: String)) throws {
    try ControlVectorFile.write(
      sandbox.folder.file("in.gguf"), directions: [(1, [1, 2])], modelHint: nil)
    let files = FileManager.default
    try files.copyItem(atPath: sandbox.folder.file("sae"), toPath: sandbox.folder.file("mid"))
    let config = try String(contentsOfFile: sandbox.folder.file("mid/cfg.json"), encoding: .utf8)
    try sandbox.folder.write(
      config.replacingOccurrences(of: "hook_resid_post", with: "hook_resid_mid"),
      to: "mid/cfg.json")
    let before = try files.subpathsOfDirectory(atPath: sandbox.folder.path).sorted()
    let arguments = example.line.split(separator: " ").flatMap {
      $0 == "SAE" ? ["--sae", "sae"] : [String($0)]
    }
    let result = try sandbox.run(arguments)
    #expect(result.status == example.status, "\(result.error)")
    #expect(result.output.isEmpty)
    #expect(result.error.contains(example.message), "\(result.error)")
    #expect(try files.subpathsOfDirectory(atPath: sandbox.folder.path).sorted() == before)
  }
}
