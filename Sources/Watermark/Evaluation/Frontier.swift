import Detector
import Glibc

/// What a method's strengths buy and cost, as one statistic sees it.
public struct Frontier: Sendable, Equatable {
  /// One strength.
  public struct Point: Sendable, Equatable {
    /// The method's strength.
    public var strength: Double?
    /// Marked texts that are flagged at the first rate; nil where no p-value can be that small.
    public var found: Evaluation.Share?
    /// Against unmarked texts of the same prompts; nil without such.
    public var perplexity: PerplexityRatio?
  }

  /// Where the share that is found crosses the target between two strengths.
  public struct Crossing: Sendable, Equatable {
    /// By a straight line between the shares found at the strengths around it.
    public var strength: Double
    /// By a straight line between the logarithms of the ratios there; nil where one is missing.
    public var perplexityRatio: Double?
  }

  /// The statistic's name.
  public var statistic: String
  /// The method's name.
  public var method: String
  /// By ascending strength.
  public var points: [Point]
  /// The smallest strength that reaches the target; nil where none does.
  public var reached: Point?
  /// Where the target is crossed just below it; nil where no strength reaches it or none lies below.
  public var crossing: Crossing?

  init(statistic: String, method: String, points: [Point], target: Double) {
    self.statistic = statistic
    self.method = method
    self.points = points.sorted {
      ($0.strength ?? -.infinity) < ($1.strength ?? -.infinity)
    }
    guard
      let place = self.points.firstIndex(where: { ($0.found?.value ?? -1) >= target })
    else { return }
    reached = self.points[place]
    guard place > 0 else { return }
    crossing = Self.crossing(self.points[place - 1], self.points[place], at: target)
  }

  private static func crossing(_ below: Point, _ above: Point, at target: Double) -> Crossing? {
    guard let from = below.strength, let to = above.strength, let low = below.found?.value,
      let high = above.found?.value
    else { return nil }
    let part = (target - low) / (high - low)
    var ratio: Double?
    if let first = below.perplexity?.ratio, let second = above.perplexity?.ratio {
      ratio = exp(log(first) + part * (log(second) - log(first)))
    }
    return Crossing(strength: from + part * (to - from), perplexityRatio: ratio)
  }
}
