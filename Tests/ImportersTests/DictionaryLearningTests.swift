import Formats
import Importers
import SAE
import TestSupport
import Testing

/// dictionary_learning: classes told by configuration or by keys, thresholds, groups.
@Suite struct DictionaryLearningTests {
  /// A class with the tensors that its files hold.
  struct Class: Sendable, CustomStringConvertible {
    let name: String
    /// Encoder, decoder, encoder bias, decoder bias.
    let dense: [String]
    var isModelMajor = false
    var vectors: [String] = []
    var scalars: [String] = []
    var optional: [String] = []
    var description: String { name }
  }

  static func linear(_ encoderBias: String, _ decoderBias: String) -> [String] {
    ["encoder.weight", "decoder.weight", encoderBias, decoderBias]
  }

  static let classes = [
    Class(name: "AutoEncoder", dense: linear("encoder.bias", "bias")),
    Class(name: "AutoEncoderNew", dense: linear("encoder.bias", "decoder.bias")),
    Class(
      name: "GatedAutoEncoder", dense: linear("gate_bias", "decoder_bias"),
      vectors: ["mag_bias", "r_mag"]),
    Class(
      name: "AutoEncoderTopK", dense: linear("encoder.bias", "b_dec"),
      optional: ["k", "threshold"]),
    Class(
      name: "BatchTopKSAE", dense: linear("encoder.bias", "b_dec"), scalars: ["threshold"],
      optional: ["k"]),
    Class(
      name: "MatryoshkaBatchTopKSAE", dense: ["W_enc", "W_dec", "b_enc", "b_dec"],
      isModelMajor: true, scalars: ["threshold"], optional: ["k"]),
    Class(
      name: "JumpReluAutoEncoder", dense: ["W_enc", "W_dec", "b_enc", "b_dec"],
      isModelMajor: true, vectors: ["threshold"]),
  ]

  static func folder(_ one: Class, config: Bool = true) throws -> TorchFolder {
    var tensors = TorchFolder.dense(one.dense, isModelMajor: one.isModelMajor)
    for name in one.vectors { tensors.append(TestTensor(name, [5], [0.1, 0.2, 0.3, 0.4, 0.5])) }
    for name in one.scalars + one.optional {
      tensors.append(
        name == "k" ? TestTensor(i64: "k", [], [2]) : TestTensor(name, [], [0.25]))
    }
    if one.name.hasPrefix("Matryoshka") {
      tensors.append(TestTensor(i64: "group_sizes", [2], [2, 3]))
    }
    let folder = try TorchFolder("ae.pt", tensors)
    if config { try write("\"dict_class\": \"\(one.name)\"", to: folder) }
    return folder
  }

