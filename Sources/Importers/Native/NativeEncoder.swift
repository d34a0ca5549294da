import Formats
import SAE
import Tensors

/// The encoder of a native folder that is to get an accelerator.
package struct NativeEncoder {
  /// Feature-major, as it computes: mapped, or widened from f16.
  let rows: RowMatrix
  /// SHA-256 of its stored bytes, as the document has it.
  let digest: String
  /// The file that the rows are in.
  let weightsPath: String
  /// Where the accelerator belongs.
  let acceleratorPath: String
  let kernels: Kernels
  /// What the dictionary is called.
  package let name: String

  /// Opens the native dictionary in the folder, or the file, at `path`, without an accelerator that is
  /// there already, and compares the encoder's bytes with their digest, once it is known that the
  /// accelerator can be written.
  ///
  /// - Throws: `refused` for another layout, and where there is no use for an accelerator; what reading
  ///   a dictionary throws; `format` where no file can be written; `value` for another digest; `dictionary` for NaN or infinity.
  package init(
    _ path: String, options: ImportOptions = ImportOptions(), kernels: Kernels = .best,
    progress: DictionaryExport.Progress = { _, _ in }
  ) throws(ImportError) {
    let source = try DictionarySource(path)
    let importer = try Detection.importer(for: source, format: options.format)
    guard importer.format == NativeImporter.format else {
      throw ImportError(
        .refused(
          what: "an accelerator beside \(importer.format.rawValue)",
          why: "only the native form has a file for it",
          advice: "write a native copy with one: --to native --output DIR --accelerate"),
        path: path)
    }
    let weights = try NativeImporter.weights(source, options: options, kernels: kernels)
    weightsPath = weights.reader.path
    let target = source.path(of: NativeForm.acceleratorName)
    (rows, name, digest) = try ImportError.located(
      at: weights.reader.path
    ) { () throws(ImportError) in
      try weights.check(digests: false)
      let parts = try weights.parts()
      guard case .dense(let rows) = parts.encoder.stored, let array = weights.encoderName,
        parts.encoder.pruningObstacle(parts.activation) == nil
      else {
        let what = parts.encoder.pruningObstacle(parts.activation) ?? "this encoder"
        throw ImportError(
          .refused(
            what: "an accelerator for \(what)", why: "encoding could make no use of it",
            advice: "such dictionaries are encoded without"))
      }
      // What takes long comes after what would make it useless.
      do throws(FormatError) {
        try OutputFile.check(target)
      } catch {
        throw ImportError(.format(error))
      }
      let total = weights.reader.tensors[array]?.byteCount ?? 0
      try weights.checkDigest(of: array) { progress($0, total) }
      try Self.checkFinite(rows, kernels)
      return (rows, parts.name, weights.digest(of: array))
    }
    acceleratorPath = target
    self.kernels = kernels
  }

  private static func checkFinite(_ rows: RowMatrix, _ kernels: Kernels) throws(ImportError) {
    guard let bad = rows.firstNonFinite(in: 0..<rows.rowCount, kernels) else { return }
    throw ImportError(
      .dictionary(
        DictionaryError(.nonFiniteWeight(tensor: "encoder", row: bad.row, column: bad.column))))
  }
}
