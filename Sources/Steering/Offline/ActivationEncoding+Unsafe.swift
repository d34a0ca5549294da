import Formats
import SAE
import Tensors

/// Encodes a whole file of activations: codes, how well they explain the rows, and a file of results.
public struct ActivationEncoding {
  /// Codes of all rows, in the file's order.
  public let codes: SparseCodes
  /// What the rows showed; `outputPath` and `tensors` are filled in by ``write(to:dense:decode:)``.
  public private(set) var report: EncodeReport
  private let dictionary: SparseDictionary
  private let activations: Activations

  /// Encodes every row, and decodes it again to measure the fit.
  ///
  /// - Parameter progress: Called now and then with rows done and rows in all.
  public init(
    _ activations: Activations, with dictionary: SparseDictionary,
    progress: (Int, Int) -> Void = { _, _ in }
  ) throws(SteeringError) {
    try activations.checkWidth(dictionary.modelWidth, of: "dictionary's input width")
    self.dictionary = dictionary
    self.activations = activations
    let ordinary = try OrdinaryRows(activations)
    let encoder = try dictionary.makeEncoder()
    let reconstructor = try SteeringError.rendering(for: dictionary) { () throws(DictionaryError) in
      try Reconstructor(dictionary)
    }
    let estimate = FloatBuffer(count: dictionary.outputWidth)
    var codes = SparseCodes(featureCount: dictionary.featureCount)
    let empty = ReconstructionStatistics(
      featureCount: dictionary.featureCount, width: dictionary.outputWidth)
    var all = empty
    var plain = empty
    let width = activations.width
    let reconstructs = dictionary.kind == .autoencoder
    try activations.forEachChunk { first, count, rows throws(SteeringError) in
      var done = 0
      while done < count {
        let step = min(FullEncoder.tileRows * 16, count - done)
        do throws(DictionaryError) {
          try encoder.encode(
            rows + done * width, count: step, stride: width, into: &codes)
        } catch {
          throw SteeringError(error.movedDown(by: first + done)).inFile(activations.path)
        }
        for row in (first + done)..<(first + done + step) where !codes.isUndefined(row: row) {
          let x = rows + (row - first) * width
          if reconstructs {
            do throws(DictionaryError) {
              try reconstructor.decode(codes, row: row, of: x, into: estimate.base)
            } catch {
              throw SteeringError(error).inFile(activations.path)
            }
          }
          let reconstruction = reconstructs ? UnsafePointer(estimate.base) : nil
          all.add(x, codes: codes, row: row, reconstruction: reconstruction)
          if ordinary.isOrdinary[row] {
            plain.add(x, codes: codes, row: row, reconstruction: reconstruction)
          }
        }
        done += step
        progress(first + done, activations.rowCount)
      }
    }
    self.codes = codes
    report = EncodeReport(
      all: EncodeReport.Fit(all), ordinary: EncodeReport.Fit(plain),
      specialCount: ordinary.specialCount, sinkCount: ordinary.sinkCount,
      undefinedRows: codes.undefinedRows, tensors: [])
  }

