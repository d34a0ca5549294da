import Glibc

/// Wald's sequential test between "nothing" and one stated strength of effect.
///
/// The log likelihood ratio L starts at 0 and gets δz − δ²/2 per step, that of N(δ, 1) against N(0, 1). It
/// rejects the null once L ≥ ln((1 − β)/α), accepts it once L ≤ ln(β/(1 − α)), and stays decided. Wald's bounds
/// are approximations: the false alarm rate is at most α/(1 − β), the miss rate at most β/(1 − α). Needs
/// independent z that are standard normal under the null; unlike `EProcess` it can also accept.
/// Source: Wald, Annals of Mathematical Statistics 16 (1945).
public struct SPRT: Sendable, Equatable {
  /// What the steps so far allow to say.
  public enum Decision: String, Sendable, Equatable {
    /// Neither bound has been reached.
    case continuing
    /// The lower bound came first: nothing is there.
    case accepts
    /// The upper bound came first: the effect is there.
    case rejects
  }

  /// The wanted false alarm rate, α.
  public let falseAlarmRate: Double
  /// The wanted miss rate, β.
  public let missRate: Double
  /// δ: the mean of z under the alternative, in standard deviations.
  public let drift: Double
  /// L, at the step of the decision once there is one.
  public private(set) var logLikelihoodRatio = 0.0
  /// Steps taken, those after the decision included.
  public private(set) var count = 0
  /// What has been decided.
  public private(set) var decision = Decision.continuing

  /// A test at the start. α and β must be above 0 with a sum below 1, δ finite and above 0.
  public init(falseAlarmRate: Double = 0.01, missRate: Double = 0.05, drift: Double = 1) {
    precondition(
      falseAlarmRate > 0 && missRate > 0 && falseAlarmRate + missRate < 1,
      "rates are \(falseAlarmRate) and \(missRate), expected above 0 with a sum below 1")
    precondition(drift > 0 && drift.isFinite, "drift is \(drift), expected finite and above 0")
    self.falseAlarmRate = falseAlarmRate
    self.missRate = missRate
    self.drift = drift
  }

  /// The value of L at which the null is rejected: ln((1 − β)/α).
  public var rejectionBound: Double { log((1 - missRate) / falseAlarmRate) }

  /// The value of L at which the null is accepted: ln(β/(1 − α)).
  public var acceptanceBound: Double { log(missRate / (1 - falseAlarmRate)) }

  /// Takes the z of the next block; one that is not finite is no evidence either way.
  public mutating func update(z: Double) {
    update(logLikelihoodRatio: z.isFinite ? drift * z - drift * drift / 2 : 0)
  }

  /// Takes the log likelihood ratio of the next block, of any model; NaN and infinities count as 0.
  public mutating func update(logLikelihoodRatio step: Double) {
    count += 1
    guard decision == .continuing, step.isFinite else { return }
    logLikelihoodRatio += step
    if logLikelihoodRatio >= rejectionBound {
      decision = .rejects
    } else if logLikelihoodRatio <= acceptanceBound {
      decision = .accepts
    }
  }

  /// Back to the start.
  public mutating func reset() {
    (logLikelihoodRatio, count, decision) = (0, 0, .continuing)
  }
}
