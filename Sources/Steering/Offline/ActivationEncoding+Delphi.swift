import Formats
import SAE
import Tensors

extension ActivationEncoding {
  /// Activations up to this are not kept, as in delphi's own caches.
  static let smallestCached: Float = 1e-5

  /// Writes the codes as delphi's cache of latents: a new folder with `0_<features - 1>.safetensors` and
  /// `config.json`.
  ///
  /// `locations` U16 or U32 [n, 3] = (context, position, latent), `activations` F16 [n], and, where the input
  /// has tokens, `tokens` I64 [contexts, length]. Contexts are the input's documents; without `documents` all
  /// rows are one. Lost are precision beyond f16, activations of at most 1e-5, norms and which rows could not
  /// be normalised.
  ///
  /// - Throws: `shapeMismatch` for documents of different lengths; `nonFinite` for an activation beyond f16;
  ///   `inputOutput`, also where the path is taken.
  public mutating func writeCache(to path: String) throws(SteeringError) {
    let length = try contextLength()
    var places: [UInt32] = []
    var values: [Float16] = []
    for row in 0..<codes.rowCount {
      for index in codes.range(ofRow: row) where abs(codes.values[index]) > Self.smallestCached {
        let value = Float16(codes.values[index])
        guard value.isFinite else {
          throw SteeringError(
            .nonFinite,
            "row \(row): the activation \(codes.values[index]) of feature \(codes.indices[index]) is"
              + " beyond f16, which a cache holds, expected at most 65504")
        }
        places += [
          UInt32(truncatingIfNeeded: row / length), UInt32(truncatingIfNeeded: row % length),
          UInt32(truncatingIfNeeded: Int(codes.indices[index])),
        ]
        values.append(value)
      }
    }
    let tokens = try marks("tokens")
    let name = "0_\(codes.featureCount - 1).safetensors"
    let contexts = codes.rowCount / length
    let written = try SteeringError.rendering { () throws(FormatError) in
      let folder = try OutputFolder.create(path)
      let entries = try Self.writeRange(
        to: folder.file(name), places: places, values: values, tokens: tokens,
        shape: [contexts, length])
      let config = try OutputFile.create(folder.file("config.json"))
      try config.write(configuration(length).serialised(pretty: true) + "\n")
      try config.commit()
      try folder.commit()
      return entries
    }
    report.tensors = written
    report.outputPath = path
  }

  private static func writeRange(
    to path: String, places: [UInt32], values: [Float16], tokens: [Int]?, shape: [Int]
  ) throws(FormatError) -> [String] {
    let isSmall = places.allSatisfy { $0 <= UInt32(UInt16.max) }
    var entries = [
      SafetensorsWriter.Entry(
        "locations", isSmall ? .u16 : .u32, shape: [values.count, 3]),
      SafetensorsWriter.Entry("activations", .f16, shape: [values.count]),
    ]
    if tokens != nil { entries.append(SafetensorsWriter.Entry("tokens", .i64, shape: shape)) }
    let writer = try SafetensorsWriter(path: path, entries: entries)
    func append<T: BitwiseCopyable>(_ array: [T], to index: Int) throws(FormatError) {
      try array.withBytes { bytes throws(FormatError) in try writer.append(bytes, to: index) }
    }
    if isSmall {
      try append(places.map { UInt16(truncatingIfNeeded: $0) }, to: 0)
    } else {
      try append(places, to: 0)
    }
    try append(values, to: 1)
    if let tokens { try append(tokens, to: 2) }
    try writer.finish()
    return entries.map { "\($0.name) \($0.elementType.rawValue) \($0.shape)" }
  }

  /// Rows of every document.
  private func contextLength() throws(SteeringError) -> Int {
    guard codes.rowCount > 0 else {
      throw SteeringError(
        .shapeMismatch, "\(path): there are no rows, expected at least one for a cache")
    }
    guard let documents = try marks("documents") else { return codes.rowCount }
    let length = documents.firstIndex { $0 != documents[0] } ?? documents.count
    for row in documents.indices {
      let isStart = row > 0 && documents[row] != documents[row - 1]
      guard isStart == (row > 0 && row % length == 0) else {
        throw SteeringError(
          .shapeMismatch,
          "\(path): the document of row \(row) is \(documents[row]), expected documents of"
            + " \(length) rows each, as the first has: a cache holds contexts of one length")
      }
    }
    guard documents.count % length == 0 else {
      throw SteeringError(
        .shapeMismatch,
        "\(path): the last document has \(documents.count % length) rows, expected \(length), as the"
          + " first has: a cache holds contexts of one length")
    }
    return length
  }

  /// What delphi's own configuration says of a cache, as far as it is known.
  private func configuration(_ length: Int) -> JSONValue {
    [
      "dataset_repo": "", "dataset_split": "", "dataset_name": "", "dataset_column": "",
      "batch_size": 1, "cache_ctx_len": .integer(Int64(length)),
      "n_tokens": .integer(Int64(codes.rowCount)), "n_splits": 1,
      "model_name": .string(model ?? ""),
    ]
  }
}
