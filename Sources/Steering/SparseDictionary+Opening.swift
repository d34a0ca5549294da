import Importers
import SAE
import Tensors

extension SparseDictionary {
  /// Opens a dictionary from a publisher's folder.
  ///
  /// Weights stay in the file's mapping and are read when they are needed; the decisions that were taken
  /// are in ``ledger``.
  ///
  /// - Throws: `unsupportedDictionary`, `malformedFile`, `shapeMismatch`, `nonFinite` or `inputOutput`,
  ///   each naming file, field, what was found and what is accepted.
  public static func open(
    _ path: String, options: ImportOptions = ImportOptions()
  ) throws(SteeringError) -> SparseDictionary {
    try open(path, options: options, kernels: .best)
  }

  /// Opens a dictionary that computes with the given kernels.
  package static func open(
    _ path: String, options: ImportOptions = ImportOptions(), kernels: Kernels
  ) throws(SteeringError) -> SparseDictionary {
    do throws(ImportError) {
      return try DictionaryImporter.open(path, options: options, kernels: kernels)
    } catch {
      throw SteeringError(error)
    }
  }

  /// An encoder of whole rows, with errors put into words.
  package func makeEncoder(
    _ options: EncodeOptions = EncodeOptions()
  ) throws(SteeringError) -> FullEncoder {
    do throws(DictionaryError) {
      return try FullEncoder(self, options: options)
    } catch {
      throw SteeringError(error, in: self)
    }
  }
}
