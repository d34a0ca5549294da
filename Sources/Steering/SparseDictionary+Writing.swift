import Importers
import SAE
import Tensors

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
  /// - Complexity: O(weightByteCount), in a few tiles of memory. With `options.accelerates` the int8 form
  ///   is held too, about featureCount · modelWidth bytes, and of an encoder that is written as f16 all
  ///   rows in f32, four times as many.
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

extension SparseDictionary {
  /// Writes the int8 form of a native dictionary's encoder beside its weights: `accelerator.safetensors`.
  ///
  /// Encoding then reads a quarter of the bytes and gives the same bits. A file that is there already is
  /// replaced, complete or not at all. Dictionaries that are open keep what they opened.
  ///
  /// - Parameters:
  ///   - folder: The dictionary in the native form.
  ///   - progress: Called now and then with how much is done, and of how much.
  /// - Returns: The file, and what share of a row's length the int8 form loses.
  /// Memory: the int8 form, about featureCount · modelWidth bytes; an encoder in f16 is held in f32 besides,
  /// in four times as many, others stay mapped.
  ///
  /// - Throws: `unsupportedDictionary` for another layout, a dictionary that has no use for it and weights
  ///   that are not those of the document; `nonFinite`, `malformedFile`, `inputOutput`.
  public static func accelerate(
    _ folder: String, options: ImportOptions = ImportOptions(),
    progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
  ) throws(SteeringError) -> ExportReport.Accelerator {
    try accelerate(folder, options: options, kernels: .best, progress: progress)
  }

  /// The same with the given kernels.
  package static func accelerate(
    _ folder: String, options: ImportOptions, kernels: Kernels,
    progress: (_ done: Int, _ total: Int) -> Void
  ) throws(SteeringError) -> ExportReport.Accelerator {
    let encoder: NativeEncoder
    do throws(ImportError) {
      encoder = try NativeEncoder(folder, options: options, kernels: kernels) { done, total in
        progress(done, 2 * total)
      }
    } catch {
      throw SteeringError(error)
    }
    return try SteeringError.rendering { () throws(ExportError) in
      try DictionaryExport.accelerate(encoder) { done, total in
        progress(total + done, 2 * total)
      }
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
