import SAE
import Tensors

/// What every importer answers: whether files are in its layout, and what they say.
protocol PublisherImporter: SendableMetatype {
  static var format: DictionaryFormat { get }

  /// The files that make the layout, in a few words for messages: "a folder with cfg.json and …".
  static var layout: String { get }

  /// Every name of a key or tensor that decides something, or the stem of numbered ones.
  static var acceptedNames: [String] { get }

  /// Whether the files are in this layout, told by their names, then keys, then shapes.
  ///
  /// Never by the name of a folder. A file that is needed to tell and cannot be read is an error.
  static func recognises(_ source: DictionarySource) throws(ImportError) -> Bool
}

/// An importer of autoencoders and of transcoders within one layer.
protocol SingleLayerImporter: PublisherImporter {
  /// Reads the files, checks every tensor and key, and decides every convention.
  ///
  /// Matrices stay in the file's mapping where their type and orientation allow it.
  static func read(
    _ source: DictionarySource, options: ImportOptions, kernels: Kernels
  ) throws(ImportError) -> SparseDictionary.Parts
}

/// An importer of transcoders whose features write to several layers.
protocol CrossLayerImporter: PublisherImporter {
  /// Reads biases and thresholds, checks every tensor and key, and decides every convention.
  ///
  /// Encoders and decoders stay in the files' mappings; a decoder row is read when its feature fires.
  static func read(
    _ source: DictionarySource, options: ImportOptions, kernels: Kernels
  ) throws(ImportError) -> CrossLayerTranscoder.Parts
}
