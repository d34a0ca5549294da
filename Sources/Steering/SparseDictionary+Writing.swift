import Importers
import SAE

extension SparseDictionary {
  /// Writes the dictionary as a new folder, which appears complete or not at all.
  ///
  /// What is opened from the folder has the same weights, fields and activations, bit for bit, unless
  /// `options.allowsRounding` was needed; `docs/convert.md` lists what each target holds.
  ///
  /// - Parameters:
  ///   - folder: A path at which nothing is.
  ///   - progress: Called now and then with the bytes that are written and all that will be.
  /// - Returns: The files, what was written in another way, and how far numbers changed.
  /// - Throws: `invalidArgument` when the folder exists; `unsupportedDictionary` for what the target
  ///   cannot hold, or only by rounding; `nonFinite` for NaN or infinity in the weights; `inputOutput`.
  /// - Complexity: O(weightByteCount), in a few tiles of memory.
  public func write(
    to folder: String, as target: ExportTarget, options: ExportOptions = ExportOptions(),
    progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
  ) throws(SteeringError) -> ExportReport {
    try SteeringError.rendering { () throws(ExportError) in
      try DictionaryExport.write(
        self, as: target, to: folder, options: options, progress: progress)
    }
  }
}

extension SteeringError {
  /// Runs `body` and turns its error into the public one.
  package static func rendering<R>(
    _ body: () throws(ExportError) -> R
  ) throws(SteeringError) -> R {
    do throws(ExportError) {
      return try body()
    } catch {
      throw SteeringError(error)
    }
  }
}

extension ExportTarget {
  /// Throws unless a folder can be made at `folder`: nothing is there.
  public static func checkFree(_ folder: String) throws(SteeringError) {
    try SteeringError.rendering { () throws(ExportError) in
      try DictionaryExport.checkFree(folder)
    }
  }

  /// The layout of the files at `path`, once it is known to be one whose dictionaries can be written.
  ///
  /// - Throws: `unsupportedDictionary` for cross-layer transcoders, which no target holds, and for
  ///   files of no known layout.
  package func check(
    _ path: String, options: ImportOptions
  ) throws(SteeringError) -> DictionaryFormat {
    var found = options.format
    if found == nil {
      do throws(ImportError) {
        found = try DictionaryImporter.format(of: path)
      } catch {
        throw SteeringError(error)
      }
    }
    guard let format = found else { fatalError("a layout was found or named") }
    try SteeringError.rendering { () throws(ExportError) in
      try DictionaryExport.check(format, for: self)
    }
    return format
  }
}