  static func folder(_ name: String, config: Bool = true) throws -> TorchFolder {
    try folder(try #require(classes.first { $0.name == name }), config: config)
  }

  /// Writes config.json with `fields` in its trainer.
  static func write(_ fields: String, to folder: TorchFolder, buffer: String = "{}") throws {
    try folder.folder.write(
      "{\"trainer\": {\(fields)}, \"buffer\": \(buffer)}", to: "config.json")
  }

  @Test(arguments: classes)
  func conventions(_ one: Class) throws {
    let folder = try Self.folder(one)
    let dictionary = try folder.open()
    let expected: ActivationFunction
    let zeros = [Float](repeating: 0, count: 5)
    switch one.name {
    case "AutoEncoder", "AutoEncoderNew": expected = .relu
    case "GatedAutoEncoder":
      guard case .gated(let gate, let magnitude, let scale) = dictionary.activation else {
        Issue.record("\(dictionary.activation.name)")
        return
      }
      #expect(gate == folder.floats("gate_bias"))
      #expect(magnitude == folder.floats("mag_bias"))
      #expect(zip(scale, folder.floats("r_mag")).allSatisfy { abs($0 - (1 + $1)) < $1 * $1 })
      #expect(dictionary.encoderBias == zeros)
      expected = dictionary.activation
    case "AutoEncoderTopK":
      expected = .topK(k: 2)
      #expect(
        dictionary.entry("selection")?.statement.hasSuffix("the stored threshold is not used")
          == true)
    case "JumpReluAutoEncoder": expected = .jumpReLU(threshold: [0.1, 0.2, 0.3, 0.4, 0.5])
    default: expected = .batchTopK(threshold: 0.25)
    }
    #expect(dictionary.activation == expected)
    let subtracts = !["AutoEncoderNew", "JumpReluAutoEncoder"].contains(one.name)
    #expect(dictionary.subtractsDecoderBias == subtracts)
    #expect(
      dictionary.entry("decoder bias")
        == LedgerEntry(
          "decoder bias", (subtracts ? "" : "not ") + "subtracted before encoding",
          source: .formatRule))
    #expect(
      dictionary.entry("architecture")
        == LedgerEntry(
          "architecture", one.name, source: .config(key: "trainer.dict_class")))
    #expect(dictionary.prefixes == (one.name.hasPrefix("Matryoshka") ? [2, 5] : []))
    #expect(dictionary.entry("activation units")?.statement == "those of the rows as given")
    #expect(dictionary.files == [folder.filePath, folder.folder.file("config.json")])
    // Row 1 of the decoder, whichever way it is stored.
    let stored = folder.floats(one.dense[1])
    let row = (0..<3).map { one.isModelMajor ? stored[3 + $0] : stored[$0 * 5 + 1] }
    #expect(dictionary.decoder.values(ofRow: 1, .best) == row)
  }

  @Test(arguments: classes)
  func withoutConfiguration(_ one: Class) throws {
    var folder = try Self.folder(one, config: false)
    folder.name = "ae_100.pt"
    let options = ImportOptions.with {
      $0.format = .dictionaryLearning
      $0.architecture = one.name
    }
    let given = try folder.open(options)
    #expect(given.entry("architecture")?.source == .option("architecture \(one.name)"))
    let silent = ImportOptions.with { $0.format = .dictionaryLearning }
    switch one.name {
    case "AutoEncoderTopK", "BatchTopKSAE":
      #expect(
        try folder.reason()
          == .value(
            key: "dict_class",
            found: "missing, and the tensors fit AutoEncoderTopK and BatchTopKSAE",
            expected: "config.json beside the file, or the option architecture with the class's"
              + " name"))
    case "AutoEncoderNew":
      // DeepSeek-R1's layout has the same keys.
      guard case .ambiguousLayout = try folder.reason() else {
        Issue.record("not ambiguous")
        return
      }
      #expect(try folder.open(silent).entry("architecture")?.source == .measured)
    default:
      let dictionary = try folder.open()
      #expect(
        dictionary.entry("architecture")
          == LedgerEntry("architecture", one.name + ", by its tensors", source: .measured))
    }
  }

  @Test(arguments: classes)
  func missingAndUnexpected(_ one: Class) throws {
    let needed =
      one.dense + one.vectors + one.scalars
      + (one.name.hasPrefix("Matryoshka") ? ["group_sizes"] : [])
    for name in needed {
      var folder = try Self.folder(one)
      folder.remove(name)
      guard case .missingTensor(name, _, one.name) = try folder.reason() else {
        Issue.record("\(name)")
        continue
      }
    }
    for name in one.optional where name != "k" || one.name != "AutoEncoderTopK" {
      var folder = try Self.folder(one)
      folder.remove(name)
      #expect(try folder.reason() == nil)
    }
    var folder = try Self.folder(one)
    folder.set(TestTensor("extra", [1], [0]))
    guard case .unexpectedTensor("extra", _, one.name) = try folder.reason() else {
      Issue.record("extra")
      return
    }
    var value = try Self.folder(one)
    value.set("epoch", .integer(1))
    guard case .unknownKey("epoch", _) = try value.reason() else {
      Issue.record("epoch")
      return
    }
  }

  @Test func tensorsOfAnotherClass() throws {
    let folder = try Self.folder("AutoEncoderNew")
    try Self.write("\"dict_class\": \"AutoEncoder\"", to: folder)
    #expect(
      try folder.reason()
        == .value(
          key: "dict_class", found: "\"AutoEncoder\" beside the tensors of AutoEncoderNew",
          expected:
            "the tensors of that class; pass --architecture AutoEncoderNew to read it as what"
            + " the tensors are"))
    let given = try folder.open(.with { $0.architecture = "AutoEncoderNew" })
    #expect(!given.subtractsDecoderBias)
    #expect(
      given.entry("architecture")
        == LedgerEntry(
          "architecture",
          "AutoEncoderNew, whose tensors these are; 'dict_class' says 'AutoEncoder'",
          source: .option("architecture AutoEncoderNew")))
    // Neither the configuration's tensors nor the caller's.
    #expect(
      try folder.reason(.with { $0.architecture = "GatedAutoEncoder" })
        == .value(
          key: "architecture", found: "\"GatedAutoEncoder\"",
          expected: "\"AutoEncoder\", as the configuration's 'dict_class' says"))
    let unfit = try TorchFolder("ae.pt", [TestTensor("w", [1], [1])])
    guard case .value("dict_class", let found, _) = try unfit.reason() else {
      Issue.record("no class fits")
      return
    }
    #expect(found == "missing, and the tensors w fit no class")
  }

  @Test func kMustAgree() throws {
    let folder = try Self.folder("AutoEncoderTopK")
    try Self.write("\"dict_class\": \"AutoEncoderTopK\", \"k\": 3", to: folder)
    #expect(
      try folder.reason()
        == .value(key: "k", found: "2", expected: "3, as the configuration says"))
    var without = folder
    without.remove("k")
    #expect(try without.open().activation == .topK(k: 3))
    try Self.write("\"dict_class\": \"AutoEncoderTopK\"", to: folder)
    #expect(
      try without.reason()
        == .missingKey(key: "k", expected: "a tensor 'k', or 'k' in the configuration"))
    for k: Int64 in [0, 6, -1] {
      without.set(TestTensor(i64: "k", [], [k]))
      #expect(
        try without.reason()
          == .value(key: "k", found: "\(k)", expected: "an integer from 1 to 5"))
    }
  }

  @Test(arguments: ["BatchTopKSAE", "MatryoshkaBatchTopKSAE"])
  func thresholds(_ name: String) throws {
    var folder = try Self.folder(name)
    folder.set(TestTensor("threshold", [], [0]))
    #expect(try folder.open().activation == .batchTopK(threshold: 0))
    folder.set(TestTensor("threshold", [], [-1]))
    #expect(
      try folder.reason()
        == .refused(
          what: "threshold -1.0",
          why: "it was never set, so that every positive value would be active",
          advice: "train beyond 'threshold_start_step', or set it"))
    folder.set(TestTensor("threshold", [5], [1, 1, 1, 1, 1]))
    #expect(
      try folder.reason()
        == .value(key: "threshold", found: "shape [5]", expected: "one number"))
    // TopK ignores its own.
    var topK = try Self.folder("AutoEncoderTopK")
    topK.set(TestTensor("threshold", [], [-1]))
    #expect(try topK.reason() == nil)
  }

  @Test func groups() throws {
    var folder = try Self.folder("MatryoshkaBatchTopKSAE")
    let sum = "positive sizes that add up to 5, the number of features"
    for sizes: [Int64] in [[2, 2], [2, 4], [0, 5], [-1, 6], [5, 0], [.max, .max]] {
      folder.set(TestTensor(i64: "group_sizes", [sizes.count], sizes))
      #expect(
        try folder.reason()
          == .value(key: "group_sizes", found: "\(sizes.map(Int.init))", expected: sum))
    }
    folder.set(TestTensor(i64: "group_sizes", [65], [Int64](repeating: 1, count: 65)))
    #expect(
      try folder.reason()
        == .value(key: "group_sizes", found: "65 sizes", expected: "at most 64"))
    for tensor in [
      TestTensor("group_sizes", [2], [2, 3]), TestTensor(i64: "group_sizes", [], [5]),
      TestTensor(i64: "group_sizes", [0], []),
    ] {
      folder.set(tensor)
      guard case .value("group_sizes", "no vector of integers", _) = try folder.reason() else {
        Issue.record("\(tensor.shape)")
        continue
      }
    }
  }

  /// As the library's loader leaves the file: the same function, unit rows.
  @Test func unitRowsOnRequest() throws {
    let folder = try Self.folder("AutoEncoder")
    let stored = try folder.open(.with { $0.activationUnits = .raw })
    let unit = try folder.open(.with { $0.activationUnits = .normalised })
    #expect(unit.entry("decoder rows")?.source == .option("activation units normalised"))
    func near(_ a: [Float], _ b: [Double]) -> Bool {
      a.count == b.count && zip(a, b).allSatisfy { abs(Double($0) - $1) <= 1e-6 * max(1, abs($1)) }
    }
    let decoder = folder.floats("decoder.weight")
    let encoder = folder.floats("encoder.weight")
    let bias = folder.floats("encoder.bias")
    for feature in 0..<5 {
      let row = (0..<3).map { Double(decoder[$0 * 5 + feature]) }
      let norm = row.reduce(0) { $0 + $1 * $1 }.squareRoot()
      #expect(stored.decoder.values(ofRow: feature, .best) == row.map(Float.init))
      #expect(near(unit.decoder.values(ofRow: feature, .best), row.map { $0 / norm }))
      #expect(
        near(
          try unit.encoder.featureMajor(.best).values(ofRow: feature, .best),
          (0..<3).map { Double(encoder[feature * 3 + $0]) * norm }))
      #expect(near([unit.encoderBias[feature]], [Double(bias[feature]) * norm]))
    }
    #expect(unit.decoderBias == stored.decoderBias)
    var zero = folder
    zero.set(TestTensor("decoder.weight", [3, 5], [Float](repeating: 0, count: 15)))
    guard
      case .value("decoder.weight", "norm 0.0 of column 0", _) = try zero.reason(
        .with { $0.activationUnits = .normalised })
    else {
      Issue.record("a row was divided by zero")
      return
    }
    for one in Self.classes where one.name != "AutoEncoder" {
      guard
        case .refused("activation units for class '\(one.name)'", _, _) = try Self.folder(one)
          .reason(.with { $0.activationUnits = .raw })
      else {
        Issue.record("\(one.name)")
        continue
      }
    }
  }

  /// The file as it is, unlike the library's loader, and a note of it.
  @Test func decoderNorms() throws {
    var folder = try Self.folder("AutoEncoder")
    folder.set(TestTensor("decoder.weight", [3, 5], [Float](repeating: 2, count: 15)))
    let long = try folder.open()
    let norm = Float(12.0.squareRoot())
    #expect(
      long.entry("decoder rows")?.statement.hasPrefix("as stored, of norm \(norm) to \(norm)")
        == true)
    #expect(long.decoder.values(ofRow: 0, .best) == [2, 2, 2])
    folder.set(
      TestTensor(
        "decoder.weight", [3, 5], [1, 1, 1, 1, 1] + [Float](repeating: 0, count: 10)))
    #expect(try folder.open().entry("decoder rows")?.statement == "of norm 1")
  }
}
