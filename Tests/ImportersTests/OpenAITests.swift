import Formats
import Importers
import SAE
import TestSupport
import Testing

/// OpenAI's sparse_autoencoder: what the activation implies, counts of training, tied decoders.
@Suite struct OpenAITests {
  static let names = ["encoder.weight", "decoder.weight", "latent_bias", "pre_bias"]

  private func make(
    _ activation: String? = "TopK", k: Int32? = 2, function: String? = "ReLU",
    _ name: String = "12.pt"
  ) throws -> TorchFolder {
    var folder = try TorchFolder(name, TorchFolder.dense(Self.names))
    folder.set(TestTensor(i64: "stats_last_nonzero", [5], [0, 0, 0, 0, 0]))
    if let activation { folder.set("activation", .string(activation)) }
    var settings: [(String, TorchTestValue)] = []
    if activation == "TopK" {
      if let k { settings.append(("k", .integer(k))) }
      if let function { settings.append(("postact_fn", .string(function))) }
    }
    folder.set("activation_state_dict", .dictionary(settings))
    return folder
  }

  @Test func topKImpliesLayerNorm() throws {
    for (function, activation) in [
      ("ReLU", ActivationFunction.topK(k: 2)), ("Identity", .signedTopK(k: 2)),
    ] {
      let dictionary = try make(function: function).open()
      #expect(dictionary.activation == activation)
      #expect(dictionary.normalisation == .layerNorm(epsilon: 1e-5))
      #expect(dictionary.denormalisesOutput)
      #expect(dictionary.subtractsDecoderBias)
      #expect(dictionary.entry("activation units")?.source == .formatRule)
      #expect(
        dictionary.entry("selection")?.source
          == .config(key: "activation_state_dict.postact_fn"))
      #expect(dictionary.entry("layer")?.source == .fileName("12.pt"))
      #expect(dictionary.input == Tap())
    }
  }

  @Test func reluIsNotNormalised() throws {
    let declared = try make("ReLU").open()
    #expect(declared.activation == .relu)
    #expect(declared.normalisation == .none)
    #expect(declared.entry("architecture")?.source == .config(key: "activation"))
    var silent = try make(nil)
    silent.remove("activation_state_dict")
    let dictionary = try silent.open()
    #expect(dictionary.activation == .relu)
    #expect(dictionary.entry("architecture")?.source == .publisherDefault(key: "activation"))
  }

  @Test func activationErrors() throws {
    let cases: [(TorchFolder, ImportError.Reason)] = [
      (
        try make("GELU"),
        .value(key: "activation", found: "\"GELU\"", expected: "\"ReLU\" or \"TopK\"")
      ),
      (
        try make(k: nil),
        .missingKey(key: "activation_state_dict.k", expected: "an integer from 1 to 5")
      ),
      (try make(k: 6), .value(key: "k", found: "6", expected: "an integer from 1 to 5")),
      (try make(k: 0), .value(key: "k", found: "0", expected: "an integer from 1 to 5")),
      (
        try make(function: nil),
        .missingKey(
          key: "activation_state_dict.postact_fn", expected: "\"ReLU\" or \"Identity\"")
      ),
      (
        try make(function: "Tanh"),
        .value(
          key: "activation_state_dict.postact_fn", found: "\"Tanh\"",
          expected: "\"ReLU\" or \"Identity\"")
      ),
    ]
    for (folder, reason) in cases { #expect(try folder.reason() == reason) }
    var number = try make()
    number.set("activation", .integer(1))
    #expect(
      try number.reason()
        == .value(key: "activation", found: "an integer", expected: "a string"))
    var settings = try make("ReLU")
    settings.set("activation_state_dict", .dictionary([("slope", .float(0.1))]))
    #expect(
      try settings.reason()
        == .unknownKey(key: "activation_state_dict.slope", accepted: []))
    #expect(try settings.reason(.with { $0.ignoredConfigKeys = ["slope"] }) == nil)
    var list = try make()
    list.set("activation_state_dict", .list([]))
    guard case .value("root", "a list", _) = try list.reason() else {
      Issue.record("settings in a list")
      return
    }
    var key = try make()
    key.set("normalize", .none)
    guard case .unknownKey("normalize", _) = try key.reason() else {
      Issue.record("an unknown key")
      return
    }
  }

  @Test func kMayBeATensor() throws {
    var folder = try make()
    folder.set(
      "activation_state_dict",
      .dictionary([
        ("k", .tensor(TestTensor(i64: "k", [], [3]))), ("postact_fn", .string("ReLU")),
      ]))
    #expect(try folder.open().activation == .topK(k: 3))
    folder.set(
      "activation_state_dict",
      .dictionary([
        ("k", .tensor(TestTensor("k", [], [3]))), ("postact_fn", .string("ReLU")),
      ]))
    #expect(
      try folder.reason()
        == .value(key: "k", found: "F32 of shape []", expected: "an integer from 1 to 5"))
  }

  @Test func tied() throws {
    var folder = try make("ReLU")
    folder.remove("decoder.weight")
    let absent = try folder.open()
    #expect(absent.isTied)
    #expect(absent.entry("decoder")?.statement == "the encoder itself (tied)")
    #expect(
      absent.decoder.values(ofRow: 1, .best)
        == Array(folder.floats("encoder.weight")[3..<6]))
    var copy = folder
    copy.set(TestTensor("decoder.linear.weight", [5, 3], folder.floats("encoder.weight")))
    #expect(try copy.open().isTied)
    var other = folder.floats("encoder.weight")
    other[4] += 1
    copy.set(TestTensor("decoder.linear.weight", [5, 3], other))
    #expect(
      try copy.reason()
        == .value(
          key: "decoder.linear.weight", found: "another matrix than 'encoder.weight'",
          expected: "the same matrix: a tied decoder"))
    // With a decoder of its own the tied one has no meaning.
    var both = try make("ReLU")
    both.set(TestTensor("decoder.linear.weight", [5, 3], other))
    guard case .unexpectedTensor("decoder.linear.weight", _, _) = try both.reason() else {
      Issue.record("two decoders")
      return
    }
  }

  @Test func layers() throws {
    let folder = try make()
    try folder.write()
    try folder.folder.write(torchFile(folder.root), to: "0.pt")
    #expect(
      importFailure(folder.folder.path)?.reason
        == .value(
          key: "layer", found: "not given", expected: "one of 0, 12, the layers of the files"))
    let dictionary = try DictionaryImporter.open(
      folder.folder.path, options: .with { $0.layer = 0 })
    #expect(dictionary.files == [folder.folder.file("0.pt")])
    #expect(
      importFailure(folder.folder.path, .with { $0.k = 3 })?.reason
        == .refused(
          what: "the option 'k' with layout 'openai'",
          why: "its files leave nothing open there", advice: "leave the option out"))
  }

  @Test func tensors() throws {
    for name in ["encoder.weight", "latent_bias", "pre_bias"] {
      var folder = try make()
      folder.remove(name)
      guard
        case .missingTensor(name, _, "openai") = try folder.reason(
          .with { $0.format = .openai })
      else {
        Issue.record("\(name)")
        continue
      }
    }
    var folder = try make()
    folder.set(TestTensor("bias", [3], [0, 0, 0]))
    guard case .unexpectedTensor("bias", _, "openai") = try folder.reason() else {
      Issue.record("bias")
      return
    }
  }
}
