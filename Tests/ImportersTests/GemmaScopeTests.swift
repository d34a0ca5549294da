import Formats
import Importers
import SAE
import TestSupport
import Testing

import struct Foundation.URL
import class Foundation.FileManager

/// Gemma Scope 1: one file for three kinds, and names of folders that declare.
@Suite struct GemmaScopeTests {
  static let names = ["W_enc", "W_dec", "b_enc", "b_dec"]

  /// `params.npz` in a folder of the given name within a fresh one.
  private final class Files {
    let root: TemporaryFolder
    let folder: String
    var tensors: [TestTensor]

    init(_ folder: String = "x", _ tensors: [TestTensor]? = nil) throws {
      root = try TemporaryFolder()
      self.folder = folder
      self.tensors =
        tensors
        ?? TorchFolder.dense(GemmaScopeTests.names, isModelMajor: true)
        + [TestTensor("threshold", [5], [0.1, 0.2, 0.3, 0.4, 0.5])]
      try FileManager.default.createDirectory(
        at: URL(fileURLWithPath: path), withIntermediateDirectories: true)
    }

    var path: String { root.file(folder) }
    var filePath: String { path + "/params.npz" }

    func set(_ tensor: TestTensor) {
      tensors.removeAll { $0.name == tensor.name }
      tensors.append(tensor)
    }

    func write() throws { try root.write(npzFile(tensors), to: folder + "/params.npz") }

    func open(_ options: ImportOptions = ImportOptions()) throws -> SparseDictionary {
      try write()
      return try DictionaryImporter.open(path, options: options)
    }

    func failure(_ options: ImportOptions = ImportOptions()) throws -> ImportError? {
      try write()
      return importFailure(path, options)
    }
  }

  @Test func conventions() throws {
    let files = try Files()
    let dictionary = try files.open()
    #expect(dictionary.activation == .jumpReLU(threshold: [0.1, 0.2, 0.3, 0.4, 0.5]))
    #expect(dictionary.kind == .autoencoder)
    #expect(!dictionary.subtractsDecoderBias)
    #expect(dictionary.excludesSpecialTokens == true)
    #expect(dictionary.normalisation == .none)
    #expect(dictionary.input == Tap())
    #expect(dictionary.entry("kind")?.source == .formatRule)
    #expect(dictionary.entry("kind")?.statement.hasPrefix("autoencoder, assumed") == true)
    #expect(dictionary.entry("average L0") == nil)
    let given = try files.open(.with { $0.kind = .autoencoder })
    #expect(given.entry("kind")?.source == .option("kind autoencoder"))
    #expect(try DictionaryImporter.format(of: files.path) == .gemmaScope)
    #expect(try DictionaryImporter.format(of: files.filePath) == .gemmaScope)
  }

