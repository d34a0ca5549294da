import Tensors

// Goals, in order: the features and bits of the plain encode; few bytes read; work in equal parts.
//
// Bounds from the int8 form of the encoder rule features out; only the others' exact rows are read. For
// the best k (two stages, as bounds are loose): the k features of the largest bounds are rescored, the
// worst of them is a key that k features reach, and whoever's bound reaches it too is rescored. That no
// active feature is missed is proved in docs/numerics.md, "Pruned encoding".

/// Finds the active features of a tile of rows by ruling out most of the encoder.
///
/// Not Sendable: one caller at a time. Scratch is allocated at creation.
final class Pruning: ParallelWork {
  /// What is known about a row of the tile.
  enum Outcome {
    /// Its active features are listed.
    case listed
    /// Bounds rule out too little of it: it must be encoded plainly.
    case plain
  }

  let dictionary: SparseDictionary
  private let matrix: FeatureRows
  private let product: BoundedProduct
  private let rule: PruningRule
  private let workers: Workers
  private let smallestShared: Int
  private let n: Int
  /// Features that may be rescored before the plain way is cheaper.
  private let limit: Int
  private let room: Int
  private let inputs: QuantisedInputs
  private let sums: UnsafeMutablePointer<Int32>
  private let finders: [TopKThreshold]
  /// Candidates per row, ascending, and their z; those of the first stage beside them.
  private let candidates: UnsafeMutablePointer<UInt32>
  private let values: FloatBuffer
  private let firstCandidates: UnsafeMutablePointer<UInt32>
  private let firstValues: FloatBuffer
  private let counts: UnsafeMutablePointer<Int>
  private let cursors: UnsafeMutablePointer<Int>
  private let capacity: Int
  /// Per worker: a feature whose exact row exceeds its bound, or -1.
  private let contradictions: UnsafeMutablePointer<Int>

  // The tile at hand.
  private var phase = Phase.quantise
  private var rows = 0
  private var x: UnsafePointer<Float>?
  private var wanted: UnsafePointer<Bool>?
  private let bounds: FloatBuffer
  /// Exact rows that were read so far.
  private(set) var rescoredCount = 0

  private enum Phase { case quantise, bound, pick, rescoreFirst, list, rescore, choose }

  /// Whether bounds can rule features out, and could pay: few enough places, and no bias or gain that
  /// could overflow a bound.
  static func isPossible(_ dictionary: SparseDictionary) -> Bool {
    guard let rule = PruningRule(dictionary.activation) else { return false }
    let gain = dictionary.decoderNormRole == .none ? [] : dictionary.decoderNorms
    return 8 * rule.k <= dictionary.featureCount
      && BoundedProduct.canBound(bias: dictionary.encoderBias, gain: gain)
  }

  /// Nil where ``isPossible(_:)`` says no, or the int8 form has another shape.
  init?(
    _ dictionary: SparseDictionary, matrix: FeatureRows, quantised: QuantisedRows,
    bounds: FloatBuffer, capacity: Int, workers: Workers, smallestShared: Int
  ) {
    n = dictionary.featureCount
    limit = n / 4
    guard Self.isPossible(dictionary), let rule = PruningRule(dictionary.activation),
      quantised.rowCount == n, quantised.width == dictionary.modelWidth,
      let product = BoundedProduct(
        quantised, bias: dictionary.encoderBias,
        gain: dictionary.decoderNormRole == .none ? [] : dictionary.decoderNorms,
        absolute: rule.isAbsolute)
    else { return nil }
    self.dictionary = dictionary
    self.matrix = matrix
    self.product = product
    self.rule = rule
    self.workers = workers
    self.smallestShared = smallestShared
    self.bounds = bounds
    self.capacity = capacity
    room = limit + PruningRule.listingStep
    let kernels = dictionary.kernels
    inputs = QuantisedInputs(capacity: capacity, width: dictionary.modelWidth)
    finders = rule.k == 0 ? [] : (0..<workers.count).map { _ in TopKThreshold(k: rule.k, kernels) }
    values = FloatBuffer(count: capacity * room)
    firstValues = FloatBuffer(count: capacity * rule.k)
    sums = .zeros(workers.count * BoundedProduct.scratchCount(inputCount: capacity))
    candidates = .zeros(capacity * room)
    firstCandidates = .zeros(capacity * rule.k)
    counts = .zeros(capacity)
    cursors = .zeros(workers.count * capacity)
    contradictions = .zeros(workers.count)
  }

