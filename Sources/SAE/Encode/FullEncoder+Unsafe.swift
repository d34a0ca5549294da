import Tensors

/// Encodes whole rows: every feature's activation, listed sparsely.
///
/// Rows are taken in tiles of ``tileRows``: one block of encoder rows that fits in the cache meets all
/// rows of the tile before the next block is read. Each product is the same single-row kernel, so a
/// row's codes do not depend on the batch that it came in.
///
/// Not Sendable: one thread at a time. Allocates its scratch at creation: tileRows · (featureCount +
/// modelWidth) floats.
package final class FullEncoder {
  package static let tileRows = 16
  private static let blockBytes = 128 * 1024

  package let dictionary: SparseDictionary
  private let matrix: FeatureRows
  private let blockRows: Int
  private let prepared: FloatBuffer
  private let z: FloatBuffer
  private var transforms: [RowTransform?]
  private let threshold: TopKThreshold?

  /// - Throws: `nonFiniteWeight` when the encoder holds a NaN or an infinity.
  package init(_ dictionary: SparseDictionary) throws(DictionaryError) {
    self.dictionary = dictionary
    matrix = try dictionary.encoder.featureMajor(dictionary.kernels)
    let rowBytes = max(1, matrix.rowByteCount)
    blockRows = max(4, Self.blockBytes / rowBytes / 4 * 4)
    prepared = FloatBuffer(count: Self.tileRows * dictionary.modelWidth)
    z = FloatBuffer(count: Self.tileRows * dictionary.featureCount)
    transforms = Array(repeating: nil, count: Self.tileRows)
    threshold = dictionary.activation.k.map { TopKThreshold(k: $0) }
  }

  /// Appends the codes of `count` rows, `[count, modelWidth]` f32, rows `stride` floats apart.
  ///
  /// - Throws: `nonFiniteInput` or `nonFiniteResult` with the row counted within this call; `codes`
  ///   then holds the tiles before it.
  /// - Complexity: O(count · featureCount · modelWidth).
  package func encode(
    _ rows: UnsafePointer<Float>, count: Int, stride: Int, into codes: inout SparseCodes
  ) throws(DictionaryError) {
    precondition(stride >= dictionary.modelWidth, "stride is shorter than a row")
    precondition(codes.featureCount == dictionary.featureCount, "codes of another dictionary")
    var start = 0
    while start < count {
      let tile = min(Self.tileRows, count - start)
      try prepareTile(rows + start * stride, count: tile, stride: stride, first: start)
      multiplyTile(count: tile)
      let before = codes.rowCount
      do throws(DictionaryError) {
        for row in 0..<tile {
          try select(row, first: start, into: &codes)
        }
      } catch {
        codes.keepRows(before)
        throw error
      }
      start += tile
    }
  }

  private func prepareTile(
    _ rows: UnsafePointer<Float>, count: Int, stride: Int, first: Int
  ) throws(DictionaryError) {
    let width = dictionary.modelWidth
    for row in 0..<count {
      let x = rows + row * stride
      let bad = dictionary.kernels.firstNonfinite(x, count: width)
      guard bad == width else {
        throw DictionaryError(.nonFiniteInput(row: first + row, column: bad))
      }
      transforms[row] = dictionary.prepareRow(x, into: prepared.base + row * width)
    }
  }

  private func multiplyTile(count: Int) {
    let n = dictionary.featureCount
    let width = dictionary.modelWidth
    var block = 0
    while block < n {
      let size = min(blockRows, n - block)
      for row in 0..<count where transforms[row] != nil {
        matrix.matvec(
          from: block, count: size, prepared.base + row * width, into: z.base + row * n + block,
          dictionary.kernels)
      }
      block += size
    }
    for row in 0..<count where transforms[row] != nil {
      dictionary.finishPreActivations(z.base + row * n, from: 0, count: n)
    }
  }

  private func select(
    _ row: Int, first: Int, into codes: inout SparseCodes
  ) throws(DictionaryError) {
    let n = dictionary.featureCount
    guard transforms[row] != nil else {
      codes.undefinedRows.append(codes.rowCount)
      codes.endRow()
      return
    }
    let out = z.base + row * n
    guard dictionary.kernels.firstNonfinite(out, count: n) == n else {
      throw DictionaryError(.nonFiniteResult(row: first + row))
    }
    switch dictionary.activation {
    case .relu: selectAbove(0, out, n, into: &codes)
    case .batchTopK(let threshold): selectAbove(max(threshold, 0), out, n, into: &codes)
    case .jumpReLU(let threshold):
      threshold.withUnsafeBufferPointer { threshold in
        for feature in 0..<n where out[feature] > max(threshold[feature], 0) {
          codes.append(feature, out[feature])
        }
      }
    case .topK: selectTop(out, n, absolute: false, into: &codes)
    case .absTopK: selectTop(out, n, absolute: true, into: &codes)
    case .gated(let gate, let magnitude, let scale):
      for feature in 0..<n where out[feature] + gate[feature] > 0 {
        let value = out[feature] * scale[feature] + magnitude[feature]
        guard value.isFinite else { throw DictionaryError(.nonFiniteResult(row: first + row)) }
        if value > 0 { codes.append(feature, value) }
      }
    case .signedTopK, .groupMax, .biJumpReLU, .blockTopK, .matchingPursuit:
      throw dictionary.notEncodedYet
    }
    codes.endRow()
  }

  private func selectAbove(
    _ threshold: Float, _ z: UnsafePointer<Float>, _ n: Int, into codes: inout SparseCodes
  ) {
    for feature in 0..<n where z[feature] > threshold { codes.append(feature, z[feature]) }
  }

  private func selectTop(
    _ z: UnsafePointer<Float>, _ n: Int, absolute: Bool, into codes: inout SparseCodes
  ) {
    guard let threshold else { fatalError("a top-k dictionary has a threshold finder") }
    let (worst, last) = threshold.find(z, n, absolute: absolute)
    for feature in 0..<n {
      let key = absolute ? abs(z[feature]) : z[feature]
      guard key > worst || (key == worst && Int32(truncatingIfNeeded: feature) <= last) else {
        continue
      }
      if absolute ? key != 0 : key > 0 { codes.append(feature, z[feature]) }
    }
  }
}
