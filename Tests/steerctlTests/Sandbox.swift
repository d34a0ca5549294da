import Foundation
import TestSupport
import Testing

/// A folder with a small dictionary and activations for the tool to work on.
///
/// The numbers are small binary fractions, so that every kernel gives the same bits.
struct Sandbox {
  static let width = 4
  static let features = 6
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try FileManager.default.createDirectory(
      atPath: folder.file("sae"), withIntermediateDirectories: true)
    try folder.write(
      """
      {"architecture": "jumprelu", "d_in": 4, "d_sae": 6, "dtype": "float32", "device": "cpu",
       "apply_b_dec_to_input": false, "normalize_activations": "none",
       "reshape_activations": "none",
       "metadata": {"sae_lens_version": "6.0.0", "model_name": "toy",
        "hook_name": "blocks.1.hook_resid_post",
        "exclude_special_tokens": true}}
      """, to: "sae/cfg.json")
    let rows: [[Float]] = [
      [1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1], [0.5, 0.5, 0.5, 0.5],
      [0.5, -0.5, 0.5, -0.5],
    ]
    try writeSafetensors(
      folder.file("sae/sae_weights.safetensors"),
      [
        TestTensor(
          "W_enc", [Self.width, Self.features],
          (0..<Self.width).flatMap { column in rows.map { $0[column] } }),
        TestTensor("W_dec", [Self.features, Self.width], rows.flatMap { $0 }),
        TestTensor("b_enc", [Self.features], [0, 0.25, 0, 0, -0.5, 0]),
        TestTensor("b_dec", [Self.width], [0, 0, 0, 0]),
        TestTensor("threshold", [Self.features], [0.25, 0.25, 0.25, 0.25, 0.5, 0.5]),
      ])
    let activations: [Float] = [
      64, 32, 0, 0,
      1, 0.5, 0, 0.125,
      0, 1, 2, -1,
      2, 2, 2, 2,
      -1, 0.5, 0.25, 0,
      1.5, -1.5, 1, -1,
    ]
    try writeSafetensors(
      folder.file("in.safetensors"),
      [
        TestTensor("activations", [6, Self.width], activations),
        TestTensor("positions", [0, 1, 2, 3, 4, 5]), TestTensor("special", [1, 0, 0, 0, 0, 0]),
      ])
  }

  /// Arguments that name the sandbox's dictionary and activations.
  var inputs: [String] {
    ["--sae", folder.file("sae"), "--activations", folder.file("in.safetensors")]
  }

  /// Runs the tool in the sandbox.
  func run(
    _ arguments: [String], environment: [String: String] = [:], input: String? = nil
  ) throws -> Tool.Result {
    try Tool.run(arguments, in: folder.path, environment: environment, input: input)
  }

  func snapshot(_ text: String, _ name: String) throws {
    try Snapshot.expect(text, name, replacing: [folder.path: "SANDBOX"])
  }
}
