import Formats
import SAE
import Tensors

/// Opens a dictionary from a publisher's files, whichever known layout they are in.
package enum DictionaryImporter {
  /// Weights up to this size are checked whole at opening: a few milliseconds.
  private static let smallWeightBytes = 32 << 20

  /// Opens the dictionary in the folder at `path`.
  ///
  /// The layout is recognised by its files, never by the folder's name.
  package static func open(
    _ path: String, options: ImportOptions = ImportOptions(), kernels: Kernels = .best
  ) throws(ImportError) -> SparseDictionary {
    guard FileSystem.isDirectory(path) else {
      let found = FileSystem.exists(path) ? "a file" : "nothing"
      throw ImportError(
        .unknownLayout(
          found: found, accepted: "a folder with cfg.json and sae_weights.safetensors"),
        path: path)
    }
    guard FileSystem.exists(path + "/" + SAELensImporter.configName) else {
      throw ImportError(
        .unknownLayout(
          found: "a folder without cfg.json",
          accepted: "a SAELens folder with cfg.json and sae_weights.safetensors"),
        path: path)
    }
    let parts = try SAELensImporter.read(folder: path, options: options, kernels: kernels)
    do throws(DictionaryError) {
      let dictionary = try SparseDictionary(parts, kernels: kernels)
      if options.weightCheck == .whole || dictionary.weightByteCount <= smallWeightBytes {
        try dictionary.checkFiniteWeights()
      }
      return dictionary
    } catch {
      throw ImportError(.dictionary(error), path: path)
    }
  }
}
