import Formats
import Importers
import SAE
import TestSupport
import Testing

/// What config.json may say, and checkpoints of a running training.
@Suite struct DictionaryLearningConfigTests {
  private func make(
    _ fields: String, buffer: String = "{}"
  ) throws -> TorchFolder {
    let folder = try DictionaryLearningTests.folder("AutoEncoder")
    let comma = fields.isEmpty ? "" : ", "
    try DictionaryLearningTests.write(
      "\"dict_class\": \"AutoEncoder\"" + comma + fields, to: folder, buffer: buffer)
    return folder
  }

  @Test func place() throws {
    let cases: [(String, String?, String?)] = [
      (#""layer": 12, "submodule_name": "resid_post_layer_12""#, "blocks.12.hook_resid_post", nil),
      (#""submodule_name": "resid_post_layer_0""#, "blocks.0.hook_resid_post", nil),
      (#""layer": 3"#, nil, "somewhere in layer 3: 'submodule_name' does not say where"),
      (
        #""layer": 3, "submodule_name": null"#, nil,
        "somewhere in layer 3: 'submodule_name' does not say where"
      ),
      (#""layer": 3, "submodule_name": "mlp3""#, nil, "'mlp3', which is no place known here"),
      ("", nil, nil),
    ]
    for (fields, hook, statement) in cases {
      let comma = fields.isEmpty ? "" : ", "
      let dictionary = try make(#""lm_name": "google/gemma-2-2b""# + comma + fields).open()
      #expect(dictionary.input == Tap(model: "google/gemma-2-2b", hook: hook), "\(fields)")
      #expect(dictionary.output == dictionary.input)
      #expect(dictionary.entry("place")?.statement == statement, "\(fields)")
    }
    #expect(
      try make(#""layer": 3, "submodule_name": "resid_post_layer_4""#).reason()
        == .value(
          key: "trainer.submodule_name", found: "\"resid_post_layer_4\"",
          expected: "layer 3, as 'layer' says"))
  }

  @Test func errors() throws {
    let cases: [(String, ImportError.Reason)] = [
      (
        #""activation_dim": 4"#,
        .value(key: "activation_dim", found: "4", expected: "3, as the tensors' shapes say")
      ),
      (
        #""dict_size": 4"#,
        .value(key: "dict_size", found: "4", expected: "5, as the tensors' shapes say")
      ),
      (
        #""layer": "x""#,
        .value(
          key: "trainer.layer", found: "\"x\"", expected: "an integer from 0 to 2147483647")
      ),
      (
        #""lm_name": 3"#,
        .value(key: "trainer.lm_name", found: "3", expected: "a string")
      ),
    ]
    for (fields, reason) in cases { #expect(try make(fields).reason() == reason) }

    let unknown = try make(#""temperature": 1"#)
    guard case .unknownKey("trainer.temperature", let accepted) = try unknown.reason() else {
      Issue.record("temperature")
      return
    }
    #expect(accepted.contains("dict_class") && accepted.contains("wandb_name"))
    #expect(try unknown.failure()?.path == unknown.folder.file("config.json"))
    #expect(try unknown.reason(.with { $0.ignoredConfigKeys = ["temperature"] }) == nil)
  }

  @Test func documents() throws {
    let folder = try make("")
    let names = DictionaryLearningTests.classes.map(\.name).joined(separator: ", ")
    let cases: [(String, ImportError.Reason)] = [
      ("[]", .value(key: "config.json", found: "not an object", expected: "a JSON object")),
      ("{}", .missingKey(key: "trainer", expected: "an object")),
      (
        #"{"trainer": 3}"#, .value(key: "trainer", found: "3", expected: "an object")
      ),
      (
        #"{"trainer": {}, "other": 1}"#,
        .unknownKey(key: "other", accepted: ["trainer", "buffer"])
      ),
      (
        #"{"trainer": {}}"#,
        .missingKey(key: "trainer.dict_class", expected: "one of \(names)")
      ),
      (
        #"{"trainer": {"dict_class": "SAE"}}"#,
        .value(key: "trainer.dict_class", found: "\"SAE\"", expected: "one of \(names)")
      ),
      (
        #"{"trainer": {"dict_class": "CrossCoder"}}"#,
        .refused(
          what: "class 'CrossCoder'", why: "it reads several layers at once",
          advice: "use another dictionary")
      ),
      (
        #"{"trainer": {"dict_class": "AutoEncoder"}, "buffer": 1}"#,
        .value(key: "buffer", found: "1", expected: "an object")
      ),
    ]
    for (text, reason) in cases {
      try folder.folder.write(text, to: "config.json")
      let failure = try folder.failure()
      #expect(failure?.reason == reason)
      #expect(failure?.path == folder.folder.file("config.json"))
    }
  }

  @Test func sidesOfTheModule() throws {
    for io in ["in", "out"] {
      #expect(try make("", buffer: "{\"io\": \"\(io)\", \"ctx_len\": 8}").reason() == nil)
    }
    guard
      case .refused("'buffer.io' \"in_and_out\"", _, _) = try make(
        "", buffer: #"{"io": "in_and_out"}"#
      ).reason()
    else {
      Issue.record("in_and_out")
      return
    }
    guard
      case .value("buffer.io", "\"both\"", _) = try make("", buffer: #"{"io": "both"}"#).reason()
    else {
      Issue.record("both")
      return
    }
  }

  @Test func architectureOption() throws {
    let folder = try make("")
    #expect(try folder.reason(.with { $0.architecture = "AutoEncoder" }) == nil)
    #expect(
      try folder.reason(.with { $0.architecture = "AutoEncoderTopK" })
        == .value(
          key: "architecture", found: "\"AutoEncoderTopK\"",
          expected: "\"AutoEncoder\", as the configuration's 'dict_class' says"))
    for (name, change) in [
      ("k", { $0.k = 2 }), ("layer", { $0.layer = 2 }), ("kind", { $0.kind = .transcoder }),
    ] as [(String, (inout ImportOptions) -> Void)] {
      guard
        case .refused("the option '\(name)' with layout 'dictionary-learning'", _, _) =
          try folder.reason(.with(change))
      else {
        Issue.record("\(name)")
        continue
      }
    }
    #expect(
      try folder.reason(.with { $0.activationScale = .factor(2) })
        == .refused(
          what: "an activation scale for a file without 'norm_factor'",
          why: "its biases are in the units of the rows", advice: "leave the option out"))
  }

  /// A checkpoint with `members` beside its tensors.
  private func checkpoint(
    _ name: String, _ members: [(key: String, value: TorchTestValue)]
  ) throws -> TorchFolder {
    var folder = try DictionaryLearningTests.folder(name, config: false)
    let inner = folder.root
    folder.tensors = []
    folder.values = [("step", .integer(4)), ("ae", inner)] + members
    return folder
  }

  private static func trainer(_ name: String) -> (key: String, value: TorchTestValue) {
    ("config", .dictionary([("dict_class", .string(name)), ("lm_name", .string("gpt2"))]))
  }
  // Computed: LeakSanitizer does not see through the tagged pointers of a stored one.
  private static var optimizer: (key: String, value: TorchTestValue) {
    ("optimizer", .dictionary([("state", .dictionary([]))]))
  }

  @Test func checkpointBiasesAreFolded() throws {
    for name in ["BatchTopKSAE", "JumpReluAutoEncoder", "GatedAutoEncoder", "AutoEncoderNew"] {
      let plain = try DictionaryLearningTests.folder(name).open()
      let folder = try checkpoint(
        name, [Self.trainer(name), Self.optimizer, ("norm_factor", .float(4))])
      let dictionary = try folder.open()
      #expect(dictionary.input.model == "gpt2")
      #expect(
        dictionary.entry("architecture")?.source == .config(key: "config.dict_class"))
      #expect(dictionary.encoderBias == plain.encoderBias.map { $0 * 4 })
      #expect(dictionary.decoderBias == plain.decoderBias.map { $0 * 4 })
      switch (dictionary.activation, plain.activation) {
      case (.batchTopK(let found), .batchTopK(let stored)): #expect(found == stored * 4)
      case (.jumpReLU(let found), .jumpReLU(let stored)):
        #expect(found == stored.map { $0 * 4 })
      case (.gated(let gate, let magnitude, let scale), .gated(let g, let m, let s)):
        #expect(gate == g.map { $0 * 4 })
        #expect(magnitude == m.map { $0 * 4 })
        #expect(scale == s)
      case (.relu, .relu): break
      default: Issue.record("\(dictionary.activation.name)")
      }
      #expect(
        dictionary.entry("activation units")
          == LedgerEntry(
            "activation units",
            "those of the rows as given: biases and thresholds multiplied by 4.0",
            source: .config(key: "norm_factor")))
      let raw = try folder.open(.with { $0.activationScale = .alreadyApplied })
      #expect(raw.encoderBias == plain.encoderBias)
      #expect(
        raw.entry("activation units")?.source == .option("rows already scaled"))
    }
  }

  @Test func checkpointsInTheRowsUnits() throws {
    let plain = try DictionaryLearningTests.folder("AutoEncoder").open()
    for members: [(key: String, value: TorchTestValue)] in [
      [], [Self.optimizer], [("norm_factor", .none)],
    ] {
      let dictionary = try checkpoint("AutoEncoder", members).open()
      #expect(dictionary.encoderBias == plain.encoderBias)
    }
  }

  @Test func checkpointErrors() throws {
    #expect(
      try checkpoint("AutoEncoder", [("norm_factor", .float(4))]).reason()
        == .refused(
          what: "a checkpoint with 'norm_factor' and without 'optimizer'",
          why: "it does not say whether the factor is folded in already",
          advice: "save its 'ae' alone, in the units of the rows"))
    for (value, found) in [
      (TorchTestValue.float(0), "0.0"), (.float(-1), "-1.0"), (.float(.nan), "nan"),
      (.float(.infinity), "inf"), (.float(1e60), "1e+60"), (.integer(0), "0.0"),
    ] {
      #expect(
        try checkpoint("AutoEncoder", [Self.optimizer, ("norm_factor", value)]).reason()
          == .value(
            key: "norm_factor", found: found, expected: "a positive finite number"))
    }
    #expect(
      try checkpoint("AutoEncoder", [Self.optimizer, ("norm_factor", .string("4"))]).reason()
        == .value(key: "norm_factor", found: "a string", expected: "a number"))
    #expect(
      try checkpoint("AutoEncoder", [("scheduler", .none)]).reason()
        == .unknownKey(
          key: "scheduler", accepted: ["step", "ae", "optimizer", "config", "norm_factor"]))
    #expect(
      try checkpoint("AutoEncoder", [Self.optimizer, ("norm_factor", .float(4))]).reason(
        .with { $0.activationScale = .factor(2) })
        == .refused(
          what: "an activation scale for a checkpoint with 'norm_factor'",
          why: "the file holds the factor", advice: "leave the option out"))
  }
}
