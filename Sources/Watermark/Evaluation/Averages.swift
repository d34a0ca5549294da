import Detector
import Glibc

/// Means whose value does not depend on the order in which their numbers came.
enum Averages {
  /// The sum, from the smallest to the largest.
  static func sum(_ values: [Double]) -> Double { values.sorted().reduce(0, +) }

  /// The mean; nil of nothing.
  static func mean(_ values: [Double]) -> Double? {
    values.isEmpty ? nil : sum(values) / Double(values.count)
  }

  /// The 95 % interval of the mean of independent, about normal numbers: mean ± t·s/√n, Student's t with
  /// n − 1 degrees of freedom and the sample deviation s with divisor n − 1; nil of fewer than two.
  static func interval(_ values: [Double]) -> Interval? {
    guard values.count > 1, let mean = mean(values) else { return nil }
    let n = Double(values.count)
    let variance = sum(values.map { ($0 - mean) * ($0 - mean) }) / (n - 1)
    let reach = studentQuantile(freedom: values.count - 1) * (variance / n).squareRoot()
    return Interval(lower: mean - reach, upper: mean + reach)
  }

  /// What |t| of Student's distribution exceeds with probability 0.05.
  ///
  /// P(|t| > q) = I(ν/(ν + q²); ν/2, 1/2): Abramowitz and Stegun 26.7.1.
  static func studentQuantile(freedom: Int) -> Double {
    let freedom = Double(freedom)
    let x = BetaDistribution.quantile(0.05, freedom / 2, 0.5)
    return (freedom * (1 - x) / x).squareRoot()
  }
}

/// How much less likely a plan is expected to make its texts.
public struct ExpectedRatio: Sendable, Equatable {
  /// exp(mean over texts of the expected change of nats per token).
  public var ratio: Double
  /// 95 %, by Student's t on the logarithm, texts being independent; nil with one text.
  public var interval: Interval?
  /// Texts that say it.
  public var texts: Int

  /// From nats per token; nil of nothing.
  init?(_ costs: [Double]) {
    guard let mean = Averages.mean(costs) else { return nil }
    ratio = exp(mean)
    interval = Averages.interval(costs).map { Interval(lower: exp($0.lower), upper: exp($0.upper)) }
    texts = costs.count
  }
}

/// How much less likely a method's texts are than unmarked ones of the same prompts.
public struct PerplexityRatio: Sendable, Equatable {
  /// exp(mean over prompts of [nats per token of the method − nats per token of `none`]).
  public var ratio: Double
  /// 95 %, by Student's t on the logarithm, prompts being independent; nil with one prompt.
  public var interval: Interval?
  /// Prompts that have texts of both.
  public var prompts: Int

  /// From nats per token of texts by prompt; several of one prompt are averaged. nil without a common
  /// prompt.
  init?(_ method: [String: [Double]], over unmarked: [String: [Double]]) {
    let differences = method.compactMap { id, values -> Double? in
      guard let mine = Averages.mean(values), let other = unmarked[id].flatMap(Averages.mean)
      else { return nil }
      return mine - other
    }
    guard let mean = Averages.mean(differences) else { return nil }
    ratio = exp(mean)
    interval = Averages.interval(differences).map {
      Interval(lower: exp($0.lower), upper: exp($0.upper))
    }
    prompts = differences.count
  }
}
