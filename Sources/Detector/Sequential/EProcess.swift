import Glibc

/// Evidence against the null that may be looked at after every block, and stopped at any time.
///
/// The wealth is M = ½ M_WA + ½ M_OG: the mean of the wealths (not of the factors) of `AdaptiveLogProcess`
/// and `GrenanderProcess` on the same p-values. If every p is super-uniform given those before it,
/// P(pₜ ≤ u | past) ≤ u, then M is a non-negative supermartingale of start 1 and by Ville's inequality the
/// probability that it **ever** reaches 1/α is at most α. Blocks that depend on one another, or a null sample
/// that is small beside the number of blocks, break that premise: see docs/detector.md.
/// Wealth is kept as its logarithm and does not overflow or underflow. O(capacity) memory, none per update.
/// Source: Su, Wang, Zhao, arXiv 2602.14286v2; Ville, Étude critique de la notion de collectif (1939).
public struct EProcess: Sendable {
  private var adaptive: AdaptiveLogProcess
  private var grenander: GrenanderProcess

  /// ln of the largest wealth so far, at least 0.
  public private(set) var maximumLogWealth = 0.0

  /// A process of wealth 1 that learns from its first `capacity` steps; `capacity` must be above 0.
  public init(capacity: Int = 1024) {
    adaptive = AdaptiveLogProcess(capacity: capacity)
    grenander = GrenanderProcess(capacity: capacity)
  }

  /// Takes the p-value of the next block; never allocates.
  ///
  /// A p of 0, or below the smallest normal number, counts as that number; above 1, and NaN, as 1.
  /// - Complexity: O(count), a few times; O(log capacity) after `capacity` steps.
  public mutating func update(p: Double) {
    adaptive.update(p: p)
    grenander.update(p: p)
    maximumLogWealth = max(maximumLogWealth, logWealth)
  }

  /// ln of the wealth: 0 at the start.
  public var logWealth: Double {
    let larger = max(adaptive.logWealth, grenander.logWealth)
    let smaller = min(adaptive.logWealth, grenander.logWealth)
    return larger + log1p(exp(smaller - larger)) - 0.693_147_180_559_945_309_42
  }

  /// A p-value that holds at any time of looking: min(1, 1 / largest wealth so far).
  ///
  /// Never below the smallest normal number, and never increasing.
  public var anytimeP: Double { max(exp(-maximumLogWealth), Double.leastNormalMagnitude) }

  /// Blocks taken.
  public var count: Int { adaptive.count }

  /// Back to the start, keeping the storage.
  public mutating func reset() {
    adaptive.reset()
    grenander.reset()
    maximumLogWealth = 0
  }

  /// Takes over the state of a process of the same capacity; allocates nothing.
  package mutating func assign(_ other: EProcess) {
    adaptive.assign(other.adaptive)
    grenander.assign(other.grenander)
    maximumLogWealth = other.maximumLogWealth
  }
}
