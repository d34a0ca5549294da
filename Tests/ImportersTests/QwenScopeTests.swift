import Formats
import Importers
import SAE
import TestSupport
import Testing

/// Qwen Scope: one file per layer, k from the caller, W_enc and W_dec the other way round.
@Suite struct QwenScopeTests {
  static let names = ["W_enc", "W_dec", "b_enc", "b_dec"]
  static let two = ImportOptions.with { $0.k = 2 }

  private func make(_ name: String = "layer7.sae.pt") throws -> TorchFolder {
    try TorchFolder(name, TorchFolder.dense(Self.names))
  }

  @Test func conventions() throws {
    let folder = try make()
    let dictionary = try folder.open(Self.two)
    #expect(dictionary.activation == .signedTopK(k: 2))
    #expect(!dictionary.subtractsDecoderBias)
    #expect(
      dictionary.input
        == Tap(hook: "blocks.7.hook_resid_post", moduleHook: "model.layers.7"))
    #expect(dictionary.entry("k")?.source == .option("k 2"))
    #expect(dictionary.entry("layer")?.source == .fileName("layer7.sae.pt"))
    #expect(
      dictionary.entry("selection")?.statement
        == "the k largest pre-activations, sign kept; ties go to the lower index")
    let stored = folder.floats("W_dec")
    #expect(
      dictionary.decoder.values(ofRow: 3, .best) == (0..<3).map { stored[$0 * 5 + 3] })
  }

  @Test func kIsTheCallers() throws {
    guard case .missingKey("k", let expected) = try make().reason() else {
      Issue.record("no k was asked for")
      return
    }
    #expect(expected.contains("L0_50"))
    for k in [0, -1, 6] {
      #expect(
        try make().reason(.with { $0.k = k })
          == .value(key: "k", found: "\(k)", expected: "1 to 5, the number of features"))
    }
  }

  private func configuration(_ fields: String) -> String {
    #"{"model_type": "topk_sae", "base_model": "Qwen/Qwen3-8B-Base", "num_layers": 36, "#
      + #""dtype": "float32", "# + fields + "}"
  }

  @Test func configurationDecides() throws {
    let folder = try make()
    try folder.folder.write(
      configuration(#""d_model": 3, "d_sae": 5, "k": 2, "hook_point": "resid_post""#),
      to: "config.json")
    let dictionary = try folder.open()
    #expect(dictionary.activation == .signedTopK(k: 2))
    #expect(dictionary.entry("k")?.source == .config(key: "k"))
    #expect(
      dictionary.input
        == Tap(
          model: "Qwen/Qwen3-8B-Base", hook: "blocks.7.hook_resid_post",
          moduleHook: "model.layers.7"))
    #expect(dictionary.files == [folder.filePath, folder.folder.file("config.json")])
    #expect(try folder.reason(Self.two) == nil)
    #expect(
      try folder.reason(.with { $0.k = 3 })
        == .value(key: "k", found: "3", expected: "2, as the configuration's 'k' says"))
    // A place that is not known is no place.
    try folder.folder.write(
      configuration(#""k": 2, "hook_point": "mlp""#), to: "config.json")
    let elsewhere = try folder.open()
    #expect(elsewhere.input == Tap(model: "Qwen/Qwen3-8B-Base"))
    #expect(elsewhere.entry("place")?.source == .config(key: "hook_point"))
  }

  @Test func configurationErrors() throws {
    let folder = try make("layer36.sae.pt")
    let cases: [(String, ImportError.Reason)] = [
      (
        #""d_model": 4"#,
        .value(key: "d_model", found: "4", expected: "3, as the tensors' shapes say")
      ),
      (
        #""d_sae": 4"#,
        .value(key: "d_sae", found: "4", expected: "5, as the tensors' shapes say")
      ),
      (
        #""d_sae": 5"#,
        .value(
          key: "num_layers", found: "36", expected: "more than 36, the layer in the file's name")
      ),
      (
        #""relu": true"#,
        .unknownKey(
          key: "relu",
          accepted: [
            "model_type", "base_model", "d_model", "d_sae", "k", "num_layers", "hook_point",
            "dtype",
          ])
      ),
    ]
    for (fields, reason) in cases {
      try folder.folder.write(configuration(#""k": 2, "# + fields), to: "config.json")
      let failure = try folder.failure()
      #expect(failure?.reason == reason)
      #expect(failure?.path == folder.folder.file("config.json"))
    }
    // Another tool's file says nothing.
    try folder.folder.write(#"{"k": 3, "model_type": "qwen3"}"#, to: "config.json")
    #expect(try folder.open(Self.two).activation == .signedTopK(k: 2))
    guard case .missingKey("k", _) = try folder.reason() else {
      Issue.record("k of another tool")
      return
    }
  }

  @Test func layers() throws {
    let folder = try make()
    try folder.write()
    try folder.folder.write(torchFile(folder.root), to: "layer12.sae.pt")
    let path = folder.folder.path
    #expect(
      importFailure(path, Self.two)
        == ImportError(
          .value(
            key: "layer", found: "not given", expected: "one of 7, 12, the layers of the files"),
          path: path))
    let options = ImportOptions.with {
      $0.k = 2
      $0.layer = 12
    }
    let dictionary = try DictionaryImporter.open(path, options: options)
    #expect(dictionary.input.place?.layer == 12)
    #expect(dictionary.files == [folder.folder.file("layer12.sae.pt")])
    // A file is one layer, and another one is not in it.
    guard
      case .value("layer", "12", "one of 7, the layers of the files") =
        importFailure(folder.filePath, options)?.reason
    else {
      Issue.record("layer 12 of layer 7's file")
      return
    }
  }

  /// By shapes where the name says nothing; a square file of another name says nothing at all.
  @Test func recognition() throws {
    let renamed = try make("mine.pt")
    try renamed.write()
    #expect(try DictionaryImporter.format(of: renamed.folder.path) == .qwenScope)
    guard
      case .value("layer", "3", _) = try renamed.reason(
        .with {
          $0.k = 2
          $0.layer = 3
        })
    else {
      Issue.record("a layer without a number in the name")
      return
    }
    let other = try TorchFolder(
      "mine.pt", TorchFolder.dense(Self.names, isModelMajor: true))
    guard case .unknownLayout = try other.reason() else {
      Issue.record("the other orientation was taken")
      return
    }
    let square = TorchFolder.dense(Self.names, width: 4, features: 4)
    guard case .unknownLayout = try TorchFolder("mine.pt", square).reason() else {
      Issue.record("a square file was taken")
      return
    }
    let named = try TorchFolder("layer1.sae.pt", square)
    let stored = named.floats("W_dec")
    #expect(
      try named.open(Self.two).decoder.values(ofRow: 1, .best)
        == (0..<4).map { stored[$0 * 4 + 1] })
  }

  @Test func tensors() throws {
    for name in Self.names {
      var folder = try make()
      folder.remove(name)
      guard
        case .missingTensor(name, _, "qwen-scope") = try folder.reason(
          .with {
            $0.k = 2
            $0.format = .qwenScope
          })
      else {
        Issue.record("\(name)")
        continue
      }
    }
    var extra = try make()
    extra.set(TestTensor("threshold", [], [0]))
    guard
      case .unexpectedTensor("threshold", Self.names, _) = try extra.reason(
        .with {
          $0.k = 2
          $0.format = .qwenScope
        })
    else {
      Issue.record("threshold")
      return
    }
    var turned = try make()
    turned.set(TestTensor("W_enc", [3, 5], [Float](repeating: 1, count: 15)))
    #expect(
      try turned.reason(Self.two)
        == .shape(
          tensor: "W_enc", found: [3, 5], expected: [5, 3],
          from: "the lengths of 'b_enc' and 'b_dec'"))
  }
}
