import Formats
import SAE
import Tensors

extension DictionaryExport {
  /// Writes the accelerator of a native folder, in the place of one that is there.
  ///
  /// The file appears complete or not at all.
  ///
  /// - Throws: `rowTooLong` with the path of the weights, `format`.
  package static func accelerate(
    _ encoder: NativeEncoder, progress: Progress = { _, _ in }
  ) throws(ExportError) -> ExportReport.Accelerator {
    do throws(ExportError) {
      return try writeAccelerator(
        encoder.rows, digest: encoder.digest, to: encoder.acceleratorPath, kernels: encoder.kernels,
        progress: progress)
    } catch {
      throw ExportError(error.reason, path: encoder.weightsPath)
    }
  }

  /// The accelerator of the weights that were written to `weights`, beside them; `tensors` with their
  /// `digests` are what they hold.
  static func accelerate(
    _ weights: String, _ tensors: [ExportedTensor], digests: [[UInt8]], isTied: Bool,
    in output: OutputFolder, kernels: Kernels, progress: Progress
  ) throws(ExportError) -> ExportReport.Accelerator {
    let name = isTied ? "decoder" : "encoder"
    let file = try ExportError.writing { () throws(FormatError) in
      try SafetensorsFile.open(weights)
    }
    guard let place = tensors.firstIndex(where: { $0.name == name }), let tensor = file[name] else {
      fatalError("a dense encoder was written")
    }
    return try writeAccelerator(
      rows(tensor, kernels), digest: Hexadecimal.text(digests[place]),
      to: output.file(NativeForm.acceleratorName), kernels: kernels, progress: progress)
  }

  /// As it computes once it is opened: f16 is widened.
  private static func rows(_ tensor: Tensor, _ kernels: Kernels) -> RowMatrix {
    if let matrix = RowMatrix(tensor) { return matrix }
    guard let values = tensor.floats(kernels) else {
      fatalError("a matrix has a computable type")
    }
    return RowMatrix(rowCount: tensor.shape[0], width: tensor.shape[1], values: values)
  }

  /// Widths and weights that are not finite have been refused: what is left is a norm.
  private static func tooLong(_ rows: RowMatrix, _ kernels: Kernels) -> ExportError {
    var longest = (feature: 0, norm: 0.0)
    for feature in 0..<rows.rowCount {
      let norm = rows.norm(ofRow: feature, kernels)
      if norm > longest.norm { longest = (feature, norm) }
    }
    return ExportError(
      .rowTooLong(
        feature: longest.feature, norm: longest.norm, limit: Double(QuantisedRows.largestNorm)))
  }

  private static func writeAccelerator(
    _ rows: RowMatrix, digest: String, to path: String, kernels: Kernels, progress: Progress
  ) throws(ExportError) -> ExportReport.Accelerator {
    let made = QuantisedRows.make(rows, kernels, workers: Workers(), progress: progress)
    guard let made else { throw tooLong(rows, kernels) }
    let arrays = [made.codes, made.scales, made.residuals, made.norms]
    return try ExportError.writing { () throws(FormatError) in
      let writer = try SafetensorsWriter(
        path: path, entries: NativeAccelerator.entries(rowCount: made.rowCount, width: made.width),
        metadata: NativeAccelerator.metadata(
          encoderDigest: digest, arrays: arrays.map { Hexadecimal.text($0.sha256()) }))
      for (index, array) in arrays.enumerated() {
        try array.storage.withBytes { bytes throws(FormatError) in
          let range = array.byteOffset..<(array.byteOffset + array.byteCount)
          try writer.append(bytes.extracting(range), to: index)
        }
      }
      try writer.finish()
      return ExportReport.Accelerator(
        meanLoss: made.meanLoss,
        file: .init(
          name: NativeForm.acceleratorName, byteCount: writer.dataOffset + made.byteCount))
    }
  }
}
