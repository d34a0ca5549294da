import Importers
import SAE
import Tensors

extension CrossLayerTranscoder {
  /// Opens a cross-layer transcoder from a publisher's folder.
  ///
  /// Weights stay in the files' mappings; a decoder row is read when its feature fires. The decisions
  /// that were taken are in ``ledger``.
  ///
  /// - Throws: `unsupportedDictionary`, `malformedFile`, `shapeMismatch`, `nonFinite` or `inputOutput`,
  ///   each naming file, field, what was found and what is accepted.
  public static func open(
    _ path: String, options: ImportOptions = ImportOptions()
  ) throws(SteeringError) -> CrossLayerTranscoder {
    try open(path, options: options, kernels: .best)
  }

  /// Opens a transcoder that computes with the given kernels.
  package static func open(
    _ path: String, options: ImportOptions = ImportOptions(), kernels: Kernels
  ) throws(SteeringError) -> CrossLayerTranscoder {
    do throws(ImportError) {
      return try DictionaryImporter.openCrossLayer(path, options: options, kernels: kernels)
    } catch {
      throw SteeringError(error)
    }
  }
}
