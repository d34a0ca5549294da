import Formats
import SAE
import Tensors

/// Reads dictionary_learning: `ae.pt` beside `config.json`, or a checkpoint of either kind.
///
/// Facts and decisions, each with the vector that pins it: `docs/importers/dictionary-learning.md`.
enum DictionaryLearningImporter: SingleLayerImporter {
  static let format = DictionaryFormat.dictionaryLearning
  static let layout = "a folder with ae.pt and config.json (dictionary-learning)"
  static let weightsName = "ae.pt"
  static let suffixes = [".pt"]
  /// Every name of a key or tensor that decides something.
  static var acceptedNames: [String] {
    DictionaryLearningClass.acceptedNames + DictionaryLearningConfig.topKeys
      + DictionaryLearningConfig.keys + ["io"] + DictionaryLearningFile.wrapperKeys
  }

  static func recognises(_ source: DictionarySource) throws(ImportError) -> Bool {
    guard let name = weightsName(source) else { return false }
    if name == weightsName { return true }
    return DictionaryLearningFile.isOne(try source.torch(name))
  }

  private static func weightsName(_ source: DictionarySource) -> String? {
    source.names.contains(weightsName) ? weightsName : source.mainName(endingIn: suffixes)
  }

  static func read(
    _ source: DictionarySource, options: ImportOptions, kernels: Kernels
  ) throws(ImportError) -> SparseDictionary.Parts {
    try options.check(uses: [.architecture, .activationUnits, .activationScale], in: format)
    let name =
      source.names.contains(weightsName)
      ? weightsName : try source.requireName(endingIn: suffixes, layout)
    let path = source.path(of: name)
    let ignored = options.ignoredConfigKeys
    let file = try DictionaryLearningFile(try source.torch(name), path: path, ignoring: ignored)
    var config = try DictionaryLearningConfig.beside(source, ignoring: ignored)
    let hasConfigFile = config != nil
    do throws(ImportError) {
      if config == nil, let trainer = file.trainer {
        config = try .read(trainer: trainer, prefix: "config.", ignoring: ignored)
      }
      var decided = config ?? DictionaryLearningConfig()
      let one = try decide(&decided, file.state, options)
      let weights = WeightReader(
        tensors: file.state.tensors, architecture: one.rawValue, kernels: kernels)
      var parts = try read(one, decided, file.state, weights, name: source.name, ignored)
      try chooseUnits(one, &parts, options.activationUnits, kernels)
      try fold(file, &parts, options)
      if hasConfigFile { parts.files.append(source.path(of: DictionaryLearningConfig.fileName)) }
      return parts
    } catch {
      throw ImportError(error.reason, path: error.path ?? path)
    }
  }

  /// The class: the configuration's, else the caller's, else the only one with these names.
  private static func decide(
    _ config: inout DictionaryLearningConfig, _ state: TorchState, _ options: ImportOptions
  ) throws(ImportError) -> DictionaryLearningClass {
    if let declared = config.dictionaryClass {
      return try confirm(declared, &config, state, options)
    }
    if let given = options.architecture {
      config.ledger.append(.architecture(given, source: .option("architecture \(given)")))
      return try DictionaryLearningClass(named: given, key: "architecture")
    }
    let fitting = DictionaryLearningClass.fitting(state.names)
    guard let only = fitting.first, fitting.count == 1 else {
      let expected =
        "config.json beside the file, or the option architecture with the class's name"
      throw ImportError(
        .value(
          key: "dict_class",
          found: fitting.isEmpty
            ? "missing, and the tensors \(state.names.joined(separator: ", ")) fit no class"
            : "missing, and the tensors fit "
              + fitting.map(\.rawValue).joined(separator: " and "),
          expected: expected))
    }
    config.ledger.append(.architecture(only.rawValue + ", by its tensors", source: .measured))
    return only
  }

  private static func read(
    _ one: DictionaryLearningClass, _ config: DictionaryLearningConfig, _ state: TorchState,
    _ weights: WeightReader, name: String, _ ignored: Set<String>
  ) throws(ImportError) -> SparseDictionary.Parts {
    try state.checkValues(
      accepted: one.optionalNames.filter { $0 == "k" }, beside: one.neededNames, ignoring: ignored)
    try weights.checkNames(needed: one.neededNames, optional: one.optionalNames)
    var parts = try one.arrays.read(weights, name: name)
    let n = parts.encoder.featureCount
    try check(config.width, parts.encoder.modelWidth, "activation_dim")
    try check(config.featureCount, n, "dict_size")
    parts.input = config.tap
    parts.output = config.tap
    parts.subtractsDecoderBias = one.subtractsDecoderBias
    parts.ledger = config.ledger + parts.ledger
    parts.ledger.append(.decoderBias(isSubtracted: one.subtractsDecoderBias))
    let k = try agreedK(config, state, n)
    switch one {
    case .autoEncoder, .autoEncoderNew: break
    case .gated:
      let gate = parts.encoderBias
      parts.encoderBias = Array(repeating: 0, count: n)
      let source = "the length of 'gate_bias'"
      parts.activation = .gated(
        gateBias: gate, magnitudeBias: try weights.vector("mag_bias", n, from: source),
        scale: try weights.vector("r_mag", n, from: source).map { Exponential.of($0) })
    case .topK:
      guard let k else {
        throw ImportError(
          .missingKey(key: "k", expected: "a tensor 'k', or 'k' in the configuration"))
      }
      parts.activation = .topK(k: k)
      parts.ledger.append(
        LedgerEntry(
          "selection",
          "ReLU, then the k largest; ties go to the lower index"
            + (weights.has("threshold") ? "; the stored threshold is not used" : ""),
          source: .formatRule))
    case .batchTopK, .matryoshka:
      parts.activation = .batchTopK(threshold: try threshold(weights))
      parts.ledger.append(.strictThreshold)
      if one == .matryoshka { parts.prefixes = try prefixes(weights, n, &parts.ledger) }
    case .jumpReLU:
      parts.activation = .jumpReLU(
        threshold: try weights.vector("threshold", n, from: "the length of 'b_enc'"))
      parts.ledger.append(.strictThreshold)
    }
    return parts
  }

  private static func check(
    _ declared: Int?, _ found: Int, _ key: String
  ) throws(ImportError) {
    guard let declared, declared != found else { return }
    throw ImportError(
      .value(
        key: key, found: "\(declared)", expected: "\(found), as the tensors' shapes say"))
  }

  /// k of the file and of the configuration, which must agree, as the library demands.
  private static func agreedK(
    _ config: DictionaryLearningConfig, _ state: TorchState, _ n: Int
  ) throws(ImportError) -> Int? {
    let stored = try state.integer("k", in: 1...n)
    if let stored, let declared = config.k, stored != declared {
      throw ImportError(
        .value(key: "k", found: "\(stored)", expected: "\(declared), as the configuration says"))
    }
    return stored ?? config.k
  }
}