  deinit {
    sums.deallocate()
    candidates.deallocate()
    firstCandidates.deallocate()
    counts.deallocate()
    cursors.deallocate()
    contradictions.deallocate()
  }

  /// Finds the active features of those of `count` prepared rows, `[count, modelWidth]`, that are
  /// wanted.
  ///
  /// Uses the first count · featureCount numbers of the bounds' memory. Allocates nothing.
  /// - Throws: `field` when the int8 form is not that of the encoder.
  func run(
    _ prepared: UnsafePointer<Float>, wanted: UnsafePointer<Bool>, count: Int
  ) throws(DictionaryError) {
    precondition(count <= capacity, "more rows than the scratch has room for")
    x = prepared
    self.wanted = wanted
    rows = count
    for part in 0..<workers.count { contradictions[part] = -1 }
    go(.quantise)
    go(.bound)
    if rule.k > 0 {
      go(.pick)
      go(.rescoreFirst)
    }
    go(.list)
    for row in 0..<rows { rescoredCount += max(counts[row], 0) }
    go(.rescore)
    go(.choose)
    for part in 0..<workers.count where contradictions[part] >= 0 {
      throw DictionaryError(
        .field(
          name: "accelerator", found: "a row \(contradictions[part]) of another encoder",
          expected: "the int8 form of this one; make it again"))
    }
  }

  /// Whether row `row` of the tile is done.
  func outcome(_ row: Int) -> Outcome { counts[row] < 0 ? .plain : .listed }

  /// Appends the active features of row `row` of the tile.
  func append(_ row: Int, to codes: inout SparseCodes) {
    codes.append(candidates + row * room, values.base + row * room, count: counts[row])
  }

  private func go(_ phase: Phase) {
    self.phase = phase
    let isShared: Bool
    switch phase {
    // Rows are the parts. About a nanosecond for a number of theirs, a fifth for a bound.
    case .quantise: isShared = 16 * rows * dictionary.modelWidth >= smallestShared
    case .pick, .list, .choose: isShared = 4 * rows * n >= smallestShared
    case .bound: isShared = rows * product.rows.byteCount >= smallestShared
    case .rescoreFirst, .rescore:
      var candidates = 0
      for row in 0..<rows { candidates += max(counts[row], 0) }
      isShared = candidates * matrix.rowByteCount >= smallestShared
    }
    if isShared { workers.run(self) } else { run(part: 0, of: 1) }
  }

  func run(part: Int, of count: Int) {
    let share = Workers.share(of: rows, part: part, of: count)
    switch phase {
    case .quantise: for row in share { quantise(row) }
    case .bound: bound(part: part, of: count)
    case .pick: for row in share where counts[row] >= 0 { pick(row, finders[part]) }
    case .rescoreFirst:
      rescore(firstCandidates, firstValues.base, stride: rule.k, part: part, of: count)
    case .list: for row in share where counts[row] >= 0 { list(row) }
    case .rescore: rescore(candidates, values.base, stride: room, part: part, of: count)
    case .choose:
      for row in share where counts[row] >= 0 {
        choose(row, finders.isEmpty ? nil : finders[part])
      }
    }
  }

  private func quantise(_ row: Int) {
    guard let x, let wanted, wanted[row] else {
      counts[row] = -1
      return
    }
    let input = x + row * dictionary.modelWidth
    counts[row] = inputs.quantise(input, at: row, dictionary.kernels) ? 0 : -1
  }

  private func bound(part: Int, of count: Int) {
    // Whole blocks, so that parts do not write to the same cache line.
    let block = BoundedProduct.blockRows
    let blocks = Workers.share(of: (n + block - 1) / block, part: part, of: count)
    product.bounds(
      of: inputs, at: 0..<rows,
      in: min(n, blocks.lowerBound * block)..<min(n, blocks.upperBound * block),
      scratch: sums + part * BoundedProduct.scratchCount(inputCount: capacity), into: bounds.base,
      stride: n, dictionary.kernels)
  }

