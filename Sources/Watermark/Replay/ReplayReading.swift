/// How much likelier a steered model makes a text than the plain one: the evidence of a mark by its own plan.
///
/// With p the plain and q the steered model's next-token distribution over the whole vocabulary, and
/// ℓₜ(v) = ln qₜ(v) − ln pₜ(v), the host that has the logits sums, over the text's tokens xₜ, what is named
/// below. Where xₜ was drawn from pₜ, the innovations ℓₜ(xₜ) − E ℓₜ are a martingale difference sequence with
/// the variances that are summed, so ``z`` is close to N(0, 1), whatever the text's length. A text that this
/// model did not write, or wrote at another temperature, has another null: ``ReplayNulls``.
public struct ReplayReading: Sendable, Equatable {
  /// Tokens that were read, T.
  public var tokens: Int
  /// Σ ℓₜ(xₜ) − E_{p}ℓₜ, in nats.
  public var innovation: Double
  /// Σ Var_{p} ℓₜ, in nats².
  public var variance: Double
  /// Σ ℓₜ(xₜ) = ln Π qₜ(xₜ)/pₜ(xₜ), in nats.
  ///
  /// exp of it is an e-value for "drawn from p at temperature 1": a likelihood ratio has mean 1 then, and by
  /// Ville's inequality it ever reaches 1/α, however often one looks, with probability α at most. It says
  /// nothing of text that was drawn otherwise.
  public var logRatio: Double
  /// What the bank's amounts were multiplied by in the plan of the steered model; 1 for the amounts themselves.
  ///
  /// The z of unmarked text depends on it, so that a reading has a p-value among null texts of its strength alone.
  public var strength: Double

  /// A reading.
  public init(
    tokens: Int = 0, innovation: Double = 0, variance: Double = 0, logRatio: Double = 0,
    strength: Double = 1
  ) {
    self.strength = strength
    self.tokens = tokens
    self.innovation = innovation
    self.variance = variance
    self.logRatio = logRatio
  }

  /// innovation/√variance; 0 where the variance is 0 or a number is not finite.
  public var z: Double {
    guard variance > 0, variance.isFinite, innovation.isFinite else { return 0 }
    return innovation / variance.squareRoot()
  }
}
