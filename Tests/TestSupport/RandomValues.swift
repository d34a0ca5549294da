extension SplitMix64 {
  /// A value from the standard normal distribution (sum of twelve uniform ones, shifted).
  package mutating func normal() -> Float {
    var sum: Float = 0
    for _ in 0..<12 { sum += Float.random(in: 0..<1, using: &self) }
    return sum - 6
  }

  /// `count` normal values times `scale`.
  package mutating func normals(_ count: Int, scale: Float = 1) -> [Float] {
    (0..<count).map { _ in normal() * scale }
  }
}
