import Formats
import Glibc
import SAE
import Tensors

/// Opens a dictionary from a publisher's files, whichever known layout they are in.
package enum DictionaryImporter {
  /// Weights up to this size are checked whole at opening: a few milliseconds.
  private static let smallWeightBytes = 32 << 20

  private static let accepted = "a SAELens folder with cfg.json and sae_weights.safetensors"

  /// Opens the dictionary in the folder at `path`.
  ///
  /// The layout is recognised by its files, never by the folder's name.
  package static func open(
    _ path: String, options: ImportOptions = ImportOptions(), kernels: Kernels = .best
  ) throws(ImportError) -> SparseDictionary {
    switch try kind(path) {
    case .directory: break
    case .other:
      throw ImportError(.unknownLayout(found: "a file", accepted: accepted), path: path)
    case nil:
      throw ImportError(.format(FormatError(.systemCall(call: "open", errno: ENOENT))), path: path)
    }
    guard try kind(path + "/" + SAELensImporter.configName) != nil else {
      throw ImportError(
        .unknownLayout(found: "a folder without cfg.json", accepted: accepted), path: path)
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

  private static func kind(_ path: String) throws(ImportError) -> FileSystem.Kind? {
    do throws(FormatError) {
      return try FileSystem.kind(path)
    } catch {
      throw ImportError(.format(error), path: error.path)
    }
  }

  /// Whether something is at `path`, which an importer reads if so.
  static func exists(_ path: String) throws(ImportError) -> Bool { try kind(path) != nil }
}