  /// The k features of the largest bounds: likely winners, whose worst z is a key to reach.
  private func pick(_ row: Int, _ finder: TopKThreshold) {
    _ = finder.find(bounds.base + row * n, n, absolute: false)
    (firstCandidates + row * rule.k).update(from: finder.winners, count: rule.k)
    (firstValues.base + row * rule.k).update(repeating: .nan, count: rule.k)
    counts[row] = rule.k
  }

  private func list(_ row: Int) {
    let out = candidates + row * room
    let known = firstValues.base + row * rule.k
    var worst: Float = 0
    if case .best(let k, let ranking) = rule {
      worst = ranking.key(known[0])
      for place in 1..<max(k, 1) { worst = min(worst, ranking.key(known[place])) }
    }
    let found = rule.list(
      bounds.base + row * n, count: n, worst: worst, limit: limit, into: out, dictionary.kernels)
    counts[row] = found ?? -1
    // What the first stage has read is not read again: both lists ascend.
    let z = values.base + row * room
    var next = 0
    for place in 0..<(found ?? 0) {
      let feature = out[place]
      while next < rule.k, firstCandidates[row * rule.k + next] < feature { next += 1 }
      let isKnown = next < rule.k && firstCandidates[row * rule.k + next] == feature
      z[place] = isKnown ? known[next] : .nan
    }
  }

  /// Reads the exact rows of the candidates in this part's features, block by block, so that a row that
  /// several inputs need is read from memory once.
  private func rescore(
    _ lists: UnsafeMutablePointer<UInt32>, _ out: UnsafeMutablePointer<Float>, stride: Int,
    part: Int, of count: Int
  ) {
    guard let x else { return }
    let features = Workers.share(of: n, part: part, of: count)
    let cursors = cursors + part * capacity
    for row in 0..<rows {
      cursors[row] = firstPlace(lists + row * stride, counts[row], features.lowerBound)
    }
    let step = rows == 1 ? features.count : Self.rescoringStep
    var end = features.lowerBound
    while end < features.upperBound {
      end = min(end + max(step, 1), features.upperBound)
      for row in 0..<rows {
        let list = lists + row * stride
        var place = cursors[row]
        while place < counts[row], list[place] < UInt32(end) {
          if out[row * stride + place].isNaN {
            let feature = Int(list[place])
            let z = exact(feature, x + row * dictionary.modelWidth)
            out[row * stride + place] = z
            let key = rule.isAbsolute ? abs(z) : z
            if !(key <= bounds.base[row * n + feature]) { contradictions[part] = feature }
          }
          place += 1
        }
        cursors[row] = place
      }
    }
  }

  /// Features whose exact rows stay in the cache for all inputs.
  private static let rescoringStep = 32

  /// What the plain encode computes, bit for bit.
  private func exact(_ feature: Int, _ input: UnsafePointer<Float>) -> Float {
    var z = matrix.dot(feature, input, dictionary.kernels)
    dictionary.finishPreActivations(&z, from: feature, count: 1)
    return z
  }

  /// The first of `count` ascending places whose feature is `feature` or more.
  private func firstPlace(_ list: UnsafePointer<UInt32>, _ count: Int, _ feature: Int) -> Int {
    var low = 0
    var high = max(count, 0)
    while low < high {
      let middle = (low + high) / 2
      if list[middle] < UInt32(feature) { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// Leaves the active features of a row in its list.
  private func choose(_ row: Int, _ finder: TopKThreshold?) {
    let list = candidates + row * room
    let z = values.base + row * room
    let count = counts[row]
    var kept = 0
    if let finder, count > rule.k {
      _ = finder.find(z, count, absolute: rule.isAbsolute)
      for winner in 0..<rule.k {
        let place = Int(finder.winners[winner])
        guard rule.isActive(z[place], Int(list[place])) else { continue }
        list[kept] = list[place]
        z[kept] = z[place]
        kept += 1
      }
    } else {
      for place in 0..<count where rule.isActive(z[place], Int(list[place])) {
        list[kept] = list[place]
        z[kept] = z[place]
        kept += 1
      }
    }
    counts[row] = kept
  }
}

extension UnsafeMutablePointer where Pointee: FixedWidthInteger {
  /// Zeroed memory for `count` numbers, which the caller deallocates.
  fileprivate static func zeros(_ count: Int) -> Self {
    let memory = allocate(capacity: max(count, 1))
    memory.initialize(repeating: 0, count: max(count, 1))
    return memory
  }
}
