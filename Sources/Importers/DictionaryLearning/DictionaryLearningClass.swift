import Formats

/// The classes of dictionary_learning that this importer runs, by the library's own names.
enum DictionaryLearningClass: String, CaseIterable {
  case autoEncoder = "AutoEncoder"
  case autoEncoderNew = "AutoEncoderNew"
  case gated = "GatedAutoEncoder"
  case topK = "AutoEncoderTopK"
  case batchTopK = "BatchTopKSAE"
  case matryoshka = "MatryoshkaBatchTopKSAE"
  case jumpReLU = "JumpReluAutoEncoder"

  /// Classes of the library that are known and not run, each with the reason and what to do.
  static let refused: [String: (why: String, advice: String)] = [
    "IdentityDict": ("it has no weights", "use another dictionary"),
    "CrossCoder": ("it reads several layers at once", "use another dictionary"),
    "BatchTopKCrossCoder": ("it reads several layers at once", "use another dictionary"),
  ]

  /// The arrays that nearly every class has. A gated encoder has no bias of its own: its length is
  /// read from another vector.
  var arrays: DenseLayout {
    switch self {
    case .autoEncoder: linear(encoderBias: "encoder.bias", decoderBias: "bias")
    case .autoEncoderNew: linear(encoderBias: "encoder.bias", decoderBias: "decoder.bias")
    case .gated: linear(encoderBias: "gate_bias", decoderBias: "decoder_bias")
    case .topK, .batchTopK: linear(encoderBias: "encoder.bias", decoderBias: "b_dec")
    case .matryoshka, .jumpReLU:
      DenseLayout(
        encoder: "W_enc", encoderOrientation: .modelMajor, decoder: "W_dec",
        decoderOrientation: .featureMajor, encoderBias: "b_enc", decoderBias: "b_dec")
    }
  }

  private func linear(encoderBias: String, decoderBias: String) -> DenseLayout {
    DenseLayout(
      encoder: "encoder.weight", encoderOrientation: .featureMajor, decoder: "decoder.weight",
      decoderOrientation: .modelMajor, encoderBias: encoderBias, decoderBias: decoderBias)
  }

  /// The names beside those of ``arrays`` that the class cannot do without.
  var furtherNames: [String] {
    switch self {
    case .autoEncoder, .autoEncoderNew, .topK: []
    case .gated: ["mag_bias", "r_mag"]
    case .batchTopK, .jumpReLU: ["threshold"]
    case .matryoshka: ["threshold", "group_sizes"]
    }
  }

  /// The names that a file may have or lack.
  var optionalNames: [String] {
    switch self {
    case .topK: ["k", "threshold"]
    case .batchTopK, .matryoshka: ["k"]
    case .autoEncoder, .autoEncoderNew, .gated, .jumpReLU: []
    }
  }

  var neededNames: [String] { arrays.names + furtherNames }

  /// Every name that a file of any class may hold.
  static var acceptedNames: [String] {
    var names: [String] = []
    for one in allCases {
      for name in one.neededNames + one.optionalNames where !names.contains(name) {
        names.append(name)
      }
    }
    return names
  }

  /// The classes that have just these names.
  static func fitting(_ names: [String]) -> [DictionaryLearningClass] {
    let found = Set(names)
    return allCases.filter { one in
      found.isSuperset(of: one.neededNames)
        && found.isSubset(of: one.neededNames + one.optionalNames)
    }
  }

  /// Whether the decoder bias is subtracted from the row before it is encoded.
  var subtractsDecoderBias: Bool { self != .autoEncoderNew && self != .jumpReLU }

  /// - Throws: `refused` for a class that is known and not run, `value` for any other.
  init(named name: String, key: String) throws(ImportError) {
    if let known = Self(rawValue: name) {
      self = known
      return
    }
    if let reason = Self.refused[name] {
      throw ImportError(
        .refused(what: "class '\(name)'", why: reason.why, advice: reason.advice))
    }
    let accepted = Self.allCases.map(\.rawValue).joined(separator: ", ")
    throw ImportError(
      .value(key: key, found: "\"\(name)\"", expected: "one of \(accepted)"))
  }
}
