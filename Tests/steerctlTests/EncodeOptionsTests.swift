import Foundation
import Formats
import TestSupport
import Testing

/// What `encode` writes does not depend on how the work is done.
@Suite struct EncodeOptionsTests {
  private static let width = 40
  private static let features = 600
  private static let rows = 150

  /// A TopK dictionary large enough for bounds to rule features out, and rows for it.
  private func makeFolder() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try FileManager.default.createDirectory(
      atPath: folder.file("sae"), withIntermediateDirectories: true)
    try folder.write(
      """
      {"architecture": "topk", "d_in": \(Self.width), "d_sae": \(Self.features), "k": 9,
       "rescale_acts_by_decoder_norm": false, "dtype": "float32", "device": "cpu",
       "apply_b_dec_to_input": true, "normalize_activations": "none",
       "reshape_activations": "none",
       "metadata": {"sae_lens_version": "6.0.0", "model_name": "toy",
        "hook_name": "blocks.1.hook_resid_post"}}
      """, to: "sae/cfg.json")
    var generator = SplitMix64(seed: 20)
    func draw(_ count: Int) -> [Float] {
      (0..<count).map { _ in Float.random(in: -1..<1, using: &generator) }
    }
    try writeSafetensors(
      folder.file("sae/sae_weights.safetensors"),
      [
        TestTensor("W_enc", [Self.width, Self.features], draw(Self.width * Self.features)),
        TestTensor("W_dec", [Self.features, Self.width], draw(Self.width * Self.features)),
        TestTensor("b_enc", [Self.features], draw(Self.features)),
        TestTensor("b_dec", [Self.width], draw(Self.width)),
      ])
    try writeSafetensors(
      folder.file("in.safetensors"),
      [TestTensor("activations", [Self.rows, Self.width], draw(Self.rows * Self.width))])
    return folder
  }

  @Test(arguments: [[], ["--dense"], ["--decode"]])
  func outputsAreTheSameBytes(_ form: [String]) throws {
    let folder = try makeFolder()
    func encode(_ options: [String], to name: String) throws -> JSONValue {
      let result = try Tool.run(
        ["encode", "--sae", "sae", "--activations", "in.safetensors", "--json", "--output", name]
          + form + options, in: folder.path)
      try #require(result.status == 0, "\(result.error)")
      return try JSONValue.parse(text: result.output)
    }
    let plain = try encode(["--plain"], to: "plain")
    #expect(plain["pruned_rows"]?.asInt == 0)
    #expect(plain["rescored_features"]?.asInt == 0)
    let expected = try folder.bytes("plain")
    #expect(expected.count > Self.rows * 9 * 8)
    for options in [[], ["--threads", "2"], ["--threads", "3"]] {
      let report = try encode(options, to: "pruned")
      #expect(report["pruned_rows"]?.asInt == Self.rows, "\(options)")
      let rescored = try #require(report["rescored_features"]?.asInt)
      #expect(rescored >= Self.rows * 9 && rescored < Self.rows * Self.features / 2)
      #expect(try folder.bytes("pruned") == expected, "\(options)")
      #expect(report["all"] == plain["all"], "\(options)")
    }
    let both = try encode(["--plain", "--threads", "3"], to: "both")
    #expect(both["pruned_rows"]?.asInt == 0)
    #expect(try folder.bytes("both") == expected)
  }

  /// The sandbox's six rows are one context.
  @Test func delphiCachesAreFolders() throws {
    let sandbox = try Sandbox()
    let arguments = ["encode", "--layout", "delphi", "--output", "layers.1"] + sandbox.inputs
    let result = try sandbox.run(arguments)
    #expect(result.status == 0, "\(result.error)")
    #expect(result.output.contains("locations U16 [") && result.output.contains("wrote layers.1"))
    let folder = sandbox.folder.file("layers.1")
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        == ["0_5.safetensors", "config.json"])
    let again = try sandbox.run(arguments)
    #expect(again.status == 3 && again.error.contains("expected the name of a new folder"))
    for extra in [["--dense"], ["--decode"], ["--average-by", "positions"]] {
      #expect(try sandbox.run(arguments + extra).status == 2)
    }
  }
}
