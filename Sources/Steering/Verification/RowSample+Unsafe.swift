import SAE
import Tensors

/// Some rows of a file in memory, and what the dictionary should make of them.
///
/// Rows are taken at a fixed stride, so that the same file always gives the same sample.
package final class RowSample {
  /// Where the rows stand in their file, ascending.
  package let indices: [Int]
  /// Columns of an input row.
  package let width: Int
  /// Columns of a target row.
  package let targetWidth: Int
  private let inputs: FloatBuffer
  private let targets: FloatBuffer?

  package var count: Int { indices.count }

  /// Reads `indices` of `activations`, and the same rows of `targets`; without targets rows are their
  /// own.
  package init(
    _ indices: [Int], of activations: Activations, targets: Activations?
  ) throws(SteeringError) {
    self.indices = indices
    width = activations.width
    inputs = try Self.read(indices, of: activations)
    targetWidth = targets?.width ?? activations.width
    self.targets = try targets.map { file throws(SteeringError) in
      try Self.read(indices, of: file)
    }
  }

  /// At most `count` of the rows for which `isIncluded` holds, evenly spread.
  package static func strided(_ isIncluded: [Bool], count: Int) -> [Int] {
    let rows = isIncluded.indices.filter { isIncluded[$0] }
    let taken = min(max(count, 0), rows.count)
    return (0..<taken).map { rows[$0 * rows.count / taken] }
  }

  private static func read(
    _ indices: [Int], of file: Activations
  ) throws(SteeringError) -> FloatBuffer {
    let values = FloatBuffer(count: indices.count * file.width)
    let bytes = UnsafeMutableRawBufferPointer.allocate(
      byteCount: max(1, file.file.rowByteCount), alignment: 64)
    defer { bytes.deallocate() }
    guard let base = bytes.baseAddress else { return values }
    for (place, row) in indices.enumerated() {
      try file.read(row..<(row + 1), into: bytes)
      file.elementType.widen(
        base, count: file.width, into: values.base + place * file.width, .best)
      let bad = Kernels.best.firstNonfinite(values.base + place * file.width, count: file.width)
      guard bad == file.width else {
        throw SteeringError(DictionaryError(.nonFiniteInput(row: row, column: bad)))
          .inFile(file.path)
      }
    }
    return values
  }

  /// At most `limit` of these rows, evenly spread.
  package func thinned(to limit: Int) -> RowSample {
    guard limit < count else { return self }
    return RowSample(self, (0..<max(limit, 1)).map { $0 * count / max(limit, 1) })
  }

  private init(_ other: RowSample, _ places: [Int]) {
    indices = places.map { other.indices[$0] }
    width = other.width
    targetWidth = other.targetWidth
    inputs = Self.copy(places, of: other.inputs, width: other.width)
    targets = other.targets.map { Self.copy(places, of: $0, width: other.targetWidth) }
  }

  private static func copy(_ places: [Int], of rows: FloatBuffer, width: Int) -> FloatBuffer {
    let values = FloatBuffer(count: places.count * width)
    for (row, place) in places.enumerated() {
      (values.base + row * width).update(from: rows.base + place * width, count: width)
    }
    return values
  }

  /// Encodes, decodes and measures all rows.
  ///
  /// Nil where some row overflows f32 or a width does not fit: such a variant says nothing.
  package func measure(_ dictionary: SparseDictionary) -> VerificationFit? {
    guard count > 0, dictionary.modelWidth == width, dictionary.outputWidth == targetWidth,
      let encoder = try? FullEncoder(dictionary), let reconstructor = try? Reconstructor(dictionary)
    else { return nil }
    var statistics = ReconstructionStatistics(
      featureCount: dictionary.featureCount, width: targetWidth)
    let estimate = FloatBuffer(count: targetWidth)
    var codes = SparseCodes(featureCount: dictionary.featureCount)
    var start = 0
    while start < count {
      let taken = min(encoder.tileLimit, count - start)
      codes.removeAll()
      do throws(DictionaryError) {
        try encoder.encode(
          inputs.base + start * width, count: taken, stride: width, into: &codes)
        for row in 0..<taken where !codes.isUndefined(row: row) {
          let x = UnsafePointer(inputs.base + (start + row) * width)
          try reconstructor.decode(
            codes, row: row, of: x, includingSkip: true, into: estimate.base)
          let target =
            targets.map { UnsafePointer($0.base + (start + row) * targetWidth) } ?? x
          statistics.add(target, codes: codes, row: row, reconstruction: estimate.base)
        }
      } catch {
        return nil
      }
      start += taken
    }
    return VerificationFit(statistics)
  }

  /// Mean norm of the input rows.
  package var meanNorm: Double {
    guard count > 0 else { return 0 }
    var sum = 0.0
    for row in 0..<count {
      var squares = 0.0
      for column in 0..<width {
        let value = Double(inputs.base[row * width + column])
        squares += value * value
      }
      sum += squares.squareRoot()
    }
    return sum / Double(count)
  }
}
