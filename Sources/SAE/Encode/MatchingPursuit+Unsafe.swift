import Tensors

/// Greedy selection of features against what is left of a row.
///
/// r = x̃; then again and again i = argmaxⱼ max(r·Dⱼ, 0), fᵢ += v, r −= v·Dᵢ with v = max(r·Dᵢ, 0), until
/// the rules of ``ActivationFunction/matchingPursuit(residualThreshold:maximumIterations:stopsOnRepeat:)``
/// stop it. Sums in f32, ‖r‖ in f64. Ties: the lower index wins. Source: Mallat and Zhang 1993; the
/// rules for stopping are SAELens'.
///
/// Not Sendable: one thread at a time. Scratch is allocated at creation.
final class MatchingPursuit {
  private static let blockRows = 64

  private let rows: FeatureRows
  private let kernels: Kernels
  private let residualThreshold: Double
  private let maximumIterations: Int
  private let stopsOnRepeat: Bool
  private let products = FloatBuffer(count: MatchingPursuit.blockRows)
  /// The chosen features, ascending, and their activations.
  private let features: UnsafeMutablePointer<Int32>
  private let values: FloatBuffer
  private(set) var count = 0

  /// Nil when the dictionary has another activation function.
  init?(_ dictionary: SparseDictionary, rows: FeatureRows) {
    guard
      case .matchingPursuit(let threshold, let iterations, let stopsOnRepeat) =
        dictionary.activation
    else { return nil }
    self.rows = rows
    kernels = dictionary.kernels
    residualThreshold = Double(threshold)
    // Every feature once, and the step that repeats one.
    maximumIterations = stopsOnRepeat ? min(iterations, dictionary.featureCount + 1) : iterations
    self.stopsOnRepeat = stopsOnRepeat
    let capacity = min(iterations, dictionary.featureCount)
    values = FloatBuffer(count: capacity)
    features = .allocate(capacity: capacity)
    features.initialize(repeating: 0, count: capacity)
  }

  deinit { features.deallocate() }

  /// The chosen feature at `place`, and its activation.
  func chosen(_ place: Int) -> (feature: Int, value: Float) {
    (Int(features[place]), values.base[place])
  }

  /// The activation of `feature`, 0 when it was not chosen.
  func activation(of feature: Int) -> Float {
    let place = place(of: feature)
    return place < count && Int(features[place]) == feature ? values.base[place] : 0
  }

  /// Chooses features for the row in `residual`, `[modelWidth]`, and leaves there what they miss.
  ///
  /// - Throws: `nonFiniteResult` with `row`, when a product or a sum leaves f32.
  func run(_ residual: UnsafeMutablePointer<Float>, row: Int) throws(DictionaryError) {
    count = 0
    for _ in 0..<maximumIterations {
      let best = try best(residual, row: row)
      // Nothing that points the row's way: any further step would repeat this one.
      guard best.value > 0 else { return }
      let isRepeated = try add(best.feature, best.value, row: row)
      rows.axpy(best.feature, scale: -best.value, into: residual, kernels)
      if isRepeated && stopsOnRepeat { return }
      if residualThreshold > 0, norm(residual) < residualThreshold { return }
    }
  }

  private func best(
    _ residual: UnsafePointer<Float>, row: Int
  ) throws(DictionaryError) -> (feature: Int, value: Float) {
    var best = (feature: 0, value: Float(0))
    let n = rows.rowCount
    let block = products.base
    var start = 0
    while start < n {
      let size = min(Self.blockRows, n - start)
      rows.matvec(from: start, count: size, residual, into: block, kernels)
      guard kernels.firstNonfinite(block, count: size) == size else {
        throw DictionaryError(.nonFiniteResult(row: row))
      }
      for offset in 0..<size where block[offset] > best.value {
        best = (start + offset, block[offset])
      }
      start += size
    }
    return best
  }

  /// Adds to a feature's activation; returns whether it had one.
  private func add(
    _ feature: Int, _ value: Float, row: Int
  ) throws(DictionaryError) -> Bool {
    let place = place(of: feature)
    if place < count, Int(features[place]) == feature {
      values.base[place] += value
      guard values.base[place].isFinite else {
        throw DictionaryError(.nonFiniteResult(row: row))
      }
      return true
    }
    var last = count
    while last > place {
      features[last] = features[last - 1]
      values.base[last] = values.base[last - 1]
      last -= 1
    }
    features[place] = Int32(truncatingIfNeeded: feature)
    values.base[place] = value
    count += 1
    return false
  }

  /// The first place whose feature is not below `feature`.
  private func place(of feature: Int) -> Int {
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if Int(features[middle]) < feature { low = middle + 1 } else { high = middle }
    }
    return low
  }

  private func norm(_ residual: UnsafePointer<Float>) -> Double {
    var sum = 0.0
    for index in 0..<rows.width { sum += Double(residual[index]) * Double(residual[index]) }
    return sum.squareRoot()
  }
}
