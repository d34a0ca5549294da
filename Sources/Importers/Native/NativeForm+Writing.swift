import Formats
import SAE
import Tensors

/// The fields of a dictionary as `dictionary.json` has them.
extension NativeForm {
  static func storage(of rows: FeatureRows) -> Storage {
    switch rows {
    case .dense, .turned: .dense
    case .expander(let matrix): .expander(degree: matrix.degree)
    }
  }

  /// The document; `digests` are the names of the arrays and the SHA-256 of their bytes.
  static func document(
    _ dictionary: SparseDictionary, ledger: [LedgerEntry],
    digests: [(name: String, digest: [UInt8])]
  ) -> JSONValue {
    let encoder = dictionary.isTied ? Storage.tied : storage(of: dictionary.encoder.stored)
    return .object([
      .init("format", .string(marker)), .init("version", .integer(Int64(version))),
      .init("name", .string(dictionary.name)), .init("kind", .string(dictionary.kind.rawValue)),
      .init("feature_count", .integer(Int64(dictionary.featureCount))),
      .init("model_width", .integer(Int64(dictionary.modelWidth))),
      .init("output_width", .integer(Int64(dictionary.outputWidth))),
      .init("activation", json(dictionary.activation)),
      .init("normalisation", json(dictionary.normalisation)),
      .init("output_scale", json(dictionary.outputScale)),
      .init("subtracts_decoder_bias", .bool(dictionary.subtractsDecoderBias)),
      .init("decoder_norm_role", .string(dictionary.decoderNormRole.rawValue)),
      .init("prefixes", .array(dictionary.prefixes.map { .integer(Int64($0)) })),
      .init("flattens_heads", .bool(dictionary.flattensHeads)),
      .init(
        "excludes_special_tokens", dictionary.excludesSpecialTokens.map { .bool($0) } ?? .null),
      .init("input", json(dictionary.input)), .init("output", json(dictionary.output)),
      .init("encoder", json(encoder)),
      .init("decoder", json(storage(of: dictionary.decoder))),
      .init("has_skip", .bool(dictionary.hasSkip)),
      .init(
        "tensors",
        .object(
          digests.map {
            .init($0.name, .object([.init("sha256", .string(Hexadecimal.text($0.digest)))]))
          })),
      .init("ledger", .array(ledger.map(json))),
    ])
  }

  private static func json(_ activation: ActivationFunction) -> JSONValue {
    var members = [JSONValue.Member("function", .string(activation.name))]
    func add(_ key: String, _ value: JSONValue) { members.append(.init(key, value)) }
    switch activation {
    case .relu, .jumpReLU, .gated, .biJumpReLU: break
    case .topK(let k), .absTopK(let k), .signedTopK(let k): add("k", .integer(Int64(k)))
    case .batchTopK(let threshold): add("threshold", .number(Double(threshold)))
    case .groupMax(let groups): add("groups", .integer(Int64(groups)))
    case .blockTopK(let blockSize, let blocks):
      add("block_size", .integer(Int64(blockSize)))
      add("blocks", .integer(Int64(blocks)))
    case .matchingPursuit(let threshold, let iterations, let stopsOnRepeat):
      add("residual_threshold", .number(Double(threshold)))
      add("maximum_iterations", .integer(Int64(iterations)))
      add("stops_on_repeat", .bool(stopsOnRepeat))
    }
    return .object(members)
  }

  private static func json(_ normalisation: Normalisation) -> JSONValue {
    switch normalisation {
    case .none: ["method": "none"]
    case .constantFactor(let factor):
      ["method": "constant-factor", "factor": .number(Double(factor))]
    case .rootWidthOverNorm: ["method": "root-width-over-norm"]
    case .layerNorm(let epsilon):
      ["method": "layer-norm", "epsilon": .number(Double(epsilon))]
    }
  }

  private static func json(_ scale: OutputScale) -> JSONValue {
    switch scale {
    case .undoesNormalisation: ["method": "undoes-normalisation"]
    case .none: ["method": "none"]
    case .factor(let factor): ["method": "factor", "factor": .number(Double(factor))]
    }
  }

  private static func json(_ storage: Storage) -> JSONValue {
    guard case .expander(let degree) = storage else { return ["storage": .string(storage.name)] }
    return ["storage": .string(storage.name), "degree": .integer(Int64(degree))]
  }

  private static func json(_ tap: Tap) -> JSONValue {
    func text(_ value: String?) -> JSONValue { value.map { .string($0) } ?? .null }
    return [
      "model": text(tap.model), "hook": text(tap.hook), "module_hook": text(tap.moduleHook),
    ]
  }

  private static func json(_ entry: LedgerEntry) -> JSONValue {
    let source: JSONValue =
      switch entry.source {
      case .config(let key): ["kind": "config", "name": .string(key)]
      case .publisherDefault(let key): ["kind": "publisher-default", "name": .string(key)]
      case .formatRule: ["kind": "format-rule"]
      case .fileName(let name): ["kind": "file-name", "name": .string(name)]
      case .option(let name): ["kind": "option", "name": .string(name)]
      case .measured: ["kind": "measured"]
      }
    return [
      "subject": .string(entry.subject), "statement": .string(entry.statement), "source": source,
    ]
  }
}
