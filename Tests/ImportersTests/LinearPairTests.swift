import Formats
import Importers
import SAE
import TestSupport
import Tensors
import Testing

/// Goodfire and DeepSeek-R1: two linear layers, of which only keys and names tell the publisher.
@Suite struct LinearPairTests {
  struct Publisher: Sendable, CustomStringConvertible {
    let format: DictionaryFormat
    let names: [String]
    var description: String { format.rawValue }
  }

  static let publishers = [
    Publisher(
      format: .goodfire,
      names: [
        "encoder_linear.weight", "decoder_linear.weight", "encoder_linear.bias",
        "decoder_linear.bias",
      ]),
    Publisher(
      format: .deepseekR1,
      names: ["encoder.weight", "decoder.weight", "encoder.bias", "decoder.bias"]),
  ]

  private func make(_ publisher: Publisher, _ name: String = "SAE-l19.pt") throws -> TorchFolder {
    try TorchFolder(name, TorchFolder.dense(publisher.names))
  }

  @Test(arguments: publishers)
  func conventions(_ publisher: Publisher) throws {
    let folder = try make(publisher)
    let dictionary = try folder.open(.with { $0.format = publisher.format })
    #expect(dictionary.activation == .relu)
    #expect(!dictionary.subtractsDecoderBias)
    #expect(dictionary.normalisation == .none)
    #expect(dictionary.kind == .autoencoder)
    #expect(dictionary.input.hook == "blocks.19.hook_resid_post")
    #expect(dictionary.output == dictionary.input)
    #expect(dictionary.entry("layer")?.source == .fileName("SAE-l19.pt"))
    #expect(dictionary.entry("decoder bias")?.statement == "not subtracted before encoding")
    #expect(dictionary.entry("decoder bias")?.source == .formatRule)
    #expect(dictionary.files == [folder.filePath])
    // Decoder rows are the columns of the stored matrix.
    let stored = folder.floats(publisher.names[1])
    let n = TorchFolder.featureCount
    for feature in 0..<n {
      #expect(
        dictionary.decoder.values(ofRow: feature, .best)
          == (0..<3).map { stored[$0 * n + feature] })
    }
  }

  @Test func aNameWithoutLayerDeclaresNone() throws {
    for name in ["SAE.pt", "SAE-layer3.pt", "SAE-l.pt", "l3.pt", "SAE-l99999999999.pt"] {
      let dictionary = try make(Self.publishers[0], name).open()
      #expect(dictionary.input == Tap(), "\(name)")
      #expect(dictionary.entry("layer") == nil, "\(name)")
    }
  }

  @Test func goodfireIsRecognised() throws {
    for name in ["a.pt", "b.pth"] {
      let folder = try make(Self.publishers[0], name)
      try folder.write()
      #expect(try DictionaryImporter.format(of: folder.folder.path) == .goodfire)
      #expect(try DictionaryImporter.format(of: folder.filePath) == .goodfire)
    }
  }

  /// The keys of qresearch's files are those of a class of dictionary_learning.
  @Test func deepSeekIsAmbiguousUntilNamed() throws {
    let folder = try make(Self.publishers[1])
    #expect(
      try folder.reason() == .ambiguousLayout(formats: ["dictionary-learning", "deepseek-r1"]))
    #expect(try folder.reason(.with { $0.format = .deepseekR1 }) == nil)
    // A trainer's configuration beside it settles the question.
    try folder.folder.write(
      #"{"trainer": {"dict_class": "AutoEncoderNew"}}"#, to: "config.json")
    #expect(try DictionaryImporter.format(of: folder.folder.path) == .dictionaryLearning)
    // Any other config.json does not.
    try folder.folder.write("{}", to: "config.json")
    guard case .ambiguousLayout = try folder.reason() else {
      Issue.record("not ambiguous")
      return
    }
  }

  @Test(arguments: publishers)
  func missingAndUnexpected(_ publisher: Publisher) throws {
    let options = ImportOptions.with { $0.format = publisher.format }
    for name in publisher.names {
      var folder = try make(publisher)
      folder.remove(name)
      #expect(
        try folder.failure(options)
          == ImportError(
            .missingTensor(
              name: name, available: publisher.names.filter { $0 != name },
              architecture: publisher.format.rawValue), path: folder.filePath))
    }
    var tensor = try make(publisher)
    tensor.set(TestTensor("threshold", [5], [1, 2, 3, 4, 5]))
    #expect(
      try tensor.failure(options)
        == ImportError(
          .unexpectedTensor(
            name: "threshold", accepted: publisher.names,
            architecture: publisher.format.rawValue), path: tensor.filePath))
    var value = try make(publisher)
    value.set("epoch", .integer(3))
    #expect(
      try value.failure(options)
        == ImportError(
          .unknownKey(key: "epoch", accepted: publisher.names), path: value.filePath))
    #expect(
      try value.reason(
        .with {
          $0.format = publisher.format
          $0.ignoredConfigKeys = ["epoch"]
        }) == nil)
  }

  @Test(arguments: publishers)
  func shapesAndTypes(_ publisher: Publisher) throws {
    let options = ImportOptions.with { $0.format = publisher.format }
    let source = "the lengths of '\(publisher.names[2])' and '\(publisher.names[3])'"
    for (index, right) in [[5, 3], [3, 5]].enumerated() {
      var folder = try make(publisher)
      let wrong = Array(right.reversed())
      folder.set(
        TestTensor(publisher.names[index], wrong, [Float](repeating: 1, count: 15)))
      #expect(
        try folder.reason(options)
          == .shape(tensor: publisher.names[index], found: wrong, expected: right, from: source))
    }
    var scalar = try make(publisher)
    scalar.set(TestTensor(publisher.names[2], [], [1]))
    guard case .value(let key, "shape []", _) = try scalar.reason(options) else {
      Issue.record("a scalar bias")
      return
    }
    #expect(key == publisher.names[2])
    var integers = try make(publisher)
    integers.set(TestTensor(i64: publisher.names[2], [5], [1, 2, 3, 4, 5]))
    guard case .elementType(publisher.names[2], "I64", _) = try integers.reason(options) else {
      Issue.record("an integer bias")
      return
    }
    var infinite = try make(publisher)
    infinite.set(TestTensor(publisher.names[3], [3], [0, .infinity, 0]))
    guard case .dictionary(let inner) = try infinite.reason(options) else {
      Issue.record("an infinite bias")
      return
    }
    #expect(
      inner.reason == .nonFiniteWeight(tensor: publisher.names[3], row: 0, column: 1))
  }

  /// bf16 stays, f16 widens, f64 rounds, each exactly for these values; the ledger tells.
  @Test func storedTypes() throws {
    let publisher = Self.publishers[0]
    let values: [Float] = (0..<15).map { Float($0) / 4 - 1 }
    let name = publisher.names[1]
    let doubles = values.flatMap { value in
      (0..<8).map { UInt8(truncatingIfNeeded: Double(value).bitPattern >> (8 * $0)) }
    }
    let cases: [(TestTensor, ElementType, String?)] = [
      (TestTensor(bf16: name, [3, 5], values), .bf16, nil),
      (TestTensor(f16: name, [3, 5], values), .f32, "F16 widened to F32 in memory"),
      (
        TestTensor(name, .f64, [3, 5], bytes: doubles), .f32, "F64 rounded to F32 in memory"
      ),
    ]
    for (tensor, type, note) in cases {
      var folder = try make(publisher)
      folder.set(tensor)
      let dictionary = try folder.open()
      #expect(dictionary.weightType == type)
      #expect(dictionary.entry(name)?.statement == note)
      #expect(dictionary.decoder.values(ofRow: 2, .best) == [values[2], values[7], values[12]])
    }
  }

  /// Where width and feature count are equal, the documented orientation holds.
  @Test func square() throws {
    let publisher = Self.publishers[0]
    let folder = try TorchFolder(
      "a.pt", TorchFolder.dense(publisher.names, width: 4, features: 4))
    let dictionary = try folder.open()
    let stored = folder.floats(publisher.names[1])
    #expect(
      dictionary.decoder.values(ofRow: 1, .best) == (0..<4).map { stored[$0 * 4 + 1] })
    let encoder = folder.floats(publisher.names[0])
    #expect(
      try dictionary.encoder.featureMajor(.best).values(ofRow: 1, .best)
        == Array(encoder[4..<8]))
  }

  @Test(arguments: publishers)
  func unusableOptions(_ publisher: Publisher) throws {
    let changes: [(String, (inout ImportOptions) -> Void)] = [
      ("layer", { $0.layer = 19 }), ("k", { $0.k = 3 }), ("kind", { $0.kind = .autoencoder }),
      ("architecture", { $0.architecture = "x" }),
      ("activationUnits", { $0.activationUnits = .raw }),
      ("activationScale", { $0.activationScale = .factor(2) }),
    ]
    for (name, change) in changes {
      let options = ImportOptions.with {
        $0.format = publisher.format
        change(&$0)
      }
      #expect(
        try make(publisher).reason(options)
          == .refused(
            what: "the option '\(name)' with layout '\(publisher.format.rawValue)'",
            why: "its files leave nothing open there", advice: "leave the option out"))
    }
  }

  @Test func otherRoots() throws {
    let folder = try TemporaryFolder()
    let roots: [(TorchTestValue, String)] = [
      (.list([.none]), "a list"), (.string("x"), "a string"), (.none, "None"),
    ]
    for (root, kind) in roots {
      try folder.write(torchFile(root), to: "a.pt")
      #expect(
        importFailure(folder.path, .with { $0.format = .goodfire })
          == ImportError(
            .value(key: "root", found: kind, expected: "a dictionary of tensors"),
            path: folder.file("a.pt")))
      guard case .unknownLayout = importFailure(folder.path)?.reason else {
        Issue.record("recognised \(kind)")
        continue
      }
    }
  }

  @Test func unreadableFilesSayWhich() throws {
    let folder = try TemporaryFolder()
    try folder.write("not a zip", to: "a.pt")
    guard let error = importFailure(folder.path), case .format = error.reason else {
      Issue.record("a broken file was passed over")
      return
    }
    #expect(error.path == folder.file("a.pt"))
  }
}
