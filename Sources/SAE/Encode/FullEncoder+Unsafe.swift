import Tensors

/// Encodes whole rows: every feature's activation, listed sparsely.
///
/// Rows are taken in tiles of ``tileRows``: one block of encoder rows that fits in the cache meets all
/// rows of the tile before the next block is read. Each product is the same single-row kernel, so a
/// row's codes do not depend on the batch that it came in.
///
/// Not Sendable: one thread at a time. Allocates its scratch at creation: tileRows · (featureCount +
/// modelWidth) floats. Matching pursuit takes its rows one by one.
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
  /// ‖z_block‖₂ per block, where blocks compete.
  private let scores: FloatBuffer
  /// Room for every feature where each stands alone.
  private var listed: [UInt32]
  private let pursuit: MatchingPursuit?

  /// - Throws: `nonFiniteWeight` when the encoder holds a NaN or an infinity.
  package init(_ dictionary: SparseDictionary) throws(DictionaryError) {
    self.dictionary = dictionary
    matrix = try dictionary.encoder.featureMajor(dictionary.kernels)
    let rowBytes = max(1, matrix.rowByteCount)
    blockRows = max(4, Self.blockBytes / rowBytes / 4 * 4)
    prepared = FloatBuffer(count: Self.tileRows * dictionary.modelWidth)
    pursuit = MatchingPursuit(dictionary, rows: matrix)
    z = FloatBuffer(count: pursuit == nil ? Self.tileRows * dictionary.featureCount : 0)
    transforms = Array(repeating: nil, count: Self.tileRows)
    if case .blockTopK(let blockSize, let blocks) = dictionary.activation {
      scores = FloatBuffer(count: dictionary.featureCount / blockSize)
      threshold = TopKThreshold(k: blocks, dictionary.kernels)
    } else {
      scores = FloatBuffer(count: 0)
      threshold = dictionary.activation.k.map { TopKThreshold(k: $0, dictionary.kernels) }
    }
    switch dictionary.activation {
    case .relu, .batchTopK, .jumpReLU:
      listed = Array(repeating: 0, count: dictionary.featureCount)
    default: listed = []
    }
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
      if pursuit == nil { multiplyTile(count: tile) }
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
    if let pursuit {
      try pursuit.run(prepared.base + row * dictionary.modelWidth, row: first + row)
      for place in 0..<pursuit.count {
        let (feature, value) = pursuit.chosen(place)
        codes.append(feature, value)
      }
      codes.endRow()
      return
    }
    let out = z.base + row * n
    guard dictionary.kernels.firstNonfinite(out, count: n) == n else {
      throw DictionaryError(.nonFiniteResult(row: first + row))
    }
    try select(out, n, row: first + row, into: &codes)
    codes.endRow()
  }

  private func select(
    _ z: UnsafeMutablePointer<Float>, _ n: Int, row: Int, into codes: inout SparseCodes
  ) throws(DictionaryError) {
    let start = codes.values.count
    switch dictionary.activation {
    case .relu: selectAbove(0, z, n, into: &codes)
    case .batchTopK(let threshold): selectAbove(max(threshold, 0), z, n, into: &codes)
    case .jumpReLU(let threshold):
      let kernels = dictionary.kernels
      list(z, into: &codes) { kernels.listJump(threshold, z, count: n, into: $0) }
    case .topK: selectTop(z, n, .positive, into: &codes)
    case .signedTopK: selectTop(z, n, .signed, into: &codes)
    case .absTopK: selectTop(z, n, .absolute, into: &codes)
    case .gated(let gate, let magnitude, let scale):
      for feature in 0..<n where z[feature] + gate[feature] > 0 {
        let value = z[feature] * scale[feature] + magnitude[feature]
        guard value.isFinite else { throw DictionaryError(.nonFiniteResult(row: row)) }
        if value > 0 { codes.append(feature, value) }
      }
    case .biJumpReLU(let sides):
      for feature in 0..<n {
        let value = sides.activation(of: z[feature], feature)
        guard value.isFinite else { throw DictionaryError(.nonFiniteResult(row: row)) }
        if value != 0 { codes.append(feature, value) }
      }
    case .groupMax(let groups):
      let size = n / groups
      for group in 0..<groups {
        let winner = group * size + groupWinner(z + group * size, size)
        if z[winner] > 0 { codes.append(winner, z[winner]) }
      }
    case .blockTopK(let blockSize, _): try selectBlocks(blockSize, z, n, row: row, into: &codes)
    case .matchingPursuit: break
    }
    if dictionary.decoderNormRole == .ranksOnly {
      try dictionary.divideByNorms(&codes, from: start, row: row)
    }
  }

  private func selectAbove(
    _ threshold: Float, _ z: UnsafePointer<Float>, _ n: Int, into codes: inout SparseCodes
  ) {
    let kernels = dictionary.kernels
    list(z, into: &codes) { kernels.listAbove(threshold, z, count: n, into: $0) }
  }

  /// Appends the features that `listing` writes and counts.
  private func list(
    _ z: UnsafePointer<Float>, into codes: inout SparseCodes,
    _ listing: (UnsafeMutablePointer<UInt32>) -> Int
  ) {
    listed.withUnsafeMutableBufferPointer { listed in
      guard let listed = listed.baseAddress else { return }
      codes.append(listed, count: listing(listed), valuesIn: z)
    }
  }

  private func selectTop(
    _ z: UnsafePointer<Float>, _ n: Int, _ ranking: Ranking, into codes: inout SparseCodes
  ) {
    guard let threshold else { fatalError("a top-k dictionary has a threshold finder") }
    let worst = threshold.find(z, n, absolute: ranking == .absolute).value
    let winners = threshold.winners
    guard worst <= 0 else {
      // Every winner is active, whatever the ranking.
      codes.append(winners, count: threshold.k, valuesIn: z)
      return
    }
    for place in 0..<threshold.k {
      let feature = Int(winners[place])
      if ranking.survives(z[feature]) { codes.append(feature, z[feature]) }
    }
  }

  private func selectBlocks(
    _ size: Int, _ z: UnsafePointer<Float>, _ n: Int, row: Int, into codes: inout SparseCodes
  ) throws(DictionaryError) {
    guard let threshold else { fatalError("a block dictionary has a threshold finder") }
    let count = n / size
    for block in 0..<count { scores.base[block] = blockScore(z + block * size, size) }
    guard dictionary.kernels.firstNonfinite(scores.base, count: count) == count else {
      throw DictionaryError(.nonFiniteResult(row: row))
    }
    _ = threshold.find(scores.base, count, absolute: false)
    for place in 0..<threshold.k {
      let block = Int(threshold.winners[place])
      for feature in (block * size)..<((block + 1) * size) where z[feature] != 0 {
        codes.append(feature, z[feature])
      }
    }
  }
}
