import Formats
import SAE
import Tensors

/// Reads this library's own form: `dictionary.json` beside `weights.safetensors`, and the int8 form of
/// the encoder where `accelerator.safetensors` holds it.
///
/// Nothing is decided here: the document says everything, and the ledger is the one that was written.
enum NativeImporter: SingleLayerImporter {
  static let format = DictionaryFormat.native
  static let layout =
    "a folder with \(NativeForm.configName) and \(NativeForm.weightsName) (native)"
  /// Every key of the document and of an accelerator's metadata, and every tensor.
  static var acceptedNames: [String] {
    NativeForm.keys
      + ["encoder", "decoder"].flatMap { name in
        [name] + NativeForm.arrays(of: name, .expander(degree: 1))
      } + ["encoder_bias", "decoder_bias", "skip"]
      + ["jumpReLU", "gated", "biJumpReLU"].flatMap { NativeForm.arrays(ofActivation: $0) }
      + NativeAccelerator.metadata(encoderDigest: "", arrays: NativeAccelerator.arrays).map(\.key)
      + NativeAccelerator.arrays
  }

  static func recognises(_ source: DictionarySource) throws(ImportError) -> Bool {
    try source.has(NativeForm.configName)
  }

  /// Matrices stay in the file's mapping, except f16, which is widened.
  static func read(
    _ source: DictionarySource, options: ImportOptions, kernels: Kernels
  ) throws(ImportError) -> SparseDictionary.Parts {
    let weights = try weights(source, options: options, kernels: kernels)
    var parts = try ImportError.located(at: weights.reader.path) { () throws(ImportError) in
      try weights.check(digests: options.weightCheck == .whole)
      return try weights.parts()
    }
    parts.files = [source.path(of: NativeForm.configName)] + weights.reader.tensors.paths
    if try source.hasBeside(NativeForm.acceleratorName) {
      let path = source.path(of: NativeForm.acceleratorName)
      parts.encoder = try weights.accelerated(
        parts.encoder, path: path, isWhole: options.weightCheck == .whole)
      parts.files.append(path)
    }
    return parts
  }

  /// The document and, not looked at yet, the arrays.
  static func weights(
    _ source: DictionarySource, options: ImportOptions, kernels: Kernels
  ) throws(ImportError) -> NativeWeights {
    try options.check(uses: [], in: format)
    let object = try source.json(NativeForm.configName)
    let configPath = source.path(of: NativeForm.configName)
    let document = try ImportError.located(at: configPath) { () throws(ImportError) in
      try NativeDocument(object, ignoring: options.ignoredConfigKeys)
    }
    let reader = WeightReader(
      tensors: try source.safetensors(NativeForm.weightsName), architecture: document.function,
      kernels: kernels)
    return NativeWeights(reader: reader, document: document, configPath: configPath)
  }
}
