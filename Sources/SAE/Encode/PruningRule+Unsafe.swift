import Tensors

/// How a function σ decides which features are active, where upper bounds of what it compares can rule
/// features out.
enum PruningRule: Sendable {
  /// Active above one threshold that is not negative (ReLU, BatchTopK).
  case above(Float)
  /// Active above its own threshold and above 0 (JumpReLU).
  case jump(StoredArray<Float>)
  /// Among the best k (TopK, signed TopK, AbsTopK).
  case best(k: Int, Ranking)

  /// Nil for a function whose decisions take more than one bound per feature.
  init?(_ activation: ActivationFunction) {
    switch activation {
    case .relu: self = .above(0)
    case .batchTopK(let threshold): self = .above(max(threshold, 0))
    case .jumpReLU(let threshold): self = .jump(StoredArray(threshold))
    case .topK(let k), .signedTopK(let k), .absTopK(let k):
      guard let ranking = Ranking(activation) else { return nil }
      self = .best(k: k, ranking)
    case .gated, .groupMax, .biJumpReLU, .blockTopK, .matchingPursuit: return nil
    }
  }

  var isAbsolute: Bool {
    if case .best(_, .absolute) = self { return true }
    return false
  }

  /// The number of features that compete for places, 0 where each stands alone.
  var k: Int {
    if case .best(let k, _) = self { return k }
    return 0
  }

  /// Lists, ascending, the features whose bound leaves them a chance; nil where they are more than
  /// `limit`.
  ///
  /// `bounds` is `[count]`; `indices` has room for `limit` and ``listingStep`` more. With places for the
  /// best k, `worst` is a key that k features are known to reach.
  func list(
    _ bounds: UnsafePointer<Float>, count: Int, worst: Float, limit: Int,
    into indices: UnsafeMutablePointer<UInt32>, _ kernels: Kernels
  ) -> Int? {
    var found = 0
    var start = 0
    while start < count {
      let size = min(Self.listingStep, count - start)
      let (z, first, out) = (bounds + start, UInt32(start), indices + found)
      switch self {
      case .above(let threshold):
        found += kernels.listAbove(threshold, z, count: size, first: first, into: out)
      case .jump(let threshold):
        guard let base = threshold.base else { return nil }
        found += kernels.listJump(base + start, z, count: size, first: first, into: out)
      case .best(_, let ranking):
        // A feature at the worst key may win by its index; none wins at 0 where σ cuts there.
        let floor = ranking == .positive ? max(worst.nextDown, 0) : worst.nextDown
        found += kernels.listAbove(floor, z, count: size, first: first, into: out)
      }
      guard found <= limit else { return nil }
      start += size
    }
    return found
  }

  /// Features that are listed between two looks at the limit.
  static let listingStep = 1024

  /// Whether a feature with this z is active, places aside.
  @inline(__always)
  func isActive(_ z: Float, _ feature: Int) -> Bool {
    switch self {
    case .above(let threshold): z > threshold
    case .jump(let threshold): threshold.base.map { z > max($0[feature], 0) } ?? false
    case .best(_, let ranking): ranking.survives(z)
    }
  }
}
