import Formats
import SAE
import Tensors

/// Opens a dictionary from a publisher's files, whichever known layout they are in.
package enum DictionaryImporter {
  /// Weights up to this size are checked whole at opening: a few milliseconds.
  private static let smallWeightBytes = 32 << 20

  /// Opens the dictionary in the folder, or the file, at `path`.
  ///
  /// The layout is recognised by files, keys and shapes, never by the folder's name; `options.format`
  /// names it where that is not enough.
  package static func open(
    _ path: String, options: ImportOptions = ImportOptions(), kernels: Kernels = .best
  ) throws(ImportError) -> SparseDictionary {
    let source = try DictionarySource(path)
    let importer = try Detection.importer(for: source, format: options.format)
    guard let importer = importer as? any SingleLayerImporter.Type else {
      throw ImportError(
        .refused(
          what: "a cross-layer transcoder (\(importer.format.rawValue)) as one dictionary",
          why: "each of its features writes to several layers",
          advice: "open it as a cross-layer transcoder"), path: path)
    }
    let parts = try ImportError.located(at: path) { () throws(ImportError) in
      try importer.read(source, options: options, kernels: kernels)
    }
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

  /// The layout of the files at `path`.
  package static func format(of path: String) throws(ImportError) -> DictionaryFormat {
    try Detection.importer(for: try DictionarySource(path), format: nil).format
  }

  /// The layouts that can be read.
  package static var formats: [DictionaryFormat] { Detection.importers.map { $0.format } }

  /// Every name of a key or tensor that decides something in a layout, or the stem of numbered ones.
  ///
  /// Empty for a layout that nothing here reads.
  package static func acceptedNames(of format: DictionaryFormat) -> [String] {
    Detection.importers.first { $0.format == format }?.acceptedNames ?? []
  }

  /// Whether something is at `path`, which an importer reads if so.
  static func exists(_ path: String) throws(ImportError) -> Bool {
    do throws(FormatError) {
      return try FileSystem.kind(path) != nil
    } catch {
      throw ImportError(.format(error), path: error.path)
    }
  }
}
