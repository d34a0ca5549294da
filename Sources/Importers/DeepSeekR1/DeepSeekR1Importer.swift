import Formats
import SAE
import Tensors

/// Reads the DeepSeek-R1 dictionaries of qresearch: one `.pt` file with an encoder and a decoder.
///
/// A bare `AutoEncoderNew` of dictionary_learning has the same keys; only a `config.json` beside it, or
/// the caller, tells them apart. Facts and decisions: `docs/importers/deepseek-r1.md`.
enum DeepSeekR1Importer: SingleLayerImporter {
  static let format = DictionaryFormat.deepseekR1
  static let layout = "a .pt file with encoder and decoder, weights and biases (deepseek-r1)"
  static let suffixes = [".pt"]
  static let arrays = DenseLayout(
    encoder: "encoder.weight", encoderOrientation: .featureMajor,
    decoder: "decoder.weight", decoderOrientation: .modelMajor,
    encoderBias: "encoder.bias", decoderBias: "decoder.bias")
  /// Every name that the file may hold.
  static var acceptedNames: [String] { arrays.names }

  static func recognises(_ source: DictionarySource) throws(ImportError) -> Bool {
    guard let name = source.mainName(endingIn: suffixes),
      case .dictionary(let members) = try source.torch(name)
    else { return false }
    let keys = members.compactMap { member in
      if case .string(let key) = member.key { key } else { nil }
    }
    guard Set(keys) == Set(arrays.names) else { return false }
    return try DictionaryLearningConfig.isBeside(source) == false
  }

  static func read(
    _ source: DictionarySource, options: ImportOptions, kernels: Kernels
  ) throws(ImportError) -> SparseDictionary.Parts {
    try options.check(uses: [], in: format)
    let name = try source.requireName(endingIn: suffixes, layout)
    return try LinearPair.read(
      source, name, arrays, format: format, options: options, kernels: kernels)
  }
}
