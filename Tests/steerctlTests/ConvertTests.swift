import Formats
import Foundation
import TestSupport
import Testing

/// `steerctl convert`: what it writes, and what it says about it.
@Suite struct ConvertTests {
  private let sandbox: Sandbox

  init() throws { sandbox = try Sandbox() }

  private func convert(_ arguments: [String]) throws -> Tool.Result {
    let result = try sandbox.run(["convert"] + arguments)
    #expect(result.status == 0, "\(result.error)")
    #expect(result.error.isEmpty)
    return result
  }

  private func file(_ name: String) throws -> [UInt8] { try sandbox.folder.bytes(name) }

  static let runs: [(name: String, arguments: [String])] = [
    ("convert-saelens", ["--to", "saelens"]), ("convert-native", ["--to", "native"]),
    (
      "convert-scaled",
      ["--to", "saelens", "--activation-scale", "0.3", "--type", "bf16", "--allow-rounding"]
    ),
  ]

  @Test(arguments: runs)
  func humanAndJSON(_ example: (name: String, arguments: [String])) throws {
    for json in [false, true] {
      let sandbox = try Sandbox()
      let result = try sandbox.run(
        ["convert", "sae", "--output", "copy"] + example.arguments + (json ? ["--json"] : []))
      #expect(result.status == 0, "\(result.error)")
      #expect(result.error.isEmpty)
      try sandbox.snapshot(result.output, example.name + (json ? ".json" : ".txt"))
      if json { _ = try JSONSerialization.jsonObject(with: result.data) }
    }
  }

  /// There and back is the same dictionary, byte for byte, and every verb works on it.
  @Test func thereAndBack() throws {
    _ = try convert(["sae", "--to", "native", "-o", "native"])
    _ = try convert(["--sae", "native", "--to", "saelens", "-o", "back"])
    _ = try convert(["back", "--to", "saelens", "-o", "again"])
    for name in ["cfg.json", "sae_weights.safetensors"] {
      #expect(try file("back/" + name) == file("again/" + name))
    }
    for name in ["W_enc", "W_dec", "b_enc", "b_dec", "threshold"] {
      #expect(
        try readFloats(sandbox.folder.file("sae/sae_weights.safetensors"), name)
          == readFloats(sandbox.folder.file("back/sae_weights.safetensors"), name))
    }
    var codes: [[String: [Float]]] = []
    for folder in ["sae", "native", "back"] {
      let result = try sandbox.run(
        ["encode", "--sae", folder, "--activations", "in.safetensors", "--output", "codes"])
      #expect(result.status == 0, "\(result.error)")
      let file = try SafetensorsFile.open(sandbox.folder.file("codes"))
      codes.append([
        "values": try #require(file["values"]?.floats(.best)),
        "indices": try #require(file["indices"]?.integers()).map(Float.init),
        "row_offsets": try #require(file["row_offsets"]?.integers()).map(Float.init),
      ])
    }
    #expect(codes[0]["values"]?.isEmpty == false)
    #expect(codes[1] == codes[0] && codes[2] == codes[0], "the same codes")
  }

  @Test func sizesAreThoseOfTheFiles() throws {
    let result = try convert(["sae", "--to", "native", "-o", "copy", "--json"])
    let report = try JSONValue.parse(text: result.output)
    let before = try file("sae/cfg.json").count + file("sae/sae_weights.safetensors").count
    let after = try file("copy/dictionary.json").count + file("copy/weights.safetensors").count
    #expect(report["bytes_before"]?.asInt == before)
    #expect(report["bytes_after"]?.asInt == after)
    #expect(report["is_exact"]?.asBool == true)
  }

  @Test func damagedWeightsAreFoundWhenAsked() throws {
    _ = try convert(["sae", "--to", "native", "-o", "copy"])
    var bytes = try file("copy/weights.safetensors")
    bytes[bytes.count - 1] ^= 0x80
    try Data(bytes).write(to: URL(fileURLWithPath: sandbox.folder.file("copy/weights.safetensors")))
    let result = try sandbox.run(["inspect", "copy", "--check-weights"])
    #expect(result.status == 3)
    #expect(result.error.contains("'SHA-256 of tensor 'threshold'' is "), "\(result.error)")
  }
}
