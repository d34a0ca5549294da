import Formats
import Importers
import SAE
import TestSupport
import Tensors
import Testing

/// EleutherAI's sparsify: what is read, and what is refused.
@Suite struct SparsifyTests {
  static func folder() throws -> ImportFolder {
    var folder = try ImportFolder("cfg.json")
    folder.config = [
      .init("activation", "topk"), .init("expansion_factor", 2), .init("normalize_decoder", true),
      .init("num_latents", 6), .init("k", 2), .init("multi_topk", false),
      .init("skip_connection", false), .init("transcode", false), .init("d_in", 4),
    ]
    folder.files["sae.safetensors"] = [
      Numbers.normal("encoder.weight", [6, 4]), Numbers.normal("encoder.bias", [6]),
      Numbers.normal("W_dec", [6, 4]), Numbers.normal("b_dec", [4]),
    ]
    return folder
  }

  @Test func defaultsAreThePublishers() throws {
    var folder = try Self.folder()
    let plain = try folder.open()
    #expect(plain.activation == .topK(k: 2))
    #expect(plain.subtractsDecoderBias && plain.kind == .autoencoder)
    #expect(plain.entry("architecture")?.source == .config(key: "activation"))
    #expect(plain.entry("decoder norms")?.source == .measured)
    #expect(plain.input == Tap())
    folder.set("activation", nil)
    #expect(try folder.open().entry("architecture")?.source == .publisherDefault(key: "activation"))
  }

