import Formats
import SAE
import Tensors

extension DictionaryExport {
  /// Writes the native form, which holds every dictionary as it is.
  ///
  /// Matrices are written feature-major, so that opening maps them in place. A second writing of what
  /// the first wrote gives the same bytes. Where `options.accelerates`, the int8 form of the encoder lies
  /// beside them.
  ///
  /// - Throws: `exists`, `dictionary` for NaN or infinity, `valueChanges` and `outOfRange` for numbers
  ///   that `options.type` does not hold, `noAccelerator`, `rowTooLong`,
  ///   `format`.
  package static func native(
    _ dictionary: SparseDictionary, to folder: String, options: ExportOptions = ExportOptions(),
    progress: Progress = { _, _ in }
  ) throws(ExportError) -> ExportReport {
    if options.accelerates {
      let obstacle = dictionary.encoder.pruningObstacle(dictionary.activation)
      if let obstacle { throw ExportError(.noAccelerator(of: obstacle)) }
    }
    try checkFree(folder)
    try checkWeights(dictionary)
    let output = try ExportError.writing { () throws(FormatError) in
      try OutputFolder.create(folder)
    }
    let weightsPath = output.file(NativeForm.weightsName)
    let export = WeightsExport(
      tensors: nativeTensors(dictionary, options.type?.element), options: options,
      kernels: dictionary.kernels)
    // Making an accelerator reads the encoder again.
    let rest = options.accelerates ? dictionary.encoder.byteCount : 0
    var total = 0
    let result = try export.write(to: weightsPath) { done, all in
      total = all
      progress(done, all + rest)
    }
    var report = ExportReport(roundings: result.roundings)
    if options.accelerates {
      report.accelerator = try accelerate(
        weightsPath, export.tensors, digests: result.digests, isTied: dictionary.isTied,
        in: output, kernels: dictionary.kernels
      ) { done, all in progress(total + rest * done / all, total + rest) }
    }
    report.changes = report.roundings.map(\.entry)
    let document = NativeForm.document(
      dictionary, ledger: dictionary.ledger + report.changes,
      digests: zip(export.tensors, result.digests).map { ($0.name, $1) })
    try finish(
      output, document, name: NativeForm.configName, weights: NativeForm.weightsName,
      into: &report)
    if let accelerator = report.accelerator { report.files.append(accelerator.file) }
    return report
  }

  private static func nativeTensors(
    _ dictionary: SparseDictionary, _ type: ElementType?
  ) -> [ExportedTensor] {
    var tensors: [ExportedTensor] = []
    if !dictionary.isTied {
      tensors += matrix("encoder", ExportedMatrix(dictionary.encoder, featureMajor: true), type)
    }
    tensors += matrix("decoder", ExportedMatrix(dictionary.decoder), type)
    if let skip = dictionary.skip {
      tensors += matrix("skip", ExportedMatrix(.dense(skip)), type)
    }
    tensors.append(ExportedTensor("encoder_bias", dictionary.encoderBias))
    tensors.append(ExportedTensor("decoder_bias", dictionary.decoderBias))
    let names = NativeForm.arrays(ofActivation: dictionary.activation.name)
    return tensors + zip(names, arrays(dictionary.activation)).map { ExportedTensor($0, $1) }
  }

  private static func matrix(
    _ name: String, _ matrix: ExportedMatrix, _ type: ElementType?
  ) -> [ExportedTensor] {
    guard case .expander(let expander) = matrix.stored, !matrix.isTurned else {
      return [ExportedTensor(name, matrix, as: type)]
    }
    return [
      ExportedTensor(name + "_values", ExportedMatrix(.dense(expander.values)), as: type),
      ExportedTensor(name + "_indices", columnsOf: expander),
    ]
  }

  /// In the order of ``NativeForm/arrays(ofActivation:)``.
  private static func arrays(_ activation: ActivationFunction) -> [[Float]] {
    switch activation {
    case .jumpReLU(let threshold): [threshold]
    case .gated(let gate, let magnitude, let scale): [gate, magnitude, scale]
    case .biJumpReLU(let sides):
      [
        sides.positiveThreshold, sides.negativeThreshold, sides.positiveGain, sides.negativeGain,
        sides.positiveOffset, sides.negativeOffset,
      ]
    case .relu, .topK, .batchTopK, .absTopK, .signedTopK, .groupMax, .blockTopK,
      .matchingPursuit:
      []
    }
  }

  /// Writes the configuration, makes the folder appear, and says how large its files are.
  static func finish(
    _ output: OutputFolder, _ document: JSONValue, name: String, weights: String,
    into report: inout ExportReport
  ) throws(ExportError) {
    let configPath = output.file(name)
    report.files = try ExportError.writing { () throws(FormatError) in
      let text = Array((document.serialised(pretty: true) + "\n").utf8)
      let file = try OutputFile.create(configPath)
      try file.write(text)
      try file.commit()
      let weightBytes = try MappedFile.open(FileSystem.join(output.temporaryPath, weights))
        .byteCount
      try output.commit()
      return [
        ExportReport.File(name: name, byteCount: text.count),
        ExportReport.File(name: weights, byteCount: weightBytes),
      ]
    }
  }
}

extension ExportReport.Rounding {
  /// For the ledger of what was written.
  var entry: LedgerEntry {
    LedgerEntry(
      tensor,
      "\(changedCount) of \(count) numbers rounded, the largest relative change"
        + " \(largestRelativeChange)",
      source: .option("allow rounding"))
  }
}
