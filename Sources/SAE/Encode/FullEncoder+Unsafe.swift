import Tensors

/// Encodes whole rows: every feature's activation, listed sparsely.
///
/// Rows are taken in tiles. Where σ allows it the int8 form of the encoder rules out most features, and
/// only the others' exact rows are read (`Pruning`); else, and for rows where that would not pay, one
/// block of encoder rows that fits in the cache meets all rows of the tile before the next is read. Each
/// number is the product of the same single-row kernel: a row's codes do not depend on the way it took,
/// nor on its batch, nor on how many workers there are.
///
/// Not Sendable: one thread at a time. Scratch grows with the largest call so far, up to a tile: per row
/// featureCount + modelWidth floats, with bounds up to 3/4 featureCount + modelWidth / 2 more. A tile has at
/// most 128 rows, and 8 or less than 8 MiB of z. A call with no more rows than one before it allocates
/// nothing but what `codes` needs.
package final class FullEncoder: ParallelWork {
  private static let blockBytes = 128 * 1024

  package let dictionary: SparseDictionary
  package let options: EncodeOptions
  /// What was done so far, and how.
  package private(set) var counts = EncodeCounts()
  /// Threads that share a call, the caller's included.
  package var workerCount: Int { workers.count }
  /// Rows of the largest tile.
  package let tileLimit: Int
  private let matrix: FeatureRows
  private let quantised: QuantisedRows?
  private let workers: Workers
  private let blockRows: Int
  private var tile: Tile
  private let threshold: TopKThreshold?
  /// ‖z_block‖₂ per block, where blocks compete.
  private let scores: FloatBuffer
  /// Room for every feature where each stands alone.
  private var listed: [UInt32]
  private let pursuit: MatchingPursuit?
  /// Rows that skip the pruning because it did not pay lately, and how many the next failure adds.
  private var plainAhead = 0
  private var patience = 32
  // The work that is shared at the moment.
  private var phase = Phase.prepare
  private var rows: UnsafePointer<Float>?
  private var stride = 0
  private var count = 0

  private enum Phase { case prepare, multiply }

  /// The memory of one tile.
  private struct Tile {
    let capacity: Int
    let prepared: FloatBuffer
    let z: FloatBuffer
    let transforms: UnsafeMutablePointer<RowTransform?>
    /// Per row, the first column that is not finite, or modelWidth.
    let badColumns: UnsafeMutablePointer<Int>
    /// Whether a row's whole z is needed.
    let isPlain: UnsafeMutablePointer<Bool>
    let pruning: Pruning?
  }

  /// - Throws: `nonFiniteWeight` when the encoder holds a NaN or an infinity.
  package init(
    _ dictionary: SparseDictionary, options: EncodeOptions = EncodeOptions()
  ) throws(DictionaryError) {
    self.dictionary = dictionary
    self.options = options
    workers = Workers(count: options.workers)
    matrix = try dictionary.encoder.featureMajor(dictionary.kernels)
    let n = dictionary.featureCount
    let canPrune =
      options.accelerates && n * dictionary.modelWidth >= EncodeOptions.smallestPruned
      && Pruning.isPossible(dictionary)
    quantised =
      canPrune ? try dictionary.encoder.quantised(dictionary.kernels, workers: workers) : nil
    let rowBytes = max(1, matrix.rowByteCount)
    blockRows = max(4, Self.blockBytes / rowBytes / 4 * 4)
    pursuit = MatchingPursuit(dictionary, rows: matrix)
    tileLimit = min(max(EncodeOptions.tileBytes / 4 / n, 8), 128)
    if case .blockTopK(let blockSize, let blocks) = dictionary.activation {
      scores = FloatBuffer(count: n / blockSize)
      threshold = TopKThreshold(k: blocks, dictionary.kernels)
    } else {
      scores = FloatBuffer(count: 0)
      threshold = dictionary.activation.k.map { TopKThreshold(k: $0, dictionary.kernels) }
    }
    switch dictionary.activation {
    case .relu, .batchTopK, .jumpReLU: listed = Array(repeating: 0, count: n)
    default: listed = []
    }
    tile = Self.makeTile(
      dictionary, matrix, quantised, workers, options, capacity: 1, withZ: pursuit == nil)
  }

  deinit { Self.end(tile) }

  private static func makeTile(
    _ dictionary: SparseDictionary, _ matrix: FeatureRows, _ quantised: QuantisedRows?,
    _ workers: Workers, _ options: EncodeOptions, capacity: Int, withZ: Bool
  ) -> Tile {
    let z = FloatBuffer(count: withZ ? capacity * dictionary.featureCount : 0)
    let transforms = UnsafeMutablePointer<RowTransform?>.allocate(capacity: capacity)
    transforms.initialize(repeating: nil, count: capacity)
    let badColumns = UnsafeMutablePointer<Int>.allocate(capacity: capacity)
    badColumns.initialize(repeating: 0, count: capacity)
    let isPlain = UnsafeMutablePointer<Bool>.allocate(capacity: capacity)
    isPlain.initialize(repeating: true, count: capacity)
    return Tile(
      capacity: capacity, prepared: FloatBuffer(count: capacity * dictionary.modelWidth), z: z,
      transforms: transforms, badColumns: badColumns, isPlain: isPlain,
      pruning: quantised.flatMap {
        Pruning(
          dictionary, matrix: matrix, quantised: $0, bounds: z, capacity: capacity,
          workers: workers, smallestShared: options.smallestShared)
      })
  }

  private static func end(_ tile: Tile) {
    tile.transforms.deallocate()
    tile.badColumns.deallocate()
    tile.isPlain.deallocate()
  }

  /// Appends the codes of `count` rows, `[count, modelWidth]` f32, rows `stride` floats apart.
  ///
  /// - Throws: `nonFiniteInput` or `nonFiniteResult` with the row counted within this call; `field` for an
  ///   int8 form that is not this encoder's. `codes` then holds the tiles before it.
  /// - Complexity: O(count · featureCount · modelWidth).
  package func encode(
    _ rows: UnsafePointer<Float>, count: Int, stride: Int, into codes: inout SparseCodes
  ) throws(DictionaryError) {
    precondition(stride >= dictionary.modelWidth, "stride is shorter than a row")
    precondition(codes.featureCount == dictionary.featureCount, "codes of another dictionary")
    makeRoom(for: min(count, tileLimit))
    var start = 0
    while start < count {
      let size = min(tile.capacity, count - start)
      try prepareTile(rows + start * stride, count: size, stride: stride, first: start)
      if pursuit == nil { try findActive(count: size) }
      let before = codes.rowCount
      do throws(DictionaryError) {
        for row in 0..<size {
          try select(row, first: start, into: &codes)
        }
      } catch {
        codes.keepRows(before)
        throw error
      }
      start += size
    }
  }

  private func makeRoom(for count: Int) {
    guard count > tile.capacity else { return }
    // Batches that grow row by row must not make it anew each time.
    let capacity = min(max(count, 2 * tile.capacity), tileLimit)
    let larger = Self.makeTile(
      dictionary, matrix, quantised, workers, options, capacity: capacity, withZ: pursuit == nil)
    Self.end(tile)
    tile = larger
  }

  private func prepareTile(
    _ rows: UnsafePointer<Float>, count: Int, stride: Int, first: Int
  ) throws(DictionaryError) {
    self.rows = rows
    self.stride = stride
    self.count = count
    phase = .prepare
    if 4 * count * dictionary.modelWidth >= options.smallestShared {
      workers.run(self)
    } else {
      run(part: 0, of: 1)
    }
    for row in 0..<count where tile.badColumns[row] < dictionary.modelWidth {
      throw DictionaryError(.nonFiniteInput(row: first + row, column: tile.badColumns[row]))
    }
  }

  package func run(part: Int, of parts: Int) {
    switch phase {
    case .prepare:
      for row in Workers.share(of: count, part: part, of: parts) { prepare(row) }
    case .multiply: multiply(part: part, of: parts)
    }
  }

  private func prepare(_ row: Int) {
    guard let rows else { return }
    let width = dictionary.modelWidth
    let x = rows + row * stride
    tile.badColumns[row] = dictionary.kernels.firstNonfinite(x, count: width)
    guard tile.badColumns[row] == width else { return }
    tile.transforms[row] = dictionary.prepareRow(x, into: tile.prepared.base + row * width)
  }

  /// Finds the active features of the tile's rows, or all of z where that takes less.
  private func findActive(count: Int) throws(DictionaryError) {
    var plain = 0
    for row in 0..<count {
      tile.isPlain[row] = tile.transforms[row] != nil
      plain += tile.isPlain[row] ? 1 : 0
    }
    let defined = plain
    if let pruning = tile.pruning {
      if plainAhead > 0 {
        plainAhead = max(plainAhead - count, 0)
      } else {
        let before = pruning.rescoredCount
        try pruning.run(tile.prepared.base, wanted: tile.isPlain, count: count)
        plain = 0
        for row in 0..<count where tile.isPlain[row] {
          tile.isPlain[row] = pruning.outcome(row) == .plain
          plain += tile.isPlain[row] ? 1 : 0
        }
        counts.prunedRows += defined - plain
        counts.rescoredFeatures += pruning.rescoredCount - before
        if 2 * plain > defined {
          plainAhead = patience
          patience = min(2 * patience, 4096)
        } else {
          patience = 32
        }
      }
    }
    counts.rows += defined
    guard plain > 0 else { return }
    phase = .multiply
    if plain * matrix.byteCount >= options.smallestShared {
      workers.run(self)
    } else {
      run(part: 0, of: 1)
    }
  }

  private func multiply(part: Int, of parts: Int) {
    let n = dictionary.featureCount
    let width = dictionary.modelWidth
    let blocks = Workers.share(of: (n + blockRows - 1) / blockRows, part: part, of: parts)
    for block in blocks {
      let start = block * blockRows
      let size = min(blockRows, n - start)
      // Runs of rows that are neighbours meet the block together.
      var row = 0
      while row < count {
        let first = row
        while row < count, tile.isPlain[row] { row += 1 }
        let z = tile.z.base + first * n + start
        matrix.matmul(
          from: start, count: size, inputs: tile.prepared.base + first * width,
          inputCount: row - first, into: z, outStride: n, dictionary.kernels)
        for place in 0..<(row - first) {
          dictionary.finishPreActivations(z + place * n, from: start, count: size)
        }
        row += 1
      }
    }
  }

  private func select(
    _ row: Int, first: Int, into codes: inout SparseCodes
  ) throws(DictionaryError) {
    let n = dictionary.featureCount
    guard tile.transforms[row] != nil else {
      codes.undefinedRows.append(codes.rowCount)
      codes.endRow()
      return
    }
    if let pursuit {
      try pursuit.run(tile.prepared.base + row * dictionary.modelWidth, row: first + row)
      for place in 0..<pursuit.count {
        let (feature, value) = pursuit.chosen(place)
        codes.append(feature, value)
      }
      codes.endRow()
      return
    }
    if let pruning = tile.pruning, !tile.isPlain[row] {
      let start = codes.values.count
      pruning.append(row, to: &codes)
      if dictionary.decoderNormRole == .ranksOnly {
        try dictionary.divideByNorms(&codes, from: start, row: first + row)
      }
      codes.endRow()
      return
    }
    let out = tile.z.base + row * n
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
