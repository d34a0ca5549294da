import Tensors

/// Reads the activations of a few named features, and nothing else.
///
/// With an elementwise σ it reads only those features' encoder rows, copied together at creation:
/// O(|S|·d) per row. With TopK and AbsTopK a feature also needs its rank, so the other features are
/// compared block by block until each named one is decided: k rivals beat it, or none is left.
///
/// Every activation equals ``FullEncoder``'s bit for bit.
///
/// Thread rule: immutable; each thread brings its own ``Scratch``.
package final class SelectiveEncoder: Sendable {
  private static let blockRows = 64

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

  /// How σ decides about the picked features; arrays are in their order.
  package enum Selection: Sendable {
    /// Active above max(θ, 0), which covers ReLU (θ = 0), JumpReLU and BatchTopK.
    case threshold([Float])
    case gate(bias: [Float], magnitude: [Float], scale: [Float])
    case rank(among: FeatureRows, k: Int, isAbsolute: Bool)
  }

  /// Memory for one reader at a time; allocated once, reused for every row.
  package final class Scratch {
    fileprivate let prepared: FloatBuffer
    fileprivate let block = FloatBuffer(count: SelectiveEncoder.blockRows)
    fileprivate let beatenBy: UnsafeMutablePointer<Int>

    package init(for encoder: SelectiveEncoder) {
      prepared = FloatBuffer(count: encoder.dictionary.modelWidth)
      let count = max(encoder.features.count, 1)
      beatenBy = .allocate(capacity: count)
      beatenBy.initialize(repeating: 0, count: count)
    }

    deinit { beatenBy.deallocate() }
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
    norms = dictionary.decoderNormRole != .none ? features.map { dictionary.decoderNorms[$0] } : []
    switch dictionary.activation {
    case .relu: selection = .threshold(features.map { _ in 0 })
    case .jumpReLU(let threshold): selection = .threshold(features.map { max(threshold[$0], 0) })
    case .batchTopK(let threshold): selection = .threshold(features.map { _ in max(threshold, 0) })
    case .gated(let gate, let magnitude, let scale):
      selection = .gate(
        bias: features.map { gate[$0] }, magnitude: features.map { magnitude[$0] },
        scale: features.map { scale[$0] })
    case .topK(let k):
      let rivals = try dictionary.encoder.featureMajor(dictionary.kernels)
      selection = .rank(among: rivals, k: k, isAbsolute: false)
    case .absTopK(let k):
      let rivals = try dictionary.encoder.featureMajor(dictionary.kernels)
      selection = .rank(among: rivals, k: k, isAbsolute: true)
    case .signedTopK, .groupMax, .biJumpReLU, .blockTopK, .matchingPursuit:
      throw dictionary.notEncodedYet
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
    let bad = kernels.firstNonfinite(x, count: dictionary.modelWidth)
    guard bad == dictionary.modelWidth else {
      throw DictionaryError(.nonFiniteInput(row: row, column: bad))
    }
    let count = features.count
    guard let transform = dictionary.prepareRow(x, into: scratch.prepared.base) else {
      for index in 0..<count { out[index] = .nan }
      return nil
    }
    rows.matvec(from: 0, count: count, scratch.prepared.base, into: out, kernels)
    for index in 0..<count { out[index] += bias[index] }
    if !norms.isEmpty { for index in 0..<count { out[index] *= norms[index] } }
    guard kernels.firstNonfinite(out, count: count) == count else {
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
    case .rank(let rivals, let k, let isAbsolute):
      try rank(out, among: rivals, k: k, isAbsolute: isAbsolute, row: row, scratch)
    }
    return transform
  }

  /// Sets to zero every value that k rivals beat, or that σ would cut anyway.
  private func rank(
    _ out: UnsafeMutablePointer<Float>, among rivals: FeatureRows, k: Int, isAbsolute: Bool,
    row: Int,
    _ scratch: Scratch
  ) throws(DictionaryError) {
    let count = features.count
    let beatenBy = scratch.beatenBy
    var undecided = 0
    for index in 0..<count {
      let survives = isAbsolute ? out[index] != 0 : out[index] > 0
      beatenBy[index] = survives ? 0 : k
      undecided += survives ? 1 : 0
    }
    let n = dictionary.featureCount
    let block = scratch.block.base
    var start = 0
    while start < n, undecided > 0 {
      let size = min(Self.blockRows, n - start)
      rivals.matvec(
        from: start, count: size, scratch.prepared.base, into: block, dictionary.kernels)
      dictionary.finishPreActivations(block, from: start, count: size)
      guard dictionary.kernels.firstNonfinite(block, count: size) == size else {
        throw DictionaryError(.nonFiniteResult(row: row))
      }
      for index in 0..<count where beatenBy[index] < k {
        let value = isAbsolute ? abs(out[index]) : out[index]
        let feature = features[index]
        var beaten = beatenBy[index]
        for offset in 0..<size {
          let rival = isAbsolute ? abs(block[offset]) : block[offset]
          if rival > value || (rival == value && start + offset < feature) { beaten += 1 }
        }
        beatenBy[index] = beaten
        if beaten >= k { undecided -= 1 }
      }
      start += size
    }
    for index in 0..<count where beatenBy[index] >= k { out[index] = 0 }
  }
}
