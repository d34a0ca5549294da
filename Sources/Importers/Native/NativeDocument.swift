import Formats
import SAE

/// `dictionary.json` of the native form, read strictly: every key is there, and no other.
struct NativeDocument {
  // As many entries as no dictionary has, each of which costs memory.
  private static let listLimit = 1 << 16
  private static let sizes = 1...Int(Int32.max)

  let name: String
  let kind: SparseDictionary.Kind
  let featureCount: Int
  let modelWidth: Int
  let outputWidth: Int
  /// The function's name and its numbers; arrays of numbers are in the weights file.
  let activation: ConfigReader
  let function: String
  let normalisation: Normalisation
  let outputScale: OutputScale
  let subtractsDecoderBias: Bool
  let decoderNormRole: DecoderNormRole
  let prefixes: [Int]
  let flattensHeads: Bool
  let excludesSpecialTokens: Bool?
  let input: Tap
  let output: Tap
  let encoder: NativeForm.Storage
  let decoder: NativeForm.Storage
  let hasSkip: Bool
  /// SHA-256 of arrays by their names, in hexadecimal.
  let digests: [(name: String, digest: String)]
  let ledger: [LedgerEntry]

  init(_ object: JSONValue, ignoring ignored: Set<String>) throws(ImportError) {
    let reader = try ConfigReader(object: object).checked(NativeForm.keys, ignoring: ignored)
    _ = try reader.choice("format", of: [NativeForm.marker], default: nil)
    _ = try reader.integer("version", in: NativeForm.version...NativeForm.version)
    guard let name = try reader.string("name") else { throw reader.mismatch("name", "a string") }
    self.name = name
    let kind = try reader.choice("kind", of: ["autoencoder", "transcoder"], default: nil)
    self.kind = kind == "transcoder" ? .transcoder : .autoencoder
    featureCount = try reader.integer("feature_count", in: Self.sizes)
    modelWidth = try reader.integer("model_width", in: Self.sizes)
    outputWidth = try reader.integer("output_width", in: Self.sizes)
    (activation, function) = try Self.activation(reader)
    normalisation = try Self.normalisation(reader)
    outputScale = try Self.outputScale(reader)
    subtractsDecoderBias = try reader.bool("subtracts_decoder_bias", default: nil)
    let role = try reader.choice(
      "decoder_norm_role", of: DecoderNormRole.allCases.map(\.rawValue), default: nil)
    decoderNormRole = DecoderNormRole(rawValue: role) ?? .none
    prefixes = try Self.prefixes(reader)
    flattensHeads = try reader.bool("flattens_heads", default: nil)
    excludesSpecialTokens =
      reader.isNull("excludes_special_tokens")
      ? nil : try reader.bool("excludes_special_tokens", default: nil)
    input = try Self.tap(reader, "input")
    output = try Self.tap(reader, "output")
    decoder = try Self.storage(reader, "decoder", of: ["dense", "expander"])
    encoder = try Self.storage(reader, "encoder", of: ["dense", "expander", "tied"])
    hasSkip = try reader.bool("has_skip", default: nil)
    digests = try Self.digests(reader)
    ledger = try Self.ledger(reader)
  }

  /// The arrays that the weights file holds, no more and no fewer.
  var tensorNames: [String] {
    NativeForm.arrays(of: "encoder", encoder) + NativeForm.arrays(of: "decoder", decoder)
      + (hasSkip ? ["skip"] : []) + ["encoder_bias", "decoder_bias"]
      + NativeForm.arrays(ofActivation: function)
  }

  private static func activation(
    _ reader: ConfigReader
  ) throws(ImportError) -> (ConfigReader, String) {
    let inner = try reader.inner("activation")
    let function = try inner.choice(
      "function", of: NativeForm.activationKeys.map(\.function), default: nil)
    let keys = NativeForm.activationKeys.first { $0.function == function }?.keys ?? []
    return (try inner.checked(["function"] + keys), function)
  }

  private static func normalisation(_ reader: ConfigReader) throws(ImportError) -> Normalisation {
    let inner = try reader.inner("normalisation")
    switch try inner.choice("method", of: NativeForm.normalisations, default: nil) {
    case "constant-factor":
      return .constantFactor(try inner.checked(["method", "factor"]).float("factor"))
    case "layer-norm":
      return .layerNorm(epsilon: try inner.checked(["method", "epsilon"]).float("epsilon"))
    case "root-width-over-norm":
      _ = try inner.checked(["method"])
      return .rootWidthOverNorm
    default:
      _ = try inner.checked(["method"])
      return .none
    }
  }

  private static func outputScale(_ reader: ConfigReader) throws(ImportError) -> OutputScale {
    let inner = try reader.inner("output_scale")
    switch try inner.choice("method", of: NativeForm.outputScales, default: nil) {
    case "factor": return .factor(try inner.checked(["method", "factor"]).float("factor"))
    case "undoes-normalisation":
      _ = try inner.checked(["method"])
      return .undoesNormalisation
    default:
      _ = try inner.checked(["method"])
      return .none
    }
  }

