import Glibc

/// A wealth process that bets with the decreasing density that fits the past p-values best.
///
/// The factor of step t is f̂ₜ₋₁(pₜ). f̂ is the step density that maximises
/// ½ ln f(0) + ½ ln f(1) + Σ_{s<t} ln f(pₛ) over the decreasing densities on [0, 1] whose steps are at past
/// p-values. Exactly: let 0 < x₁ < … < xₖ < 1 be the distinct past values below 1, cₗ how often each came,
/// and c₊ how often 1 came. The bins are (0, x₁], (x₁, x₂], …, (xₖ₋₁, xₖ], (xₖ, 1], with the masses c₁ + ½,
/// c₂, …, cₖ, c₊ + ½; with no value below 1 the one bin (0, 1] holds all. Neighbours whose densities, mass
/// over width, would increase are pooled (pool adjacent violators), and a bin's density is its mass over t
/// times its width. f̂ integrates to 1, decreases, is never 0, and is 1 at the first step. p belongs to the
/// bin that it is the right end of.
/// Since f̂ is known before pₜ, the wealth is under the null a non-negative supermartingale of start 1.
/// After `capacity` steps f̂ stays what it is then: still known beforehand, so still valid.
/// A p of 0, or below the smallest normal number, counts as that number; above 1, and NaN, as 1.
/// Source: Su, Wang, Zhao, arXiv 2602.14286v2; arXiv 2602.08927 (online Grenander); Grenander,
/// Skandinavisk Aktuarietidskrift 39 (1956).
public struct GrenanderProcess: Sendable {
  /// ln of the wealth: 0 at the start.
  public private(set) var logWealth = 0.0
  /// Steps taken.
  public private(set) var count = 0

  /// The past values below 1, ascending, with repeats; as long as the capacity, filled from the front.
  private var past: ContiguousArray<Double>
  /// How many of `past` are filled.
  private var below = 0
  /// Steps that f̂ has learnt from: t − 1.
  private var learnt = 0
  /// Right ends and masses of the pooled bins, from the left; `bins` of them.
  private var ends: ContiguousArray<Double>
  private var masses: ContiguousArray<Double>
  private var bins = 1

  /// A process of wealth 1 that learns from its first `capacity` steps; `capacity` must be above 0.
  public init(capacity: Int = 1024) {
    precondition(capacity > 0, "capacity is \(capacity), expected above 0")
    past = ContiguousArray(repeating: 0, count: capacity)
    ends = ContiguousArray(repeating: 1, count: capacity + 1)
    masses = ContiguousArray(repeating: 1, count: capacity + 1)
  }

  /// f̂ at `p`: the factor that this p would get as the next one.
  /// - Complexity: O(log count).
  public func density(at p: Double) -> Double {
    let p = SequentialP.cleaned(p)
    var low = 0
    var high = bins - 1
    while low < high {
      let middle = (low + high) / 2
      if ends[middle] < p { low = middle + 1 } else { high = middle }
    }
    return masses[low] / Double(learnt + 1) / width(low)
  }

  /// The pooled bins from the left: right end and density of each.
  package var steps: [(end: Double, density: Double)] {
    (0..<bins).map { (ends[$0], masses[$0] / Double(learnt + 1) / width($0)) }
  }

  /// Multiplies the wealth by f̂ at `p`, then learns from it; never allocates.
  /// - Complexity: O(count); O(log capacity) after `capacity` steps.
  public mutating func update(p: Double) {
    let p = SequentialP.cleaned(p)
    logWealth += log(density(at: p))
    count += 1
    guard learnt < past.count else { return }
    learnt += 1
    if p < 1 { insert(p) }
    pool()
  }

  /// Back to the start, keeping the storage.
  public mutating func reset() {
    (logWealth, count, below, learnt, bins) = (0, 0, 0, 0, 1)
    (ends[0], masses[0]) = (1, 1)
  }

  /// Takes over the state of a process of the same capacity; allocates nothing.
  package mutating func assign(_ other: GrenanderProcess) {
    precondition(past.count == other.past.count, "processes of different capacity")
    for index in 0..<other.below { past[index] = other.past[index] }
    for index in 0..<other.bins {
      (ends[index], masses[index]) = (other.ends[index], other.masses[index])
    }
    (logWealth, count, below, learnt, bins) =
      (other.logWealth, other.count, other.below, other.learnt, other.bins)
  }

  private func width(_ bin: Int) -> Double {
    bin == 0 ? ends[0] : ends[bin] - ends[bin - 1]
  }

  /// Puts `p` where it belongs among the past values.
  private mutating func insert(_ p: Double) {
    var place = below
    while place > 0, past[place - 1] > p {
      past[place] = past[place - 1]
      place -= 1
    }
    past[place] = p
    below += 1
  }

  /// Builds the bins from the past values, pooling from the left.
  private mutating func pool() {
    bins = 0
    var first = 0
    while first < below {
      var last = first + 1
      while last < below, past[last] == past[first] { last += 1 }
      append(end: past[first], mass: Double(last - first) + (first == 0 ? 0.5 : 0))
      first = last
    }
    append(end: 1, mass: Double(learnt - below) + (below == 0 ? 1 : 0.5))
  }

  /// Adds a bin on the right and pools it with those on its left that are not denser.
  private mutating func append(end: Double, mass: Double) {
    ends[bins] = end
    masses[bins] = mass
    bins += 1
    while bins > 1, masses[bins - 2] / width(bins - 2) <= masses[bins - 1] / width(bins - 1) {
      ends[bins - 2] = ends[bins - 1]
      masses[bins - 2] += masses[bins - 1]
      bins -= 1
    }
  }
}