  @Test func transcoder() throws {
    let dictionary = try Files("gemma-scope-2b-pt-transcoders/layer_3/average_l0_8").open(
      .with { $0.kind = .transcoder })
    #expect(dictionary.kind == .transcoder)
    #expect(
      dictionary.input
        == Tap(model: "google/gemma-2-2b", hook: "blocks.3.ln2.hook_normalized"))
    #expect(
      dictionary.output == Tap(model: "google/gemma-2-2b", hook: "blocks.3.hook_mlp_out"))
    #expect(dictionary.entry("kind")?.source == .option("kind transcoder"))
    #expect(
      dictionary.entry("activation units")?.statement.contains("before the learned gain")
        == true)
  }

  @Test func embedding() throws {
    let dictionary = try Files("embedding/width_4k").open(.with { $0.kind = .embedding })
    #expect(dictionary.kind == .autoencoder)
    #expect(dictionary.normalisation == .constantFactor(Float(1 / 3.0.squareRoot())))
    #expect(dictionary.input.hook == "hook_embed")
  }

  /// A folder that speaks for another kind makes the caller say; it does not decide.
  @Test func namesNeverDecide() throws {
    for (folder, suggested) in [
      ("models--google--gemma-scope-9b-it-transcoders/layer_1", "transcoder"),
      ("embedding/width_4k", "embedding"),
    ] {
      let files = try Files(folder)
      let error = try files.failure()
      guard case .missingKey("kind", let expected) = error?.reason else {
        Issue.record("\(folder)")
        continue
      }
      #expect(expected.hasSuffix("suggest \(suggested)"))
      #expect(error?.path == files.filePath)
      #expect(try files.failure(.with { $0.kind = .autoencoder }) == nil)
    }
  }

  /// What counts is where the folder is, however it is written.
  @Test func namesOfTheWholePath() throws {
    let files = try Files("gemma-scope-2b-pt-transcoders/layer_3")
    try files.write()
    let plain = try Files("plain")
    try plain.write()
    let working = FileManager.default.currentDirectoryPath
    let up = String(repeating: "../", count: working.split(separator: "/").count)
    let relative = up + files.path.dropFirst() + "/."
    guard case .missingKey("kind", _) = importFailure(relative)?.reason else {
      Issue.record("a relative path hides the names")
      return
    }
    // Names that the path leaves again are not names of folders that the file is in.
    try FileManager.default.createDirectory(
      at: URL(fileURLWithPath: plain.root.file("embedding")), withIntermediateDirectories: true)
    #expect(importFailure(plain.root.file("embedding/../plain")) == nil)
  }

  @Test func absolutePaths() throws {
    let current = "/home/me/gemma-scope-2b-pt-transcoders/layer_3"
    for (path, expected) in [
      (".", current), ("", current), ("width_16k/", current + "/width_16k"),
      ("./a//b/../c", current + "/a/c"), ("..", "/home/me/gemma-scope-2b-pt-transcoders"),
      ("../../../../../..", "/"), ("/x/./y/..", "/x"), ("/", "/"),
    ] {
      #expect(try FileSystem.absolute(path, from: current) == expected, "\(path)")
    }
    let working = FileManager.default.currentDirectoryPath
    #expect(try FileSystem.absolute(".") == working)
    #expect(try FileSystem.absolute("x") == working + "/x")
  }

  @Test func declarationsFromNames() throws {
    let cases: [(String, Tap)] = [
      (
        "gemma-scope-2b-pt-res/layer_20/width_16k/average_l0_71",
        Tap(model: "google/gemma-2-2b", hook: "blocks.20.hook_resid_post")
      ),
      (
        "models--google--gemma-scope-9b-it-mlp/layer_0/average_l0_71",
        Tap(model: "google/gemma-2-9b-it", hook: "blocks.0.hook_mlp_out")
      ),
      (
        "gemma-scope-27b-pt-att/layer_4/average_l0_71",
        Tap(model: "google/gemma-2-27b", hook: "blocks.4.attn.hook_z")
      ),
      ("gemma-scope-3b-pt-res/layer_4/average_l0_71", Tap()),
      ("gemma-scope-2b-pt-residual/layer_4/average_l0_71", Tap(model: "google/gemma-2-2b")),
      ("layer_4/average_l0_71", Tap()),
      ("gemma-scope-2b-pt-res/layer_x/average_l0_71", Tap(model: "google/gemma-2-2b")),
    ]
    for (folder, tap) in cases {
      let dictionary = try Files(folder).open()
      #expect(dictionary.input == tap, "\(folder)")
      #expect(dictionary.output == tap, "\(folder)")
      #expect(dictionary.entry("average L0")?.statement == "71 features per row")
      #expect(dictionary.entry("average L0")?.source == .fileName("average_l0_71"))
    }
  }

  @Test func lowerCaseNames() throws {
    let files = try Files()
    files.tensors = files.tensors.map { tensor in
      var renamed = tensor
      if let lower = ["W_enc": "w_enc", "W_dec": "w_dec"][tensor.name] { renamed.name = lower }
      return renamed
    }
    #expect(try files.open().featureCount == 5)
    files.set(TestTensor("W_enc", [3, 5], [Float](repeating: 1, count: 15)))
    guard case .unexpectedTensor("w_enc", _, "jumprelu") = try files.failure()?.reason else {
      Issue.record("both names were taken")
      return
    }
  }

  @Test func finetuningScale() throws {
    let files = try Files()
    files.set(TestTensor("scaling_factor", [5], [1, 1.000001, 1, 1, 1]))
    #expect(
      try files.open().entry("finetuning scale")
        == LedgerEntry("finetuning scale", "all ones: dropped", source: .measured))
    files.set(TestTensor("scaling_factor", [5], [1, 1.001, 1, 1, 1]))
    #expect(
      try files.failure()?.reason
        == .value(key: "scaling_factor", found: "other numbers than 1", expected: "ones"))
  }

  @Test func tensors() throws {
    for name in Self.names + ["threshold"] {
      let files = try Files()
      files.tensors.removeAll { $0.name == name }
      guard
        case .missingTensor(name, _, "jumprelu") = try files.failure(
          .with { $0.format = .gemmaScope })?.reason
      else {
        Issue.record("\(name)")
        continue
      }
      guard case .unknownLayout = try files.failure()?.reason else {
        Issue.record("recognised without \(name)")
        continue
      }
    }
    let extra = try Files()
    extra.set(TestTensor("b_gate", [5], [0, 0, 0, 0, 0]))
    guard case .unexpectedTensor("b_gate", _, _) = try extra.failure()?.reason else {
      Issue.record("b_gate")
      return
    }
    let turned = try Files()
    turned.set(TestTensor("W_dec", [3, 5], [Float](repeating: 1, count: 15)))
    #expect(
      try turned.failure()?.reason
        == .shape(
          tensor: "W_dec", found: [3, 5], expected: [5, 3],
          from: "the lengths of 'b_enc' and 'b_dec'"))
    let halves = try Files()
    halves.set(TestTensor(f16: "W_dec", [5, 3], [Float](repeating: 0.5, count: 15)))
    #expect(try halves.open().entry("W_dec")?.statement == "F16 widened to F32 in memory")
  }

  /// Rows read and rows written may have different widths in a transcoder, and in nothing else.
  @Test func widths() throws {
    let files = try Files()
    files.set(TestTensor("b_dec", [2], [1, 2]))
    files.set(TestTensor("W_dec", [5, 2], [Float](repeating: 1, count: 10)))
    let dictionary = try files.open(.with { $0.kind = .transcoder })
    #expect(dictionary.modelWidth == 3)
    #expect(dictionary.outputWidth == 2)
    guard case .shape("W_enc", [3, 5], [2, 5], _) = try files.failure()?.reason else {
      Issue.record("an autoencoder with two widths")
      return
    }
  }

  @Test func unusableOptions() throws {
    guard
      case .refused("the option 'layer' with layout 'gemma-scope'", _, _) = try Files()
        .failure(.with { $0.layer = 3 })?.reason
    else {
      Issue.record("layer")
      return
    }
  }

  /// The matrices are as documented also where shapes say nothing.
  @Test func square() throws {
    let tensors =
      TorchFolder.dense(Self.names, isModelMajor: true, width: 4, features: 4)
      + [TestTensor("threshold", [4], [0, 0, 0, 0])]
    let dictionary = try Files("x", tensors).open()
    let encoder = try #require(tensors.first)
    let first = (0..<4).map { component in
      Float(
        bitPattern: (0..<4).reduce(0) {
          $0 | UInt32(encoder.bytes[(component * 4 + 1) * 4 + $1]) << (8 * UInt32($1))
        })
    }
    #expect(try dictionary.encoder.featureMajor(.best).values(ofRow: 1, .best) == first)
  }
}