  private static func storage(
    _ reader: ConfigReader, _ key: String, of accepted: [String]
  ) throws(ImportError) -> NativeForm.Storage {
    let inner = try reader.inner(key)
    switch try inner.choice("storage", of: accepted, default: nil) {
    case "expander":
      let degree = try inner.checked(["storage", "degree"]).integer(
        "degree", in: Self.sizes)
      return .expander(degree: degree)
    case "tied":
      _ = try inner.checked(["storage"])
      return .tied
    default:
      _ = try inner.checked(["storage"])
      return .dense
    }
  }

  private static func prefixes(_ reader: ConfigReader) throws(ImportError) -> [Int] {
    var prefixes: [Int] = []
    for element in try reader.list("prefixes", limit: listLimit) {
      guard let prefix = element.asInt else {
        throw reader.mismatch("prefixes", "a list of feature counts")
      }
      prefixes.append(prefix)
    }
    return prefixes
  }

  private static func tap(_ reader: ConfigReader, _ key: String) throws(ImportError) -> Tap {
    let inner = try reader.inner(key).checked(NativeForm.tapKeys)
    return Tap(
      model: try inner.string("model"), hook: try inner.string("hook"),
      moduleHook: try inner.string("module_hook"))
  }

  private static func digests(
    _ reader: ConfigReader
  ) throws(ImportError) -> [(name: String, digest: String)] {
    let inner = try reader.inner("tensors")
    var digests: [(name: String, digest: String)] = []
    for member in inner.object.asObject ?? [] {
      let tensor = try inner.inner(member.key).checked(["sha256"])
      guard let digest = try tensor.string("sha256"), digest.utf8.count == 64,
        digest.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) })
      else { throw tensor.mismatch("sha256", "64 lower-case hexadecimal digits") }
      digests.append((member.key, digest))
    }
    return digests
  }

  private static func ledger(_ reader: ConfigReader) throws(ImportError) -> [LedgerEntry] {
    var ledger: [LedgerEntry] = []
    for (index, element) in try reader.list("ledger", limit: listLimit).enumerated() {
      let place = "ledger[\(index)]"
      guard case .object = element else { throw reader.mismatch("ledger", "a list of objects") }
      let entry = try ConfigReader(object: element, prefix: place + ".")
        .checked(NativeForm.ledgerKeys)
      guard let subject = try entry.string("subject"),
        let statement = try entry.string("statement")
      else { throw reader.mismatch("ledger", "entries with subject and statement") }
      ledger.append(LedgerEntry(subject, statement, source: try source(entry)))
    }
    return ledger
  }

  private static func source(_ reader: ConfigReader) throws(ImportError) -> LedgerEntry.Source {
    let inner = try reader.inner("source")
    let kind = try inner.choice("kind", of: NativeForm.sourceKinds, default: nil)
    if kind == "format-rule" || kind == "measured" {
      _ = try inner.checked(["kind"])
      return kind == "measured" ? .measured : .formatRule
    }
    guard let name = try inner.checked(NativeForm.sourceKeys).string("name") else {
      throw inner.mismatch("name", "a string")
    }
    switch kind {
    case "config": return .config(key: name)
    case "publisher-default": return .publisherDefault(key: name)
    case "file-name": return .fileName(name)
    default: return .option(name)
    }
  }
}

extension ConfigReader {
  /// The reader of an object that must have all of `keys`, and no others but the ignored.
  fileprivate func checked(
    _ keys: [String], ignoring ignored: Set<String> = []
  ) throws(ImportError) -> ConfigReader {
    guard case .object = object else {
      throw ImportError(
        .value(key: NativeForm.configName, found: object.kind, expected: "a JSON object"))
    }
    for key in keys where !has(key) {
      throw ImportError(
        .missingKey(key: prefix + key, expected: "all of " + keys.joined(separator: ", ")))
    }
    try SAELensConfig.checkKeys(self, accepted: keys, ignoring: ignored)
    return self
  }

  /// The reader of the object under `key`.
  fileprivate func inner(_ key: String) throws(ImportError) -> ConfigReader {
    guard let value = object[key], case .object = value else { throw mismatch(key, "an object") }
    return ConfigReader(object: value, prefix: prefix + key + ".")
  }

  /// The elements of the list under `key`.
  fileprivate func list(_ key: String, limit: Int) throws(ImportError) -> [JSONValue] {
    guard let list = object[key]?.asArray else { throw mismatch(key, "a list") }
    guard list.count <= limit else {
      throw ImportError(
        .value(
          key: prefix + key, found: "a list of \(list.count)", expected: "at most \(limit)"))
    }
    return list
  }

  /// A finite number as f32.
  func float(_ key: String) throws(ImportError) -> Float {
    guard let number = object[key]?.asDouble, Float(number).isFinite else {
      throw mismatch(key, "a finite number")
    }
    return Float(number)
  }
}
