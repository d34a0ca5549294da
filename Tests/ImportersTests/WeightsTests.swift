import Formats
import Importers
import SAE
import TestSupport
import Tensors
import Testing

/// Tensors: names, shapes, element types, NaN, and where they are stored.
@Suite struct WeightsTests {
  static let tensors: [(architecture: String, names: [String])] = [
    ("standard", ["W_enc", "W_dec", "b_dec", "b_enc"]),
    ("gated", ["W_enc", "W_dec", "b_dec", "b_gate", "b_mag", "r_mag"]),
    ("jumprelu", ["W_enc", "W_dec", "b_dec", "b_enc", "threshold"]),
    ("topk", ["W_enc", "W_dec", "b_dec", "b_enc"]),
    ("abstopk", ["W_enc", "W_dec", "b_dec", "b_enc"]),
    ("skip_transcoder", ["W_enc", "W_dec", "b_dec", "b_enc", "W_skip"]),
    (
      "jumprelu_skip_transcoder",
      ["W_enc", "W_dec", "b_dec", "b_enc", "threshold", "W_skip"]
    ),
  ]

  private func make(_ architecture: String) throws -> SAELensFolder {
    try SAELensFolder(architecture, isTranscoder: architecture.contains("transcoder"))
  }

  @Test(arguments: tensors)
  func missingAndUnexpectedTensors(_ architecture: String, _ names: [String]) throws {
    for name in names {
      var folder = try make(architecture)
      folder.remove(name)
      let error = try #require(try folder.failure())
      guard case .missingTensor(name, let available, architecture) = error.reason else {
        Issue.record("\(name): \(error.reason)")
        continue
      }
      #expect(Set(available) == Set(names).subtracting([name]))
      #expect(error.path == folder.weightsPath)
    }
    var folder = try make(architecture)
    folder.set(TestTensor("b_extra", [1], [0]))
    #expect(
      try folder.failure()
        == ImportError(
          .unexpectedTensor(
            name: "b_extra", accepted: names + ["scaling_factor"], architecture: architecture),
          path: folder.weightsPath))
  }

  @Test(arguments: ["topk_threshold", "log_threshold"])
  func trainingTensorsAreRefusedWithTheReason(_ name: String) throws {
    var folder = try SAELensFolder("jumprelu")
    folder.set(TestTensor(name, [1], [0]))
    #expect(
      try folder.failure()?.reason
        == .refused(
          what: "tensor '\(name)'",
          why: "only raw training checkpoints have it: their scale is not folded in",
          advice: "export with SAELens' save_inference_model"))
  }

  @Test func shapes() throws {
    let cases: [(String, String, [Int], [Int], String)] = [
      ("standard", "W_enc", [5, 3], [3, 5], "d_in, d_sae"),
      ("standard", "W_dec", [3, 5], [5, 3], "d_sae, d_in"),
      ("standard", "W_enc", [3, 6], [3, 5], "d_in, d_sae"),
      ("standard", "W_enc", [15], [3, 5], "d_in, d_sae"),
      ("standard", "b_enc", [3], [5], "d_sae"),
      ("standard", "b_enc", [1, 5], [5], "d_sae"),
      ("standard", "b_dec", [5], [3], "d_in"),
      ("jumprelu", "threshold", [1], [5], "d_sae"),
      ("gated", "r_mag", [4], [5], "d_sae"),
      ("gated", "b_gate", [6], [5], "d_sae"),
      ("gated", "b_mag", [5, 1], [5], "d_sae"),
      ("skip_transcoder", "W_skip", [3, 4], [4, 3], "d_out, d_in"),
      ("transcoder", "W_dec", [5, 3], [5, 4], "d_sae, d_out"),
      ("transcoder", "b_dec", [3], [4], "d_out"),
    ]
    for (architecture, name, found, expected, keys) in cases {
      var folder = try make(architecture)
      folder.set(
        TestTensor(name, found, [Float](repeating: 1, count: found.reduce(1, *))))
      #expect(
        try folder.failure()
          == ImportError(
            .shape(tensor: name, found: found, expected: expected, from: "config " + keys),
            path: folder.weightsPath))
    }
  }

  @Test(arguments: ["W_enc", "W_dec", "b_enc", "b_dec"])
  func integersAreNoWeights(_ name: String) throws {
    var folder = try SAELensFolder()
    let shape = try #require(folder.tensors.first { $0.name == name }).shape
    let count = shape.reduce(1, *)
    folder.set(TestTensor(name, .i32, shape, bytes: [UInt8](repeating: 0, count: count * 4)))
    #expect(
      try folder.failure()
        == ImportError(
          .elementType(tensor: name, found: "I32", accepted: ["F32", "BF16", "F16", "F64"]),
          path: folder.weightsPath))
  }

  /// Values that every type holds exactly.
  private var encoder: [Float] { (0..<15).map { Float($0 - 7) / 4 } }

  private func bytes(_ values: [Float], _ type: ElementType) -> [UInt8] {
    values.flatMap { value -> [UInt8] in
      let bits: UInt64 =
        switch type {
        case .f64: Double(value).bitPattern
        case .f16: UInt64(Float16(value).bitPattern)
        case .bf16: UInt64(value.bitPattern >> 16)
        default: UInt64(value.bitPattern)
        }
      return (0..<type.byteCount).map { UInt8(truncatingIfNeeded: bits >> (8 * UInt64($0))) }
    }
  }

  @Test(arguments: [ElementType.f32, .bf16, .f16, .f64])
  func everyFloatTypeIsRead(_ type: ElementType) throws {
    var folder = try SAELensFolder()
    folder.set(TestTensor("W_enc", type, [3, 5], bytes: bytes(encoder, type)))
    folder.set(TestTensor("W_dec", type, [5, 3], bytes: bytes(encoder, type)))
    folder.set(TestTensor("b_enc", type, [5], bytes: bytes(Array(encoder.prefix(5)), type)))
    folder.set(TestTensor("b_dec", type, [3], bytes: bytes(Array(encoder.suffix(3)), type)))
    let dictionary = try folder.open()
    let rows = try dictionary.encoder.featureMajor(.best)
    for feature in 0..<5 {
      #expect(rows.values(ofRow: feature, .best) == (0..<3).map { encoder[$0 * 5 + feature] })
      #expect(
        dictionary.decoder.values(ofRow: feature, .best)
          == Array(encoder[(feature * 3)..<(feature * 3 + 3)]))
    }
    #expect(dictionary.encoderBias == Array(encoder.prefix(5)))
    #expect(dictionary.decoderBias == Array(encoder.suffix(3)))
    #expect(dictionary.weightType == (type == .bf16 ? .bf16 : .f32))
    let note: String? =
      switch type {
      case .f16: "F16 widened to F32 in memory"
      case .f64: "F64 rounded to F32 in memory"
      default: nil
      }
    #expect(dictionary.entry("W_enc")?.statement == note)
    #expect(dictionary.entry("W_dec")?.statement == note)
  }

  @Test func doublesBeyondFloatAreRefused() throws {
    var folder = try SAELensFolder()
    let bits = Double(1e300).bitPattern
    let big = (0..<8).map { UInt8(truncatingIfNeeded: bits >> (8 * UInt64($0))) }
    folder.set(
      TestTensor("b_enc", .f64, [5], bytes: [UInt8](repeating: 0, count: 16) + big + big + big))
    #expect(
      try folder.failure()?.reason
        == .dictionary(DictionaryError(.nonFiniteWeight(tensor: "b_enc", row: 0, column: 2))))
  }

  @Test(arguments: [Float.nan, .infinity])
  func nonFiniteVectorsAreNamed(_ bad: Float) throws {
    for (architecture, name, column) in [
      ("standard", "b_enc", 4), ("standard", "b_dec", 2), ("jumprelu", "threshold", 1),
      ("gated", "b_gate", 0), ("gated", "b_mag", 3), ("gated", "r_mag", 4),
    ] {
      var folder = try SAELensFolder(architecture)
      folder.poke(name, column, bad)
      #expect(
        try folder.failure()
          == ImportError(
            .dictionary(DictionaryError(.nonFiniteWeight(tensor: name, row: 0, column: column))),
            path: folder.weightsPath))
    }
    // exp(r_mag) overflows.
    var folder = try SAELensFolder("gated")
    folder.poke("r_mag", 1, 100)
    #expect(
      try folder.failure()?.reason
        == .dictionary(
          DictionaryError(.nonFiniteWeight(tensor: "magnitude scale", row: 0, column: 1))))
  }

  @Test func smallWeightsAreCheckedAtOpening() throws {
    for (tensor, name, index, row, column) in [
      ("W_enc", "encoder", 2 * 5 + 4, 4, 2), ("W_dec", "decoder", 4 * 3 + 1, 4, 1),
    ] {
      var folder = try SAELensFolder()
      folder.poke(tensor, index, .nan)
      #expect(
        try folder.failure()
          == ImportError(
            .dictionary(DictionaryError(.nonFiniteWeight(tensor: name, row: row, column: column))),
            path: folder.folder.path))
    }
    var folder = try SAELensFolder("skip_transcoder", isTranscoder: true)
    folder.poke("W_skip", 3 * 3 + 2, .infinity)
    #expect(
      try folder.failure()?.reason
        == .dictionary(DictionaryError(.nonFiniteWeight(tensor: "skip", row: 3, column: 2))))
  }

  /// 34 MB of weights: found when they are used, or at opening when that is asked for.
  @Test func largeWeightsAreCheckedWhenTheyAreUsed() throws {
    let (width, n) = (1024, 4200)
    var folder = try SAELensFolder()
    folder.set("d_in", .integer(Int64(width)))
    folder.set("d_sae", .integer(Int64(n)))
    let zeros = [UInt8](repeating: 0, count: width * n * 4)
    folder.tensors = [
      TestTensor("W_enc", .f32, [width, n], bytes: zeros),
      TestTensor("W_dec", .f32, [n, width], bytes: zeros),
      TestTensor("b_enc", [n], [Float](repeating: 0, count: n)),
      TestTensor("b_dec", [width], [Float](repeating: 0, count: width)),
    ]
    folder.poke("W_enc", 1000 * n + 4001, .nan)
    let dictionary = try folder.open()
    let expected = DictionaryError(.nonFiniteWeight(tensor: "encoder", row: 4001, column: 1000))
    #expect(throws: expected) { _ = try FullEncoder(dictionary) }
    #expect(throws: expected) { _ = try SelectiveEncoder(dictionary, features: [4001]) }
    #expect(throws: Never.self) { _ = try SelectiveEncoder(dictionary, features: [4000]) }
    var options = ImportOptions()
    options.weightCheck = .whole
    #expect(importFailure(folder.folder.path, options)?.reason == .dictionary(expected))
  }
}
