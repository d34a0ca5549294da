import Formats
import SAE
import Tensors

/// Reads this library's own form: `dictionary.json` beside `weights.safetensors`.
///
/// Nothing is decided here: the document says everything, and the ledger is the one that was written.
enum NativeImporter: SingleLayerImporter {
  static let format = DictionaryFormat.native
  static let layout =
    "a folder with \(NativeForm.configName) and \(NativeForm.weightsName) (native)"
  /// Every key of the document, and every tensor.
  static var acceptedNames: [String] {
    NativeForm.keys
      + ["encoder", "decoder"].flatMap { name in
        [name] + NativeForm.arrays(of: name, .expander(degree: 1))
      } + ["encoder_bias", "decoder_bias", "skip"]
      + ["jumpReLU", "gated", "biJumpReLU"].flatMap { NativeForm.arrays(ofActivation: $0) }
  }

  static func recognises(_ source: DictionarySource) throws(ImportError) -> Bool {
    try source.has(NativeForm.configName)
  }

  /// Matrices stay in the file's mapping, except f16, which is widened.
  static func read(
    _ source: DictionarySource, options: ImportOptions, kernels: Kernels
  ) throws(ImportError) -> SparseDictionary.Parts {
    try options.check(uses: [], in: format)
    let object = try source.json(NativeForm.configName)
    let document: NativeDocument
    do throws(ImportError) {
      document = try NativeDocument(object, ignoring: options.ignoredConfigKeys)
    } catch {
      throw ImportError(error.reason, path: source.path(of: NativeForm.configName))
    }
    let weights = NativeWeights(
      reader: WeightReader(
        tensors: try source.safetensors(NativeForm.weightsName), architecture: document.function,
        kernels: kernels),
      document: document, configPath: source.path(of: NativeForm.configName))
    do throws(ImportError) {
      try weights.check(digests: options.weightCheck == .whole)
      var parts = try weights.parts()
      parts.files = [source.path(of: NativeForm.configName)] + weights.reader.tensors.paths
      return parts
    } catch {
      throw ImportError(error.reason, path: error.path ?? weights.reader.path)
    }
  }
}
