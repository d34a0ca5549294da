import Formats
import SAE
import Tensors

extension DictionaryImporter {
  /// Opens the cross-layer transcoder in the folder, or the file, at `path`.
  ///
  /// Recognised as ``open(_:options:kernels:)`` does. No weight of an encoder or decoder is touched.
  package static func openCrossLayer(
    _ path: String, options: ImportOptions = ImportOptions(), kernels: Kernels = .best
  ) throws(ImportError) -> CrossLayerTranscoder {
    let source = try DictionarySource(path)
    let importer = try Detection.importer(for: source, format: options.format)
    guard let importer = importer as? any CrossLayerImporter.Type else {
      throw ImportError(
        .refused(
          what:
            "a dictionary of one layer (\(importer.format.rawValue)) as a cross-layer transcoder",
          why: "each of its features writes to one place", advice: "open it as a dictionary"),
        path: path)
    }
    let parts = try ImportError.located(at: path) { () throws(ImportError) in
      try importer.read(source, options: options, kernels: kernels)
    }
    do throws(DictionaryError) {
      return try CrossLayerTranscoder(parts, kernels: kernels)
    } catch {
      throw ImportError(.dictionary(error), path: path)
    }
  }
}
