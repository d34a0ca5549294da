import Tensors

/// Reads the activations of a few named features, and nothing else.
///
/// With an elementwise σ it reads only those features' encoder rows, copied together at creation:
/// O(|S|·d) per row; with group maxima those of their groups. Where features compete as a whole a
/// feature also needs its rank: the others are compared block by block until each named one is decided.
/// Blocks and matching pursuit always read the whole encoder.
///
/// Every activation equals ``FullEncoder``'s bit for bit.
///
/// Thread rule: immutable; each thread brings its own ``Scratch``.
package final class SelectiveEncoder: Sendable {
  static let blockRows = 64

  package let dictionary: SparseDictionary
  /// The features in the order in which their activations are written.
  package let features: [Int]
  /// Their encoder rows, `[features.count, modelWidth]`.
  package let rows: FeatureRows
  /// Their encoder biases.
  package let bias: [Float]
  /// What z is multiplied by after the bias; empty for nothing.
  package let norms: [Float]
  /// How σ decides about them.
  package let selection: Selection
  /// Whether products are made with the row as given, less the bias: neither normalised nor needed again.
  ///
  /// A NaN or an infinity in the row then shows in every product, since all weights are finite and none
  /// is left out, so the row is searched only when one does.
  private let isDirect: Bool

  /// How σ decides about the picked features; arrays are in their order.
  package enum Selection: Sendable {
    /// Active above max(θ, 0), which covers ReLU (θ = 0), JumpReLU and BatchTopK.
    case threshold([Float])
    case gate(bias: [Float], magnitude: [Float], scale: [Float])
    case rank(among: FeatureRows, k: Int, Ranking)
    case sides(BiJumpReLU)
    /// Rows of the groups that hold the features, group after group.
    case groups([Group], rows: FeatureRows, size: Int)
    case blocks(among: FeatureRows, size: Int, count: Int)
    case pursuit(among: FeatureRows)
  }

  /// A group in which some of the features compete.
  package struct Group: Sendable {
    /// Its first feature.
    package let start: Int
    /// Places in ``features`` of those that belong to it.
    package let members: [Int]
  }

  /// Gathers the encoder rows of `features`.
  ///
  /// - Throws: `featureOutOfRange`; `nonFiniteWeight` in a row that it reads.
  package init(_ dictionary: SparseDictionary, features: [Int]) throws(DictionaryError) {
    for feature in features { try dictionary.checkFeature(feature) }
    rows = try dictionary.encoder.rows(of: features, dictionary.kernels)
    self.dictionary = dictionary
    self.features = features
    bias = features.map { dictionary.encoderBias[$0] }
    norms =
      dictionary.decoderNormRole == .none ? [] : features.map { dictionary.decoderNorms[$0] }
    selection = try Self.selection(dictionary, features)
    isDirect = Self.isDirect(rows, selection, dictionary)
  }

  private static func isDirect(
    _ rows: FeatureRows, _ selection: Selection, _ dictionary: SparseDictionary
  ) -> Bool {
    guard case .dense = rows, rows.rowCount > 0, dictionary.normalisation == .none
    else { return false }
    switch selection {
    case .threshold, .gate, .sides: return true
    case .rank, .groups, .blocks, .pursuit: return false
    }
  }

  private static func selection(
    _ dictionary: SparseDictionary, _ features: [Int]
  ) throws(DictionaryError) -> Selection {
    let activation = dictionary.activation
    switch activation {
    case .relu: return .threshold(features.map { _ in 0 })
    case .jumpReLU(let threshold): return .threshold(features.map { max(threshold[$0], 0) })
    case .batchTopK(let threshold): return .threshold(features.map { _ in max(threshold, 0) })
    case .gated(let gate, let magnitude, let scale):
      return .gate(
        bias: features.map { gate[$0] }, magnitude: features.map { magnitude[$0] },
        scale: features.map { scale[$0] })
    case .biJumpReLU(let sides): return .sides(sides.gathering(features))
    case .topK(let k), .absTopK(let k), .signedTopK(let k):
      guard let ranking = Ranking(activation) else { fatalError("top-k functions rank") }
      let rivals = try dictionary.encoder.featureMajor(dictionary.kernels)
      return .rank(among: rivals, k: k, ranking)
    case .groupMax(let groups):
      let size = dictionary.featureCount / groups
      let members = Dictionary(grouping: features.indices) { features[$0] / size * size }
      let starts = members.keys.sorted()
      let found = starts.map { Group(start: $0, members: members[$0] ?? []) }
      let rows = try dictionary.encoder.rows(
        of: starts.flatMap { Array($0..<($0 + size)) }, dictionary.kernels)
      return .groups(found, rows: rows, size: size)
    case .blockTopK(let blockSize, let blocks):
      let all = try dictionary.encoder.featureMajor(dictionary.kernels)
      return .blocks(among: all, size: blockSize, count: blocks)
    case .matchingPursuit:
      return .pursuit(among: try dictionary.encoder.featureMajor(dictionary.kernels))
    }
  }

  /// Writes the activation of each feature to `out`, `[features.count]`.
  ///
  /// Returns how edits in normalised units scale back to the row's, or nil when the row's normalisation
  /// is undefined; `out` is then NaN. `row` only names the row in errors. Allocates nothing.
  ///
  /// - Throws: `nonFiniteInput`, `nonFiniteResult`; `out` is then unspecified.
  package func read(
    _ x: UnsafePointer<Float>, into out: UnsafeMutablePointer<Float>, row: Int, _ scratch: Scratch
  ) throws(DictionaryError) -> RowTransform? {
    let kernels = dictionary.kernels
    let count = features.count
    var transform = RowTransform.identity
    if isDirect {
      multiplyDirectly(x, into: out)
    } else {
      let bad = kernels.firstNonfinite(x, count: dictionary.modelWidth)
      guard bad == dictionary.modelWidth else {
        throw DictionaryError(.nonFiniteInput(row: row, column: bad))
      }
      guard let found = dictionary.prepareRow(x, into: scratch.prepared.base) else {
        for index in 0..<count { out[index] = .nan }
        return nil
      }
      transform = found
      if let pursuit = scratch.pursuit {
        try pursuit.run(scratch.prepared.base, row: row)
        for index in 0..<count { out[index] = pursuit.activation(of: features[index]) }
        return transform
      }
      rows.matvec(from: 0, count: count, scratch.prepared.base, into: out, kernels)
    }
    for index in 0..<count { out[index] += bias[index] }
    if !norms.isEmpty { for index in 0..<count { out[index] *= norms[index] } }
    guard kernels.firstNonfinite(out, count: count) == count else {
      let bad = kernels.firstNonfinite(x, count: dictionary.modelWidth)
      guard bad == dictionary.modelWidth else {
        throw DictionaryError(.nonFiniteInput(row: row, column: bad))
      }
      throw DictionaryError(.nonFiniteResult(row: row))
    }
    switch selection {
    case .threshold(let threshold):
      for index in 0..<count where !(out[index] > threshold[index]) { out[index] = 0 }
    case .gate(let gateBias, let magnitude, let scale):
      for index in 0..<count {
        let z = out[index]
        let value = z * scale[index] + magnitude[index]
        let isActive = z + gateBias[index] > 0
        guard !isActive || value.isFinite else {
          throw DictionaryError(.nonFiniteResult(row: row))
        }
        out[index] = isActive && value > 0 ? value : 0
      }
    case .sides(let sides):
      for index in 0..<count {
        out[index] = sides.activation(of: out[index], index)
        guard out[index].isFinite else { throw DictionaryError(.nonFiniteResult(row: row)) }
        // Minus zero is not active either.
        if out[index] == 0 { out[index] = 0 }
      }
    case .rank(let rivals, let k, let ranking):
      try rank(out, among: rivals, k: k, ranking, row: row, scratch)
    case .groups(let groups, let rows, let size):
      try keepWinners(out, groups, rows, size: size, row: row, scratch)
    case .blocks(let all, let size, _): try keepBlocks(out, all, size: size, row: row, scratch)
    case .pursuit: break
    }
    if dictionary.decoderNormRole == .ranksOnly {
      for index in 0..<count where out[index] != 0 {
        out[index] /= norms[index]
        guard out[index].isFinite else { throw DictionaryError(.nonFiniteResult(row: row)) }
        if out[index] == 0 { out[index] = 0 }
      }
    }
    return transform
  }

  /// The products of the row itself, less the decoder bias where that is subtracted.
  private func multiplyDirectly(
    _ x: UnsafePointer<Float>, into out: UnsafeMutablePointer<Float>
  ) {
    guard dictionary.subtractsDecoderBias else {
      rows.matvec(from: 0, count: features.count, x, into: out, dictionary.kernels)
      return
    }
    dictionary.decoderBias.withUnsafeBufferPointer { bias in
      guard let bias = bias.baseAddress else { return }
      rows.matvec(x, minus: bias, into: out, dictionary.kernels)
    }
  }
}