  /// 0 and a missing key both mean width times factor, which the weights must have.
  @Test(arguments: [JSONValue.integer(0), nil])
  func latentsFromTheFactor(_ value: JSONValue?) throws {
    var folder = try Self.folder()
    folder.set("num_latents", value)
    #expect(
      try folder.failure()?.reason
        == .shape(tensor: "encoder.bias", found: [6], expected: [8], from: "cfg num_latents"))
    folder.files["sae.safetensors"] = [
      Numbers.normal("encoder.weight", [8, 4]), Numbers.normal("encoder.bias", [8]),
      Numbers.normal("W_dec", [8, 4]), Numbers.normal("b_dec", [4]),
    ]
    #expect(try folder.open().featureCount == 8)
  }

  /// As many latents as the width: the layout fixes the orientation, so W_dec is not turned.
  @Test func squareIsReadAsStored() throws {
    var folder = try Self.folder()
    folder.set("num_latents", 4)
    let decoder = Numbers.normal(16, seed: 3)
    folder.files["sae.safetensors"] = [
      Numbers.normal("encoder.weight", [4, 4]), Numbers.normal("encoder.bias", [4]),
      TestTensor("W_dec", [4, 4], decoder), Numbers.normal("b_dec", [4]),
    ]
    let dictionary = try folder.open()
    #expect(dictionary.decoder.values(ofRow: 1, .best) == Array(decoder[4..<8]))
  }

  @Test func unitRowsAreMeasured() throws {
    var folder = try Self.folder()
    folder.set(TestTensor("W_dec", [6, 4], (0..<24).map { $0 % 4 == 0 ? 1 : 0 }))
    #expect(
      try folder.open().entry("decoder norms")?.statement == "1 within 1% in 6 rows looked at")
  }

  static let refusals: [Refusal] = [
    Refusal("unknown key", ["unknownKey", "surprise"]) { folder, _ in folder.set("surprise", 1) },
    Refusal("unknown activation", ["activation", "relu6", "groupmax"]) { folder, _ in
      folder.set("activation", "relu6")
    },
    Refusal("width missing", ["missingKey", "d_in"]) { folder, _ in folder.set("d_in", nil) },
    Refusal("latents overflow", ["expansion_factor"]) { folder, _ in
      folder.set("num_latents", 0)
      folder.set("expansion_factor", .integer(.max))
    },
    Refusal("k too large", ["\"k\"", "7", "1 to 6"]) { folder, _ in folder.set("k", 7) },
    Refusal("groups that do not divide", ["\"k\"", "divisor of 6"]) { folder, _ in
      folder.set("activation", "groupmax")
      folder.set("k", 4)
    },
    Refusal("signed", ["refused", "signed", "sign of latents"]) { folder, _ in
      folder.set("signed", true)
    },
    Refusal("skip of an autoencoder", ["skip_connection", "transcode"]) { folder, _ in
      folder.set("skip_connection", true)
    },
    Refusal("skip without 'transcode'", ["missingKey", "transcode", "--kind transcoder"]) {
      folder, _ in
      folder.set("transcode", nil)
      folder.set("skip_connection", true)
      folder.set(Numbers.normal("W_skip", [4, 4]))
    },
    Refusal("skip of an autoencoder by option", ["skip_connection", "transcode"]) {
      folder, options in
      folder.set("transcode", nil)
      folder.set("skip_connection", true)
      options.kind = .autoencoder
    },
    Refusal("kind against the file", ["kind", "transcoder", "autoencoder, as 'transcode' says"]) {
      _, options in options.kind = .transcoder
    },
    Refusal("kind embedding", ["kind", "embedding"]) { _, options in options.kind = .embedding },
    Refusal("skip missing", ["missingTensor", "W_skip"]) { folder, _ in
      folder.set("skip_connection", true)
      folder.set("transcode", true)
    },
    Refusal("skip undeclared", ["unexpectedTensor", "W_skip"]) { folder, _ in
      folder.set(Numbers.normal("W_skip", [4, 4]))
    },
    Refusal("tensor missing", ["missingTensor", "W_dec"]) { folder, _ in folder.remove("W_dec") },
    Refusal("decoder the other way round", ["shape", "W_dec", "[4, 6]", "[6, 4]"]) { folder, _ in
      folder.set(Numbers.normal("W_dec", [4, 6]))
    },
    Refusal("not finite", ["nonFiniteWeight", "b_dec"]) { folder, _ in
      folder.set(TestTensor("b_dec", [4], [0, .nan, 0, 0]))
    },
    Refusal("option k", ["refused", "option 'k'", "sparsify"]) { _, options in options.k = 3 },
    Refusal("option layer", ["option 'layer'"]) { _, options in options.layer = 3 },
    Refusal("option units", ["option 'activationUnits'"]) { _, options in
      options.activationUnits = .raw
    },
  ]

  @Test(arguments: refusals) func refuses(_ refusal: Refusal) throws {
    try refusal.check(try Self.folder())
  }

  /// Early transcoders lack the key: what they are is the caller's to say.
  @Test func kindOfFilesWithoutTheKey() throws {
    var folder = try Self.folder()
    folder.config = [
      .init("expansion_factor", 32), .init("normalize_decoder", true), .init("num_latents", 6),
      .init("k", 2), .init("multi_topk", false), .init("skip_connection", true), .init("d_in", 4),
    ]
    folder.set(Numbers.normal("W_skip", [4, 4]))
    let transcoder = try folder.open(.with { $0.kind = .transcoder })
    #expect(transcoder.kind == .transcoder)
    #expect(!transcoder.subtractsDecoderBias)
    #expect(transcoder.skip != nil)
    #expect(transcoder.entry("decoder bias")?.source == .option("kind transcoder"))
    #expect(
      transcoder.entry("kind")?.statement.contains("would subtract the decoder bias") == true)
    folder.set("skip_connection", false)
    folder.remove("W_skip")
    let plain = try folder.open()
    #expect(plain.kind == .autoencoder && plain.subtractsDecoderBias)
    #expect(plain.entry("decoder bias")?.source == .publisherDefault(key: "transcode"))
    #expect(try folder.open(.with { $0.kind = .transcoder }).kind == .transcoder)
    folder.set("transcode", true)
    #expect(try folder.open(.with { $0.kind = .transcoder }).entry("kind") == nil)
  }

  @Test func signedCanBeReadAsLaterVersionsDo() throws {
    var folder = try Self.folder()
    folder.set("signed", true)
    var options = ImportOptions()
    options.ignoredConfigKeys = ["signed"]
    #expect(try folder.open(options).activation == .topK(k: 2))
  }

  /// Weights of two publishers in one folder: neither is preferred.
  @Test func twoLayoutsInOneFolderAreAmbiguous() throws {
    var folder = try Self.folder()
    folder.files["sae_weights.safetensors"] = folder.files["sae.safetensors"]
    #expect(
      try folder.failure()?.reason == .ambiguousLayout(formats: ["saelens", "sparsify"]))
    var options = ImportOptions()
    options.format = .sparsify
    #expect(try folder.open(options).featureCount == 6)
  }

  /// The name of the folder is kept as what it declares, and decides nothing.
  @Test func theModuleIsADeclaration() throws {
    let root = try TemporaryFolder()
    var folder = try Self.folder()
    folder.set("transcode", true)
    try folder.write()
    let path = root.file("layers.10.mlp")
    try moveFolder(folder.folder.path, to: path)
    let dictionary = try DictionaryImporter.open(path)
    #expect(dictionary.input.moduleHook == "layers.10.mlp")
    #expect(dictionary.input.hook == nil)
    #expect(dictionary.entry("module")?.source == .fileName("layers.10.mlp"))
    // However the folder is written.
    let dotted = try DictionaryImporter.open(path + "/../layers.10.mlp/.")
    #expect(dotted.input.moduleHook == "layers.10.mlp")
  }
}
