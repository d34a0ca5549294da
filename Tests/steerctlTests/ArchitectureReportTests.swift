import Foundation
import TestSupport
import Testing

/// Turn averages, meta dictionaries and cross-layer transcoders on the command line.
@Suite struct ArchitectureReportTests {
  private static let transcoder = Tool.checkout + "/vectors/importers/circuit_tracer/clt"

  /// Six rows in four turns: the first turn has a special row, the second nothing else.
  private func turns(_ sandbox: Sandbox) throws -> [String] {
    let rows: [Float] = [
      64, 32, 0, 0,
      1, 0.5, 0, 0.125,
      2, 1.5, 0, 0.375,
      9, 9, 9, 9,
      2, 2, 2, 2,
      1.5, -1.5, 1, -1,
    ]
    try writeSafetensors(
      sandbox.folder.file("turns.safetensors"),
      [
        TestTensor("activations", [6, Sandbox.width], rows),
        TestTensor("turns", [3, 3, 3, 4, 5, 3]), TestTensor("special", [1, 0, 0, 1, 0, 0]),
      ])
    return ["--sae", sandbox.folder.file("sae"), "--activations"]
      + [sandbox.folder.file("turns.safetensors")]
  }

  /// A meta dictionary over rows of four numbers: the directions (1, 0, 0, 0) and (0.5, 0.5, 0.5, 0.5).
  private func meta(_ sandbox: Sandbox) throws -> String {
    let folder = sandbox.folder.file("meta")
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try sandbox.folder.write(
      """
      {"architecture": "standard", "d_in": 4, "d_sae": 2, "dtype": "float32", "device": "cpu",
       "apply_b_dec_to_input": false, "normalize_activations": "none",
       "reshape_activations": "none", "metadata": {"sae_lens_version": "6.0.0"}}
      """, to: "meta/cfg.json")
    try writeSafetensors(
      sandbox.folder.file("meta/sae_weights.safetensors"),
      [
        TestTensor("W_enc", [4, 2], [1, 0.5, 0, 0.5, 0, 0.5, 0, 0.5]),
        TestTensor("W_dec", [2, 4], [1, 0, 0, 0, 0.5, 0.5, 0.5, 0.5]),
        TestTensor("b_enc", [2], [0, -0.25]), TestTensor("b_dec", [4], [0, 0, 0, 0]),
      ])
    return folder
  }

  @Test(arguments: [false, true])
  func segments(_ json: Bool) throws {
    let sandbox = try Sandbox()
    let result = try sandbox.run(
      ["encode", "--average-by", "turns", "--output", "codes.safetensors"] + turns(sandbox)
        + (json ? ["--json"] : []))
    #expect(result.status == 0)
    #expect(result.error.isEmpty)
    try sandbox.snapshot(result.output, "encode-segments" + (json ? ".json" : ".txt"))
    guard json else { return }
    let report = try #require(
      try JSONSerialization.jsonObject(with: result.data) as? [String: Any])
    let segments = try #require(report["segments"] as? [[String: Any]])
    #expect(segments.map { $0["id"] as? Int } == [3, 4, 5, 3])
    #expect(segments.map { $0["averaged_rows"] as? Int } == [2, 0, 1, 1])
    #expect(report["empty_segments"] as? [Int] == [1])
    // The mean of rows 1 and 2 is (1.5, 1, 0, 0.25): features 0, 1 and 4 by hand.
    let strongest = try #require(segments[0]["strongest"] as? [[String: Any]])
    #expect(strongest.map { $0["feature"] as? Int } == [0, 1, 4])
    #expect(strongest.map { $0["activation"] as? Double } == [1.5, 1.25, 0.875])
  }

  @Test(arguments: [false, true])
  func composition(_ json: Bool) throws {
    let sandbox = try Sandbox()
    let result = try sandbox.run(
      ["features", "5", "--count", "2", "--sae", sandbox.folder.file("sae"), "--meta"]
        + [try meta(sandbox)] + (json ? ["--json"] : []))
    #expect(result.status == 0)
    #expect(result.error.isEmpty)
    try sandbox.snapshot(result.output, "features-meta" + (json ? ".json" : ".txt"))
    guard json else { return }
    let report = try #require(
      try JSONSerialization.jsonObject(with: result.data) as? [String: Any])
    let composition = try #require(report["composition"] as? [String: Any])
    // The row is (1, −1, 1, −1)/2: half of the first direction, none of the second; ‖u − û‖² is 3/4.
    let parts = try #require(composition["features"] as? [[String: Any]])
    #expect(parts.map { $0["feature"] as? Int } == [0])
    #expect(parts.map { $0["activation"] as? Double } == [0.5])
    #expect(composition["explained"] as? Double == 0.25)
    let decomposability = try #require(composition["decomposability"] as? Double)
    #expect(abs(decomposability - 0.472_366_552_741) < 1e-9)
  }

  @Test(arguments: [false, true])
  func crossLayerInspection(_ json: Bool) throws {
    let result = try Tool.run(["inspect", Self.transcoder] + (json ? ["--json"] : []))
    #expect(result.status == 0)
    #expect(result.error.isEmpty)
    try Snapshot.expect(
      result.output, "inspect-clt" + (json ? ".json" : ".txt"),
      replacing: [Tool.checkout: "CHECKOUT"])
    guard json else { return }
    let report = try #require(
      try JSONSerialization.jsonObject(with: result.data) as? [String: Any])
    let layers = try #require(report["layers"] as? [[String: Any]])
    #expect(layers.map { $0["targets"] as? [Int] } == [[0, 1, 2], [1, 2], [2]])
  }

  /// One layer's codes against the golden case, whose input and features are `[layer, row, …]`.
  @Test func crossLayerEncoding() throws {
    let sandbox = try Sandbox()
    let input = try readFloats(Self.transcoder + "/case.safetensors", "input")
    let golden = try readFloats(Self.transcoder + "/case.safetensors", "features")
    let rows = sandbox.folder.file("rows.safetensors")
    try writeSafetensors(
      rows, [TestTensor("activations", [9, 24], Array(input[(9 * 24)..<(18 * 24)]))])
    let arguments = ["encode", "--sae", Self.transcoder, "--activations", rows]
    let result = try sandbox.run(
      arguments + ["--layer", "1", "--dense", "--output", "codes.safetensors"])
    #expect(result.status == 0)
    let features = try readFloats(sandbox.folder.file("codes.safetensors"), "features")
    let expected = golden[(9 * 96)..<(18 * 96)]
    #expect(features.count == expected.count)
    #expect(zip(features, expected).allSatisfy { abs($0 - $1) <= 2e-5 * (1 + abs($1)) })
    #expect(features.contains { $0 > 0 })
    for (more, message) in [
      ([], "expected --layer 0 to 2"), (["--layer", "3"], "--layer is 3, expected 0 to 2"),
      (["--layer", "1", "--decode", "--output", "x"], "expected no --decode"),
    ] {
      let refused = try sandbox.run(arguments + more)
      #expect(refused.status == 3)
      #expect(refused.error.contains(message))
    }
  }
}
