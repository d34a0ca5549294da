/// The arrays of a two-sided JumpReLU, each `[featureCount]`.
///
/// ```
/// f = gain⁺·z + offset⁺  where z > θ⁺        f = gain⁻·z + offset⁻  where z < −θ⁻        else 0
/// ```
///
/// Both comparisons are strict. −θ⁻ ≤ θ⁺, so that at most one side is open; either threshold may be
/// negative, and +∞ closes its side. Source: SA-GSAE (arXiv:2605.28149), in the collapsed form.
public struct BiJumpReLU: Sendable, Equatable {
  /// θ⁺; z opens the upper side above it.
  public var positiveThreshold: [Float]
  /// θ⁻; z opens the lower side below −θ⁻.
  public var negativeThreshold: [Float]
  /// What z is multiplied by above θ⁺.
  public var positiveGain: [Float]
  /// What z is multiplied by below −θ⁻.
  public var negativeGain: [Float]
  /// What is added above θ⁺.
  public var positiveOffset: [Float]
  /// What is added below −θ⁻.
  public var negativeOffset: [Float]

  /// Puts the six arrays together; they are checked where a dictionary is made of them.
  public init(
    positiveThreshold: [Float], negativeThreshold: [Float], positiveGain: [Float],
    negativeGain: [Float], positiveOffset: [Float], negativeOffset: [Float]
  ) {
    self.positiveThreshold = positiveThreshold
    self.negativeThreshold = negativeThreshold
    self.positiveGain = positiveGain
    self.negativeGain = negativeGain
    self.positiveOffset = positiveOffset
    self.negativeOffset = negativeOffset
  }

  /// The activation that z gives feature `feature`: 0 when neither side is open.
  @inline(__always)
  package func activation(of z: Float, _ feature: Int) -> Float {
    if z > positiveThreshold[feature] {
      return positiveGain[feature] * z + positiveOffset[feature]
    }
    if z < -negativeThreshold[feature] {
      return negativeGain[feature] * z + negativeOffset[feature]
    }
    return 0
  }

  /// The entries of `features`, in their order.
  package func gathering(_ features: [Int]) -> BiJumpReLU {
    func entries(_ values: [Float]) -> [Float] { features.map { values[$0] } }
    return BiJumpReLU(
      positiveThreshold: entries(positiveThreshold), negativeThreshold: entries(negativeThreshold),
      positiveGain: entries(positiveGain), negativeGain: entries(negativeGain),
      positiveOffset: entries(positiveOffset), negativeOffset: entries(negativeOffset))
  }
}
