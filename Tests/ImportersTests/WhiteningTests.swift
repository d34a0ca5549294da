import Formats
import Importers
import SAE
import TestSupport
import Tensors
import Testing

/// The whitening that is folded into the weights, against whitening by hand in f64.
@Suite struct WhiteningTests {
  static let mean: [Double] = [0.5, -1.25, 2]
  /// Neither symmetric nor diagonal, so that a transposition would show.
  static let matrix: [Double] = [2, 1, 0, 0, 1, 3, 1, 0, 1]
  /// Its inverse: the determinant is 5.
  static let inverse: [Double] = [1, -1, 3, 3, 2, -6, -1, 1, 2].map { $0 / 5 }

  private func bytes(_ values: [Double]) -> [UInt8] {
    values.flatMap { value in
      (0..<8).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * UInt64($0))) }
    }
  }

  private func writeWhitening(_ folder: SAELensFolder, without: String? = nil) throws {
    let tensors = [
      TestTensor("mean", .f64, [3], bytes: bytes(Self.mean)),
      TestTensor("matrix", .f64, [3, 3], bytes: bytes(Self.matrix)),
      TestTensor("inverse_matrix", .f64, [3, 3], bytes: bytes(Self.inverse)),
    ].filter { $0.name != without }
    try writeSafetensors(folder.folder.file("activation_whitening.safetensors"), tensors)
  }

  private func times(_ row: [Double], _ matrix: [Double]) -> [Double] {
    (0..<3).map { column in
      (0..<3).reduce(0.0) { $0 + row[$1] * matrix[$1 * 3 + column] }
    }
  }

  @Test func theInverseIsOne() {
    for index in 0..<3 {
      let row = Array(Self.matrix[(index * 3)..<(index * 3 + 3)])
      let product = times(row, Self.inverse)
      for column in 0..<3 {
        #expect(abs(product[column] - (column == index ? 1 : 0)) < 1e-12)
      }
    }
  }

  static let cases: [(architecture: String, rescales: Bool)] = [
    ("standard", false), ("gated", false), ("jumprelu", false), ("topk", false), ("topk", true),
    ("abstopk", true),
  ]

  @Test(arguments: cases, [true, false])
  func theFoldEqualsWhiteningByHand(
    _ variant: (architecture: String, rescales: Bool), _ subtracts: Bool
  ) throws {
    var folder = try SAELensFolder(variant.architecture)
    folder.set("apply_b_dec_to_input", .bool(subtracts))
    if variant.rescales { folder.set("rescale_acts_by_decoder_norm", true) }
    var oracle = try self.oracle(folder, try folder.open().activation)
    oracle.subtractsDecoderBias = subtracts
    oracle.rescalesByDecoderNorm = variant.rescales
    folder.set("normalize_activations", "covariance_whitening")
    try writeWhitening(folder)
    let dictionary = try folder.open()
    #expect(dictionary.normalisation == .none)
    #expect(dictionary.subtractsDecoderBias == subtracts)
    #expect(
      dictionary.entry("activation units")?.source == .config(key: "normalize_activations"))

    var generator = SplitMix64(seed: 9)
    let rows = generator.normals(12 * 3)
    let codes = try dictionary.codes(of: rows, count: 12)
    var active = 0
    for row in 0..<12 {
      let x = Array(rows[(row * 3)..<(row * 3 + 3)])
      let whitened = times(zip(x, Self.mean).map { Double($0) - $1 }, Self.matrix)
      let expected = try #require(oracle.encode(whitened))
      let actual = codes.dense(row: row)
      for feature in 0..<5 {
        let value = expected.values[feature]
        #expect((actual[feature] != 0) == (value != 0), "row \(row), feature \(feature)")
        #expect(abs(Double(actual[feature]) - value) <= 1e-5 * (1 + abs(value)))
        active += value != 0 ? 1 : 0
      }
      let inner = oracle.decode(expected.values, scale: 1, offset: 0).values
      let wanted = zip(times(inner, Self.inverse), Self.mean).map { $0 + $1 }
      let (decoded, _) = try dictionary.reconstructions(codes, row: row, of: x)
      for column in 0..<3 {
        #expect(
          abs(Double(decoded[column]) - wanted[column]) <= 1e-5 * (1 + abs(wanted[column])),
          "row \(row), column \(column)")
      }
    }
    #expect(active >= 12)
  }

  private func oracle(
    _ folder: SAELensFolder, _ activation: ActivationFunction
  ) throws -> OracleDictionary {
    var encoder: [Float] = []
    for feature in 0..<5 {
      for column in 0..<3 { encoder.append(folder.encoder[column * 5 + feature]) }
    }
    let bias = folder.values("b_enc")
    return OracleDictionary(
      featureCount: 5, width: 3, encoder: encoder, decoder: folder.decoder,
      encoderBias: bias.isEmpty ? [0, 0, 0, 0, 0] : bias, decoderBias: folder.values("b_dec"),
      activation: activation)
  }

  @Test func missingMatricesAreRefused() throws {
    var folder = try SAELensFolder()
    folder.set("normalize_activations", "covariance_whitening")
    guard case .refused(let what, let why, _) = try folder.failure()?.reason else {
      Issue.record("opened without matrices")
      return
    }
    #expect(what == "normalize_activations 'covariance_whitening'")
    #expect(why.contains("activation_whitening.safetensors"))
    for name in ["mean", "matrix", "inverse_matrix"] {
      try writeWhitening(folder, without: name)
      let error = try #require(try folder.failure())
      guard case .format(let inner) = error.reason, case .tensorMissing(name, _) = inner.reason
      else {
        Issue.record("\(error.reason)")
        continue
      }
      #expect(error.path == folder.folder.file("activation_whitening.safetensors"))
    }
    var transcoder = try SAELensFolder("transcoder", isTranscoder: true)
    transcoder.set("normalize_activations", "covariance_whitening")
    guard case .refused = try transcoder.failure()?.reason else {
      Issue.record("a transcoder was whitened")
      return
    }
  }

  @Test func rowNormalisationsAreFields() throws {
    var folder = try SAELensFolder("topk")
    folder.set("normalize_activations", "constant_norm_rescale")
    #expect(try folder.open().normalisation == .rootWidthOverNorm)
    folder.set("normalize_activations", "layer_norm")
    let dictionary = try folder.open()
    #expect(dictionary.normalisation == .layerNorm(epsilon: 1e-5))
    #expect(
      dictionary.entry("activation units")?.source == .config(key: "normalize_activations"))
    var transcoder = try SAELensFolder("transcoder", isTranscoder: true)
    transcoder.set("normalize_activations", "layer_norm")
    #expect(try transcoder.open().entry("output units")?.source == .formatRule)
  }
}