  /// Writes the codes as safetensors.
  ///
  /// Sparse: `row_offsets` I64 [rows + 1], `indices` I32 [active], `values` F32 [active], and, only where
  /// there are some, `undefined_rows` I64. Dense: `features` F32 [rows, featureCount], NaN in undefined
  /// rows. With `decode` also `decoded` F32 [rows, outputWidth], and
  /// `forward` of the same shape where the dictionary has a skip path.
  public mutating func write(to path: String, dense: Bool, decode: Bool) throws(SteeringError) {
    typealias Entry = SafetensorsWriter.Entry
    let rows = codes.rowCount
    var entries: [Entry] =
      dense
      ? [Entry("features", .f32, shape: [rows, dictionary.featureCount])]
      : [
        Entry("row_offsets", .i64, shape: [rows + 1]),
        Entry("indices", .i32, shape: [codes.indices.count]),
        Entry("values", .f32, shape: [codes.values.count]),
      ]
    let hasUndefined = !dense && !codes.undefinedRows.isEmpty
    if hasUndefined {
      entries.append(Entry("undefined_rows", .i64, shape: [codes.undefinedRows.count]))
    }
    let firstOutput = entries.count
    if decode {
      entries.append(Entry("decoded", .f32, shape: [rows, dictionary.outputWidth]))
      if dictionary.hasSkip {
        entries.append(Entry("forward", .f32, shape: [rows, dictionary.outputWidth]))
      }
    }
    let metadata = [
      (key: "dictionary", value: dictionary.name),
      (key: "feature_count", value: String(dictionary.featureCount)),
    ]
    let written = entries
    let writer = try SteeringError.rendering { () throws(FormatError) in
      try SafetensorsWriter(path: path, entries: written, metadata: metadata)
    }
    try SteeringError.rendering { () throws(FormatError) in
      if dense {
        try writeDense(writer)
      } else {
        // In the order in which the writer lays tensors out: the widest elements first.
        try codes.rowOffsets.withBytes { bytes throws(FormatError) in
          try writer.append(bytes, to: 0)
        }
        if hasUndefined {
          try codes.undefinedRows.withBytes { bytes throws(FormatError) in
            try writer.append(bytes, to: 3)
          }
        }
        try codes.indices.withBytes { bytes throws(FormatError) in
          try writer.append(bytes, to: 1)
        }
        try codes.values.withBytes { bytes throws(FormatError) in try writer.append(bytes, to: 2) }
      }
    }
    // One tensor after the other, so that the file can also be a pipe.
    for index in firstOutput..<entries.count {
      try writeDecoded(writer, index, includingSkip: index > firstOutput)
    }
    try SteeringError.rendering { () throws(FormatError) in try writer.finish() }
    report.outputPath = path
    report.tensors = entries.map { "\($0.name) \($0.elementType.rawValue) \($0.shape)" }
  }

  private func writeDense(_ writer: SafetensorsWriter) throws(FormatError) {
    var dense = [Float](repeating: 0, count: dictionary.featureCount)
    let undefined = [Float](repeating: .nan, count: dictionary.featureCount)
    for row in 0..<codes.rowCount {
      guard !codes.isUndefined(row: row) else {
        try undefined.withBytes { bytes throws(FormatError) in try writer.append(bytes, to: 0) }
        continue
      }
      for position in codes.range(ofRow: row) {
        dense[Int(codes.indices[position])] = codes.values[position]
      }
      try dense.withBytes { bytes throws(FormatError) in try writer.append(bytes, to: 0) }
      for position in codes.range(ofRow: row) { dense[Int(codes.indices[position])] = 0 }
    }
  }

  private func writeDecoded(
    _ writer: SafetensorsWriter, _ index: Int, includingSkip: Bool
  ) throws(SteeringError) {
    let reconstructor = try SteeringError.rendering(for: dictionary) { () throws(DictionaryError) in
      try Reconstructor(dictionary)
    }
    let width = dictionary.outputWidth
    let out = FloatBuffer(count: width)
    let bytes = UnsafeRawBufferPointer(
      start: out.base, count: width * MemoryLayout<Float>.stride)
    try activations.forEachChunk { first, count, rows throws(SteeringError) in
      for row in 0..<count {
        do throws(DictionaryError) {
          try reconstructor.decode(
            codes, row: first + row, of: rows + row * activations.width,
            includingSkip: includingSkip, into: out.base)
        } catch {
          throw SteeringError(error).inFile(activations.path)
        }
        try SteeringError.rendering { () throws(FormatError) in
          try writer.append(bytes.bytes, to: index)
        }
      }
    }
  }
}

extension Array where Element: BitwiseCopyable {
  /// The elements' bytes, borrowed for the duration of `body`.
  fileprivate func withBytes<R, E: Error>(
    _ body: (RawSpan) throws(E) -> R
  ) throws(E) -> R {
    try body(span.bytes)
  }
}
