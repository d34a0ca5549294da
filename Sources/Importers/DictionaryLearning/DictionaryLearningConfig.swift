import Formats
import SAE

/// What dictionary_learning's `config.json` says: `trainer`, which is read, and `buffer`, of the data.
struct DictionaryLearningConfig {
  static let fileName = "config.json"
  static let topKeys = ["trainer", "buffer"]
  /// Fields of `trainer` that decide something here.
  static let keys = [
    "dict_class", "activation_dim", "dict_size", "k", "layer", "lm_name", "submodule_name",
    "group_sizes",
  ]
  /// Settings of training runs, none of which matters for inference.
  static let trainingKeys = [
    "anneal_start", "auxk_alpha", "bandwidth", "compile", "decay_start", "device",
    "group_fractions", "group_weights", "l1_penalty", "lr", "n_sparsity_updates", "norm_factor",
    "p_end", "p_start", "resample_steps", "seed", "sparsity_function", "sparsity_penalty",
    "sparsity_queue_length", "sparsity_warmup_steps", "steps", "target_l0", "threshold_beta",
    "threshold_start_step", "top_k_aux", "trainer_class", "wandb_name", "warmup_steps",
  ]
  static var acceptedKeys: [String] { keys + trainingKeys }

  var dictionaryClass: DictionaryLearningClass?
  var width: Int?
  var featureCount: Int?
  var k: Int?
  var tap = Tap()
  var ledger: [LedgerEntry] = []

  /// Whether a `config.json` with a trainer lies in the folder, or beside the file.
  static func isBeside(_ source: DictionarySource) throws(ImportError) -> Bool {
    guard try source.hasBeside(fileName) else { return false }
    return try source.json(fileName)["trainer"] != nil
  }

  /// The configuration beside `source`'s file; nil when there is none.
  static func beside(
    _ source: DictionarySource, ignoring ignored: Set<String>
  ) throws(ImportError) -> DictionaryLearningConfig? {
    guard try source.hasBeside(fileName) else { return nil }
    do throws(ImportError) {
      return try read(document: try source.json(fileName), ignoring: ignored)
    } catch {
      throw ImportError(error.reason, path: error.path ?? source.path(of: fileName))
    }
  }

  private static func read(
    document: JSONValue, ignoring ignored: Set<String>
  ) throws(ImportError) -> DictionaryLearningConfig {
    guard case .object(let members) = document else {
      throw ImportError(
        .value(key: fileName, found: "not an object", expected: "a JSON object"))
    }
    for member in members where !topKeys.contains(member.key) && !ignored.contains(member.key) {
      throw ImportError(.unknownKey(key: member.key, accepted: topKeys))
    }
    guard let trainer = document["trainer"] else {
      throw ImportError(.missingKey(key: "trainer", expected: "an object"))
    }
    let config = try read(trainer: trainer, prefix: "trainer.", ignoring: ignored)
    if let buffer = document["buffer"], buffer != .null {
      guard case .object = buffer else {
        throw ConfigReader(object: document).mismatch("buffer", "an object")
      }
      try config.readBuffer(ConfigReader(object: buffer, prefix: "buffer."))
    }
    return config
  }

  /// Reads what the library calls the trainer's configuration.
  static func read(
    trainer: JSONValue, prefix: String, ignoring ignored: Set<String>
  ) throws(ImportError) -> DictionaryLearningConfig {
    guard case .object(let members) = trainer else {
      throw ImportError(
        .value(
          key: String(prefix.dropLast()), found: trainer.serialised(pretty: false),
          expected: "an object"))
    }
    let reader = ConfigReader(object: trainer, prefix: prefix)
    for member in members
    where !acceptedKeys.contains(member.key) && !ignored.contains(member.key) {
      throw ImportError(.unknownKey(key: prefix + member.key, accepted: acceptedKeys))
    }
    var config = DictionaryLearningConfig()
    let classKey = prefix + "dict_class"
    guard let name = try reader.string("dict_class") else {
      let accepted = DictionaryLearningClass.allCases.map(\.rawValue).joined(separator: ", ")
      throw ImportError(.missingKey(key: classKey, expected: "one of \(accepted)"))
    }
    config.dictionaryClass = try DictionaryLearningClass(named: name, key: classKey)
    config.ledger.append(.architecture(name, source: .config(key: classKey)))
    func integer(_ key: String, _ range: ClosedRange<Int>) throws(ImportError) -> Int? {
      guard reader.has(key), !reader.isNull(key) else { return nil }
      return try reader.integer(key, in: range)
    }
    config.width = try integer("activation_dim", SAELensConfig.widths)
    config.featureCount = try integer("dict_size", SAELensConfig.featureCounts)
    config.k = try integer("k", SAELensConfig.featureCounts)
    try config.readPlace(reader, layer: try integer("layer", 0...Int(Int32.max)))
    return config
  }

  /// The place of the rows: the library's own scripts write `resid_post_layer_N`.
  private mutating func readPlace(_ reader: ConfigReader, layer: Int?) throws(ImportError) {
    tap.model = try reader.string("lm_name")
    guard let name = try reader.string("submodule_name") else {
      if let layer {
        ledger.append(
          LedgerEntry(
            "place", "somewhere in layer \(layer): 'submodule_name' does not say where",
            source: .config(key: reader.prefix + "layer")))
      }
      return
    }
    let source = LedgerEntry.Source.config(key: reader.prefix + "submodule_name")
    guard let found = LayerName.number(in: name + ".", after: "resid_post_layer_", before: ".")
    else {
      ledger.append(
        LedgerEntry("place", "'\(name)', which is no place known here", source: source))
      return
    }
    if let layer, layer != found {
      throw reader.mismatch("submodule_name", "layer \(layer), as 'layer' says")
    }
    tap.hook = "blocks.\(found).hook_resid_post"
  }

  /// Which side of the module the rows came from. The other fields are about batches.
  private func readBuffer(_ buffer: ConfigReader) throws(ImportError) {
    let io = try buffer.choice("io", of: ["out", "in", "in_and_out"], default: "out")
    guard io == "in_and_out" else { return }
    throw ImportError(
      .refused(
        what: "'buffer.io' \"in_and_out\"",
        why: "it was trained to predict a module's output from its input, which no field of the"
          + " dictionary says", advice: "use another dictionary"))
  }
}
