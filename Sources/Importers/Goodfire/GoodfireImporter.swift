import Formats
import SAE
import Tensors

/// Reads Goodfire's dictionaries: one `.pt` or `.pth` file with two linear layers.
///
/// Facts and decisions, each with the vector that pins it: `docs/importers/goodfire.md`.
enum GoodfireImporter: SingleLayerImporter {
  static let format = DictionaryFormat.goodfire
  static let layout =
    "a .pt or .pth file with encoder_linear and decoder_linear (goodfire)"
  static let suffixes = [".pt", ".pth"]
  static let arrays = DenseLayout(
    encoder: "encoder_linear.weight", encoderOrientation: .featureMajor,
    decoder: "decoder_linear.weight", decoderOrientation: .modelMajor,
    encoderBias: "encoder_linear.bias", decoderBias: "decoder_linear.bias")
  /// Every name that the file may hold.
  static var acceptedNames: [String] { arrays.names }

  static func recognises(_ source: DictionarySource) throws(ImportError) -> Bool {
    guard let name = source.mainName(endingIn: suffixes) else { return false }
    let root = try source.torch(name)
    return root["encoder_linear.weight"] != nil && root["decoder_linear.weight"] != nil
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
