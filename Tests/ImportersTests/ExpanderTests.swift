import Formats
import Importers
import SAE
import TestSupport
import Testing

/// Expander autoencoders: the mask's columns, norms, and what config.json says.
@Suite struct ExpanderTests {
  static let names = ["mask", "decoder_vals", "b_dec", "b_enc"]
  /// Two ones in each column, `[width 3, features 4]`.
  static let mask: [Float] = [
    1, 1, 0, 1,
    1, 0, 1, 1,
    0, 1, 1, 0,
  ]
  static let values: [Float] = [
    3, 1, 9, 0,
    4, 9, -2, 0,
    9, -1, 2, 9,
  ]
  static let three = ImportOptions.with { $0.k = 3 }

  private func make() throws -> TorchFolder {
    try TorchFolder(
      "checkpoint.pt",
      [
        TestTensor("mask", [3, 4], Self.mask), TestTensor("decoder_vals", [3, 4], Self.values),
        TestTensor("b_dec", [3], [1, 2, 3]), TestTensor("b_enc", [4], [0.5, 0, 0, 0]),
      ])
  }

  @Test func weightsUnderTheMask() throws {
    let folder = try make()
    let dictionary = try folder.open(Self.three)
    #expect(dictionary.activation == .signedTopK(k: 3))
    #expect(dictionary.isTied)
    #expect(dictionary.subtractsDecoderBias)
    let half = Float(0.5.squareRoot())
    let rows: [[Float]] = [[0.6, 0.8, 0], [half, 0, -half], [0, -half, half], [0, 0, 0]]
    for (feature, row) in rows.enumerated() {
      #expect(dictionary.decoder.values(ofRow: feature, .best) == row)
    }
    #expect(
      dictionary.entry("decoder")?.statement
        == "2 weights per feature, of norm 1; the encoder is the same matrix")
    #expect(dictionary.entry("k")?.source == .option("k 3"))
    #expect(try DictionaryImporter.format(of: folder.folder.path) == .expander)
  }

  @Test func configuration() throws {
    let folder = try make()
    try folder.folder.write(
      #"{"architecture": "expander", "d_model": 3, "n_latents": 4, "degree": 2, "k": 2}"#,
      to: "config.json")
    let dictionary = try folder.open()
    #expect(dictionary.activation == .signedTopK(k: 2))
    #expect(dictionary.entry("k")?.source == .config(key: "k"))
    #expect(dictionary.files == [folder.filePath, folder.folder.file("config.json")])
    #expect(
      try folder.reason(Self.three)
        == .value(key: "k", found: "3", expected: "2, as 'k' in config.json says"))

    let bad: [(String, ImportError.Reason)] = [
      (
        #"{"d_model": 4, "k": 2}"#,
        .value(key: "d_model", found: "4", expected: "3, as the tensors' shapes say")
      ),
      (
        #"{"n_latents": 5, "k": 2}"#,
        .value(key: "n_latents", found: "5", expected: "4, as the tensors' shapes say")
      ),
      (
        #"{"degree": 1, "k": 2}"#,
        .value(key: "mask[:, 0]", found: "2 ones", expected: "1, as every other column")
      ),
      (
        #"{"k": 5}"#,
        .value(key: "k", found: "5", expected: "1 to 4, the number of features")
      ),
      (
        #"{"architecture": "dense_tied", "k": 2}"#,
        .value(
          key: "architecture", found: "\"dense_tied\"",
          expected: "one of expander, expander_tied")
      ),
      (
        #"{"seed": 0, "k": 2}"#,
        .unknownKey(
          key: "seed", accepted: ["architecture", "d_model", "n_latents", "degree", "k"])
      ),
      (
        "{}",
        .missingKey(
          key: "k", expected: "'k' in config.json beside the file, or the option k")
      ),
      (
        "[]",
        .value(key: "config.json", found: "not an object", expected: "a JSON object")
      ),
    ]
    for (text, reason) in bad {
      try folder.folder.write(text, to: "config.json")
      #expect(try folder.reason() == reason)
    }
    try folder.folder.write(#"{"seed": 0, "k": 2}"#, to: "config.json")
    #expect(try folder.reason(.with { $0.ignoredConfigKeys = ["seed"] }) == nil)
  }

  @Test func masks() throws {
    let cases: [(Int, Float, ImportError.Reason)] = [
      (2, 1, .value(key: "mask[:, 2]", found: "3 ones", expected: "2, as every other column")),
      (11, 1, .value(key: "mask[:, 3]", found: "3 ones", expected: "2, as every other column")),
      (4, 0, .value(key: "mask[:, 1]", found: "2 ones", expected: "1, as every other column")),
      (3, 0.5, .value(key: "mask[0, 3]", found: "0.5", expected: "0 or 1")),
      (9, -1, .value(key: "mask[2, 1]", found: "-1.0", expected: "0 or 1")),
      (8, .nan, .value(key: "mask[2, 0]", found: "nan", expected: "0 or 1")),
    ]
    for (place, value, reason) in cases {
      var folder = try make()
      var mask = Self.mask
      mask[place] = value
      folder.set(TestTensor("mask", [3, 4], mask))
      #expect(try folder.reason(Self.three) == reason)
    }
    var empty = try make()
    empty.set(TestTensor("mask", [3, 4], [Float](repeating: 0, count: 12)))
    #expect(
      try empty.reason(Self.three)
        == .value(key: "mask[:, 0]", found: "0 ones", expected: "at least one"))
  }

  /// What is off the mask means nothing, not even NaN; what is under it must be finite.
  @Test func nonFinite() throws {
    var off = Self.values
    off[2] = .nan
    var folder = try make()
    folder.set(TestTensor("decoder_vals", [3, 4], off))
    #expect(try folder.reason(Self.three) == nil)
    off[6] = .infinity
    folder.set(TestTensor("decoder_vals", [3, 4], off))
    guard case .dictionary(let error) = try folder.reason(Self.three) else {
      Issue.record("an infinite weight")
      return
    }
    #expect(error.reason == .nonFiniteWeight(tensor: "decoder_vals", row: 1, column: 2))
  }

  @Test func tensors() throws {
    for name in Self.names {
      var folder = try make()
      folder.remove(name)
      guard
        case .missingTensor(name, _, "expander") = try folder.reason(
          .with { $0.format = .expander })
      else {
        Issue.record("\(name)")
        continue
      }
    }
    var extra = try make()
    extra.set(TestTensor("threshold", [], [0]))
    guard case .unexpectedTensor("threshold", Self.names, "expander") = try extra.reason()
    else {
      Issue.record("threshold")
      return
    }
    var turned = try make()
    turned.set(TestTensor("mask", [4, 3], Self.mask))
    #expect(
      try turned.reason()
        == .shape(
          tensor: "mask", found: [4, 3], expected: [3, 4],
          from: "the lengths of 'b_dec' and 'b_enc'"))
  }
}
