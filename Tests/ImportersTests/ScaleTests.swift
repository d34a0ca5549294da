import Formats
import Importers
import SAE
import TestSupport
import Tensors
import Testing

/// Scales that must be known: of activations, and the finetuning scale of old files.
@Suite struct ScaleTests {
  static let advice =
    "give the factor (--activation-scale S), or say that rows are scaled already"
    + " (--rows-already-scaled)"

  private func scaled(_ architecture: String = "standard") throws -> SAELensFolder {
    var folder = try SAELensFolder(architecture)
    folder.set("normalize_activations", "expected_average_only_in")
    return folder
  }

  private func options(_ scale: ImportOptions.ActivationScale) -> ImportOptions {
    var options = ImportOptions()
    options.activationScale = scale
    return options
  }

  @Test func aMissingFactorIsRefusedWithAdvice() throws {
    guard case .refused(let what, let why, let advice) = try scaled().failure()?.reason else {
      Issue.record("opened without a factor")
      return
    }
    #expect(what == "normalize_activations 'expected_average_only_in'")
    #expect(why.contains("no activation_scaler.json"))
    #expect(advice == Self.advice)
  }

  @Test func theFactorIsFoundBesideTheWeights() throws {
    let folder = try scaled()
    try folder.folder.write(
      "{\"scaling_factor\": 0.25, \"has_whitening\": false}", to: "activation_scaler.json")
    let dictionary = try folder.open()
    #expect(dictionary.normalisation == .constantFactor(0.25))
    let entry = try #require(dictionary.entry("activation units"))
    #expect(entry.source == .config(key: "activation_scaler.json scaling_factor"))
    #expect(entry.statement.contains("multiplied by 0.25"))
    // What the caller says wins over the file.
    #expect(try folder.open(options(.factor(2))).normalisation == .constantFactor(2))
  }

