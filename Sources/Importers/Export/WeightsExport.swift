import Formats
import SAE
import Tensors

/// Writes the arrays of a dictionary into one safetensors file, tile by tile.
struct WeightsExport {
  let tensors: [ExportedTensor]
  let options: ExportOptions
  let kernels: Kernels

  /// What the file became.
  struct Result {
    /// SHA-256 of each array's bytes, in the order of the arrays.
    var digests: [[UInt8]] = []
    var roundings: [ExportReport.Rounding] = []
  }

  /// - Throws: `valueChanges` for a number that the type does not hold where rounding was not allowed,
  ///   `outOfRange` for one beyond it, `format`.
  func write(
    to path: String, progress: DictionaryExport.Progress
  ) throws(ExportError) -> Result {
    let writer = try ExportError.writing { () throws(FormatError) in
      try SafetensorsWriter(
        path: path,
        entries: tensors.map { SafetensorsWriter.Entry($0.name, $0.type, shape: $0.shape) },
        metadata: [("format", "pt")])
    }
    var result = Result()
    var done = 0
    let total = tensors.reduce(0) { $0 + $1.shape.reduce(1, *) * $1.type.byteCount }
    for (index, tensor) in tensors.enumerated() {
      var digest = Digest()
      var rounding = ExportReport.Rounding(
        tensor: tensor.name, changedCount: 0, count: tensor.shape.reduce(1, *),
        largestRelativeChange: 0)
      for piece in tensor.pieces {
        let bytes = try bytes(of: tensor, piece, &rounding)
        digest.update(raw: bytes.span.bytes)
        try ExportError.writing { () throws(FormatError) in
          try writer.append(bytes.span.bytes, to: index)
        }
        done += bytes.count
        progress(done, total)
      }
      result.digests.append(digest.finish())
      if rounding.changedCount > 0 { result.roundings.append(rounding) }
    }
    try ExportError.writing { () throws(FormatError) in try writer.finish() }
    return result
  }

  private func bytes(
    of tensor: ExportedTensor, _ piece: Range<Int>, _ rounding: inout ExportReport.Rounding
  ) throws(ExportError) -> [UInt8] {
    switch tensor.content {
    case .columns(let matrix):
      let columns = piece.flatMap { row in
        (0..<matrix.degree).map { matrix.column(row, $0) }
      }
      return StoredNumbers.bytes(of: columns, as: tensor.type)
    case .vector(let values):
      let place = Place(tensor: tensor, firstRow: 0, width: values.count)
      return try converted(values, place, &rounding)
    case .matrix(let matrix):
      let tile = matrix.tile(piece, kernels)
      if tile.elementType == tensor.type, tensor.scaling == .none {
        return tile.storedBytes
      }
      guard let values = tile.tensor.floats(kernels) else {
        fatalError("a matrix has a computable type")
      }
      let place = Place(tensor: tensor, firstRow: piece.lowerBound, width: matrix.width)
      return try converted(values, place, &rounding)
    }
  }

  /// Where a run of values stands in an array, for messages.
  private struct Place {
    let tensor: ExportedTensor
    let firstRow: Int
    let width: Int

    func row(_ index: Int) -> Int { firstRow + index / width }
    func column(_ index: Int) -> Int { index % width }
  }

  /// The bytes of `values`, scaled and in the array's type, with what that changes counted.
  private func converted(
    _ values: [Float], _ place: Place, _ rounding: inout ExportReport.Rounding
  ) throws(ExportError) -> [UInt8] {
    let tensor = place.tensor
    let scaled = tensor.scaling == .none ? values : values.map(tensor.scaling.apply)
    let bytes = StoredNumbers.bytes(of: scaled, as: tensor.type, kernels)
    if tensor.type == .f32, tensor.scaling == .none { return bytes }
    let stored = StoredNumbers.floats(of: bytes, as: tensor.type, kernels)
    for index in stored.indices {
      let exact = tensor.scaling.exact(values[index])
      let found = Double(stored[index])
      guard found != exact else { continue }
      guard found.isFinite || !exact.isFinite else {
        throw ExportError(
          .outOfRange(
            tensor: tensor.name, row: place.row(index), column: place.column(index),
            found: "\(scaled[index])", type: tensor.type.rawValue))
      }
      guard options.allowsRounding else {
        throw ExportError(
          .valueChanges(
            tensor: tensor.name, row: place.row(index), column: place.column(index),
            from: tensor.scaling == .none ? "\(values[index])" : "\(exact)",
            to: "\(stored[index])", type: tensor.type.rawValue))
      }
      rounding.changedCount += 1
      rounding.largestRelativeChange = max(
        rounding.largestRelativeChange, abs(found - exact) / abs(exact))
    }
    return bytes
  }
}

extension ExportedTensor {
  // Rows of columns and expander values that are written at once.
  private static var pieceRows: Int { 1 << 14 }

  /// The pieces in which the array is written: ranges of rows, or the whole vector.
  fileprivate var pieces: [Range<Int>] {
    switch content {
    case .matrix(let matrix): matrix.tiles
    case .vector(let values): [0..<values.count]
    case .columns(let matrix):
      stride(from: 0, to: matrix.rowCount, by: Self.pieceRows).map {
        $0..<min($0 + Self.pieceRows, matrix.rowCount)
      }
    }
  }
}
