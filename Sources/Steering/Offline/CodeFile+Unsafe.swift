import Formats
import SAE
import Tensors

/// Writes codes as safetensors, and what they decode to.
///
/// Sparse: `row_offsets` I64 [rows + 1], `indices` I32 [active], `values` F32 [active], and, only where
/// there are some, `undefined_rows` I64. Dense: `features` F32 [rows, featureCount], NaN in undefined
/// rows. Decoded: `decoded` F32 [rows, outputWidth], NaN in undefined rows, and `forward` of the same
/// shape where the dictionary has a skip path. Companions: I64 [rows]. Norms: `norms` F32 [rows].
struct CodeFile {
  typealias Chunk = (
    _ first: Int, _ count: Int, _ rows: UnsafePointer<Float>
  ) throws(SteeringError) -> Void

  private let dictionary: SparseDictionary
  private let codes: SparseCodes
  /// What is said of each row beside its codes.
  private let companions: [(name: String, values: [Int])]
  /// Euclidean norm of each row; empty where it is not wanted.
  private let norms: [Float]
  /// Says where a row is that cannot be decoded.
  private let failure: (DictionaryError) -> SteeringError

  init(
    _ dictionary: SparseDictionary, _ codes: SparseCodes,
    companions: [(name: String, values: [Int])] = [], norms: [Float] = [],
    failure: @escaping (DictionaryError) -> SteeringError
  ) {
    self.failure = failure
    self.dictionary = dictionary
    self.codes = codes
    self.companions = companions
    self.norms = norms
  }

  /// Writes the file and returns name, type and shape of each tensor.
  ///
  /// `forEachChunk` gives the encoded rows `[count, modelWidth]` in order, as often as it is called.
  func write(
    to path: String, dense: Bool, decode: Bool,
    forEachChunk: (Chunk) throws(SteeringError) -> Void
  ) throws(SteeringError) -> [String] {
    typealias Entry = SafetensorsWriter.Entry
    let rows = codes.rowCount
    // In the order in which the writer lays tensors out, the widest elements first, and one tensor after
    // the other, so that the file can also be a pipe.
    var vectors = dense ? [] : [("row_offsets", codes.rowOffsets)]
    if !dense, !codes.undefinedRows.isEmpty {
      vectors.append(("undefined_rows", codes.undefinedRows))
    }
    vectors += companions.map { ($0.name, $0.values) }
    var entries = vectors.map { Entry($0.0, .i64, shape: [$0.1.count]) }
    if dense {
      entries.append(Entry("features", .f32, shape: [rows, dictionary.featureCount]))
    } else {
      entries.append(Entry("indices", .i32, shape: [codes.indices.count]))
      entries.append(Entry("values", .f32, shape: [codes.values.count]))
    }
    if !norms.isEmpty { entries.append(Entry("norms", .f32, shape: [norms.count])) }
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
      let writer = try SafetensorsWriter(path: path, entries: written, metadata: metadata)
      for (index, vector) in vectors.enumerated() {
        try vector.1.withBytes { bytes throws(FormatError) in try writer.append(bytes, to: index) }
      }
      if dense {
        try writeDense(writer, vectors.count)
      } else {
        try codes.indices.withBytes { bytes throws(FormatError) in
          try writer.append(bytes, to: vectors.count)
        }
        try codes.values.withBytes { bytes throws(FormatError) in
          try writer.append(bytes, to: vectors.count + 1)
        }
      }
      if !norms.isEmpty {
        try norms.withBytes { bytes throws(FormatError) in
          try writer.append(bytes, to: firstOutput - 1)
        }
      }
      return writer
    }
    for index in firstOutput..<entries.count {
      try writeDecoded(writer, index, includingSkip: index > firstOutput, forEachChunk)
    }
    try SteeringError.rendering { () throws(FormatError) in try writer.finish() }
    return entries.map { "\($0.name) \($0.elementType.rawValue) \($0.shape)" }
  }

  private func writeDense(_ writer: SafetensorsWriter, _ index: Int) throws(FormatError) {
    var dense = [Float](repeating: 0, count: dictionary.featureCount)
    let undefined = [Float](repeating: .nan, count: dictionary.featureCount)
    for row in 0..<codes.rowCount {
      guard !codes.isUndefined(row: row) else {
        try undefined.withBytes { bytes throws(FormatError) in
          try writer.append(bytes, to: index)
        }
        continue
      }
      for position in codes.range(ofRow: row) {
        dense[Int(codes.indices[position])] = codes.values[position]
      }
      try dense.withBytes { bytes throws(FormatError) in try writer.append(bytes, to: index) }
      for position in codes.range(ofRow: row) { dense[Int(codes.indices[position])] = 0 }
    }
  }

  private func writeDecoded(
    _ writer: SafetensorsWriter, _ index: Int, includingSkip: Bool,
    _ forEachChunk: (Chunk) throws(SteeringError) -> Void
  ) throws(SteeringError) {
    let reconstructor = try SteeringError.rendering(for: dictionary) { () throws(DictionaryError) in
      try Reconstructor(dictionary)
    }
    let width = dictionary.outputWidth
    let out = FloatBuffer(count: width)
    let bytes = UnsafeRawBufferPointer(
      start: out.base, count: width * MemoryLayout<Float>.stride)
    try forEachChunk { first, count, rows throws(SteeringError) in
      for row in 0..<count {
        if codes.isUndefined(row: first + row) {
          out.base.update(repeating: .nan, count: width)
        } else {
          do throws(DictionaryError) {
            try reconstructor.decode(
              codes, row: first + row, of: rows + row * dictionary.modelWidth,
              includingSkip: includingSkip, into: out.base)
          } catch {
            throw failure(error)
          }
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
  func withBytes<R, E: Error>(
    _ body: (RawSpan) throws(E) -> R
  ) throws(E) -> R {
    try body(span.bytes)
  }
}