  @Test func malformedScalerFilesAreNamed() throws {
    let folder = try scaled()
    let expected = "a positive finite number"
    let cases: [(String, ImportError.Reason)] = [
      ("{}", .value(key: "scaling_factor", found: "nothing", expected: expected)),
      (
        "{\"scaling_factor\": null}",
        .value(key: "scaling_factor", found: "null", expected: expected)
      ),
      ("{\"scaling_factor\": 0}", .value(key: "scaling_factor", found: "0", expected: expected)),
      ("{\"scaling_factor\": -1}", .value(key: "scaling_factor", found: "-1", expected: expected)),
      (
        "{\"scaling_factor\": \"2\"}",
        .value(key: "scaling_factor", found: "\"2\"", expected: expected)
      ),
      (
        "{\"scaling_factor\": 2, \"shift\": 1}",
        .unknownKey(key: "shift", accepted: ["scaling_factor", "has_whitening"])
      ),
    ]
    for (text, reason) in cases {
      try folder.folder.write(text, to: "activation_scaler.json")
      #expect(
        try folder.failure()
          == ImportError(reason, path: folder.folder.file("activation_scaler.json")))
    }
  }

  @Test func theCallerDecides() throws {
    let given = try scaled().open(options(.factor(3)))
    #expect(given.normalisation == .constantFactor(3))
    #expect(given.entry("activation units")?.source == .option("activation scale 3.0"))
    let already = try scaled().open(options(.alreadyApplied))
    #expect(already.normalisation == .none)
    #expect(already.entry("activation units")?.source == .option("rows already scaled"))
    let plain = try SAELensFolder().open(options(.factor(3)))
    #expect(plain.normalisation == .constantFactor(3))
  }

  @Test(arguments: [0, -1, Double.nan, .infinity, 1e300, 1e-300])
  func impossibleFactorsAreRefused(_ factor: Double) throws {
    guard case .dictionary(let inner) = try scaled().failure(options(.factor(factor)))?.reason,
      case .field("activation scale", _, "a positive finite number") = inner.reason
    else {
      Issue.record("the factor \(factor) was accepted")
      return
    }
  }

  @Test func otherNormalisationsTakeNoScale() throws {
    for mode in ["constant_norm_rescale", "layer_norm", "covariance_whitening"] {
      var folder = try SAELensFolder()
      folder.set("normalize_activations", .string(mode))
      for scale in [ImportOptions.ActivationScale.factor(2), .alreadyApplied] {
        #expect(
          try folder.failure(options(scale))?.reason
            == .value(
              key: "normalize_activations", found: "\"\(mode)\"",
              expected:
                "\"none\" or \"expected_average_only_in\" when an activation scale is given"))
      }
    }
    var folder = try SAELensFolder("transcoder", isTranscoder: true)
    folder.set("normalize_activations", "expected_average_only_in")
    guard case .refused(let what, _, _) = try folder.failure(options(.factor(2)))?.reason else {
      Issue.record("a transcoder took a scale")
      return
    }
    #expect(what == "an activation scale for architecture 'transcoder'")
  }

  /// Rows times s before, reconstruction by s after: the same as scaling by hand.
  @Test(arguments: ["standard", "gated", "jumprelu", "topk", "abstopk"])
  func theFoldEqualsScalingByHand(_ architecture: String) throws {
    // A power of two, so that both ways round alike.
    let factor: Float = 8
    let folded = try scaled(architecture).open(options(.factor(Double(factor))))
    let plain = try scaled(architecture).open(options(.alreadyApplied))
    var generator = SplitMix64(seed: 3)
    let rows = generator.normals(6 * 3, scale: 0.2)
    let byHand = rows.map { $0 * factor }
    let codes = try folded.codes(of: rows, count: 6)
    #expect(try codes == plain.codes(of: byHand, count: 6))
    #expect(!codes.indices.isEmpty)
    for row in 0..<6 {
      let slice = (row * 3)..<(row * 3 + 3)
      let left = try folded.reconstructions(codes, row: row, of: Array(rows[slice]))
      let right = try plain.reconstructions(codes, row: row, of: Array(byHand[slice]))
      #expect(left.forward == right.forward.map { $0 / factor })
    }
  }

  /// The library divides W_dec by the factor before it takes norms, so activations shrink with it.
  @Test(arguments: ["topk", "abstopk"])
  func decoderNormsAreThoseOfTheFoldedDecoder(_ architecture: String) throws {
    let factor: Float = 4
    var given = try scaled(architecture)
    given.set("rescale_acts_by_decoder_norm", true)
    var folded = try SAELensFolder(architecture)
    folded.set("rescale_acts_by_decoder_norm", true)
    folded.set(
      TestTensor("W_enc", [3, 5], folded.values("W_enc").map { $0 * factor }))
    folded.set(TestTensor("W_dec", [5, 3], folded.values("W_dec").map { $0 / factor }))
    folded.set(TestTensor("b_dec", [3], folded.values("b_dec").map { $0 / factor }))
    let left = try given.open(options(.factor(Double(factor))))
    let right = try folded.open()
    var generator = SplitMix64(seed: 5)
    let rows = generator.normals(6 * 3)
    let codes = try left.codes(of: rows, count: 6)
    #expect(try codes == right.codes(of: rows, count: 6))
    #expect(!codes.indices.isEmpty)
    for row in 0..<6 {
      let x = Array(rows[(row * 3)..<(row * 3 + 3)])
      let (a, _) = try left.reconstructions(codes, row: row, of: x)
      let (b, _) = try right.reconstructions(codes, row: row, of: x)
      for (p, q) in zip(a, b) { #expect(abs(p - q) <= 4e-7 * (1 + abs(q))) }
    }
  }

  @Test func finetuningScaleOfOnesIsDropped() throws {
    for value: Float in [1, 1.000005, 0.999995] {
      var folder = try SAELensFolder(legacy: nil)
      folder.set(TestTensor("scaling_factor", [5], [1, 1, value, 1, 1]))
      let dictionary = try folder.open()
      #expect(
        dictionary.entry("finetuning scale")
          == LedgerEntry("finetuning scale", "all ones: dropped", source: .measured))
      #expect(dictionary.decoder.values(ofRow: 2, .best) == Array(folder.decoder[6..<9]))
    }
  }

  @Test func finetuningScaleNeedsItsFlag() throws {
    var folder = try SAELensFolder(legacy: nil)
    folder.set(TestTensor("scaling_factor", [5], [1, 2, 1, 0.5, 1]))
    let expected = ImportError(
      .value(
        key: "finetuning_scaling_factor", found: "false beside a tensor 'scaling_factor'",
        expected: "true, or a 'scaling_factor' of ones"), path: folder.weightsPath)
    for flag: JSONValue? in [nil, .null, .bool(false)] {
      folder.set("finetuning_scaling_factor", flag)
      #expect(try folder.failure() == expected)
    }
    folder.set("finetuning_scaling_factor", true)
    let dictionary = try folder.open()
    #expect(
      dictionary.entry("finetuning scale")?.source == .config(key: "finetuning_scaling_factor"))
    for (feature, scale) in [Float(1), 2, 1, 0.5, 1].enumerated() {
      #expect(
        dictionary.decoder.values(ofRow: feature, .best)
          == (0..<3).map { folder.decoder[feature * 3 + $0] * scale })
    }
    folder.set(TestTensor("scaling_factor", [4], [1, 2, 1, 0.5]))
    #expect(
      try folder.failure()?.reason
        == .shape(tensor: "scaling_factor", found: [4], expected: [5], from: "config d_sae"))
  }
}
