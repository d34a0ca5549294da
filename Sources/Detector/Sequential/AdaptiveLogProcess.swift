import Glibc

/// A wealth process that bets on small p-values, with a stake that it learns from the past.
///
/// With Xₛ = −ln pₛ the factor of step t is Eₜ = 1 − ηₜ + ηₜXₜ, and ηₜ = argmax over η in [0, ½] of
/// Σ_{s<t} ln(1 − η + ηXₛ), so η₁ = 0. The density (1 − η) − η ln p decreases in p and integrates to 1, and ηₜ
/// is known before pₜ: under the null the wealth is a non-negative supermartingale of start 1.
/// ηₜ is exact to rounding: Newton's method on the derivative Σ (X − 1)/(1 + η(X − 1)), which does not
/// increase, kept inside a shrinking bracket by bisection.
/// After `capacity` steps η stays what it is then: still known beforehand, so still valid.
/// A p of 0, or below the smallest normal number, counts as that number; above 1, and NaN, as 1.
/// Source: Su, Wang, Zhao, arXiv 2602.14286v2 (weight-adaptive log calibrator).
public struct AdaptiveLogProcess: Sendable {
  /// ln of the wealth: 0 at the start.
  public private(set) var logWealth = 0.0
  /// Steps taken.
  public private(set) var count = 0
  /// ηₜ, the stake of the next step, in [0, ½].
  public private(set) var stake = 0.0

  /// Xₛ − 1 of the past; as long as the capacity, filled from the front.
  private var history: ContiguousArray<Double>

  /// A process of wealth 1 that learns from its first `capacity` steps; `capacity` must be above 0.
  public init(capacity: Int = 1024) {
    precondition(capacity > 0, "capacity is \(capacity), expected above 0")
    history = ContiguousArray(repeating: 0, count: capacity)
  }

  /// Multiplies the wealth by the factor of `p`, then learns from it; never allocates.
  /// - Complexity: O(count), a few times; O(1) after `capacity` steps.
  public mutating func update(p: Double) {
    let gain = -log(SequentialP.cleaned(p)) - 1
    logWealth += log1p(stake * gain)
    if count < history.count {
      history[count] = gain
      learn(from: count + 1)
    }
    count += 1
  }

  /// Back to the start, keeping the storage.
  public mutating func reset() {
    (logWealth, count, stake) = (0, 0, 0)
  }

  /// Takes over the state of a process of the same capacity; allocates nothing.
  package mutating func assign(_ other: AdaptiveLogProcess) {
    precondition(history.count == other.history.count, "processes of different capacity")
    for index in 0..<min(other.count, history.count) { history[index] = other.history[index] }
    (logWealth, count, stake) = (other.logWealth, other.count, other.stake)
  }

  /// Sets the stake that would have been best over the first `known` steps.
  private mutating func learn(from known: Int) {
    if slope(at: 0, known).value <= 0 {
      stake = 0
      return
    }
    if slope(at: 0.5, known).value >= 0 {
      stake = 0.5
      return
    }
    var low = 0.0
    var high = 0.5
    var guess = stake > low && stake < high ? stake : 0.25
    for _ in 0..<100 {
      let (value, curvature) = slope(at: guess, known)
      let step = value / curvature
      if abs(step) <= 2e-16 { break }
      if value > 0 { low = guess } else { high = guess }
      let next = guess + step
      // Halving also when the curvature is 0, where the step is not a number.
      guess = next > low && next < high ? next : low + (high - low) / 2
    }
    stake = guess
  }

  /// The derivative of the log wealth in η over the first `known` steps, and minus its derivative.
  private func slope(at eta: Double, _ known: Int) -> (value: Double, curvature: Double) {
    var value = 0.0
    var curvature = 0.0
    for index in 0..<known {
      let share = history[index] / (1 + eta * history[index])
      value += share
      curvature += share * share
    }
    return (value, curvature)
  }
}

/// What is done with the p-values of a stream, so that their logarithm is finite.
enum SequentialP {
  /// `p` in [smallest normal number, 1]; NaN counts as 1.
  static func cleaned(_ p: Double) -> Double {
    max(Probability.cleaned(p), Double.leastNormalMagnitude)
  }
}
