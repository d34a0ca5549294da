import Foundation
import Testing

@Suite struct SnapshotTests {
  @Test(arguments: [
    "", "inspect", "verify", "features", "encode", "apply", "fit", "calibrate", "evaluate",
    "detect", "report", "convert", "export", "import", "hooks", "watermark",
  ])
  func help(_ verb: String) throws {
    let result = try Tool.run([verb, "--help"].filter { !$0.isEmpty })
    #expect(result.status == 0)
    #expect(result.error.isEmpty)
    try Snapshot.expect(result.output, "help\(verb.isEmpty ? "" : "-" + verb).txt")
  }

  static let runs: [(name: String, arguments: [String])] = [
    ("inspect", ["inspect"]), ("features", ["features", "1", "--count", "3"]),
    ("encode", ["encode"]),
    ("encode-sparse", ["encode", "--output", "codes.safetensors", "--decode"]),
    ("encode-dense", ["encode", "--output", "codes.safetensors", "--dense"]),
    ("apply-add", ["apply", "--feature", "1", "--alpha", "4"]),
    (
      "apply-clamp",
      [
        "apply", "--feature", "0", "--alpha", "3", "--feature", "4", "--alpha", "-1.5", "--mode",
        "clamp", "--skip-first", "1", "--output", "out.safetensors",
      ]
    ),
    (
      "apply-max",
      [
        "apply", "--feature", "2", "--alpha", "0.5", "--strength", "max-activation", "--range",
        "1:3",
      ]
    ),
    ("apply-nothing", ["apply", "--feature", "1", "--alpha", "0"]),
  ]

  @Test(arguments: runs)
  func humanAndJSON(_ example: (name: String, arguments: [String])) throws {
    for json in [false, true] {
      let sandbox = try Sandbox()
      let inputs = example.name == "inspect" ? Array(sandbox.inputs.prefix(2)) : sandbox.inputs
      let result = try sandbox.run(example.arguments + inputs + (json ? ["--json"] : []))
      #expect(result.status == 0)
      #expect(result.error.isEmpty)
      #expect(!result.output.contains("\u{1B}"), "escape codes only on a terminal")
      try sandbox.snapshot(result.output, example.name + (json ? ".json" : ".txt"))
      if json { _ = try JSONSerialization.jsonObject(with: result.data) }
    }
  }

  @Test(arguments: ["blocks.12.hook_resid_pre", "blocks.3.hook_mlp_out", "inp_embd"])
  func hooks(_ name: String) throws {
    for json in [false, true] {
      let result = try Tool.run(["hooks", name] + (json ? ["--json"] : []))
      #expect(result.status == 0)
      #expect(result.error.isEmpty)
      try Snapshot.expect(result.output, "hooks-\(name)" + (json ? ".json" : ".txt"))
    }
  }

  @Test func rewritingIsRefusedInCI() throws {
    #expect(try !Snapshot.isUpdating([:]))
    #expect(try !Snapshot.isUpdating(["CI": "true"]))
    #expect(try Snapshot.isUpdating(["STEERING_UPDATE_SNAPSHOTS": "1"]))
    #expect(throws: Snapshot.UpdateInCI.self) {
      try Snapshot.isUpdating(["STEERING_UPDATE_SNAPSHOTS": "1", "CI": "true"])
    }
  }
}
