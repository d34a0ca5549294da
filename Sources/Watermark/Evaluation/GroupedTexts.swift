import Detector

/// The numbers of one group's texts.
struct GroupedTexts {
  private(set) var count = 0
  /// Texts of which not all words were counted.
  private(set) var cutCount = 0
  /// Texts that are not given.
  private(set) var bareCount = 0
  /// Nats per token by prompt.
  private(set) var nats: [String: [Double]] = [:]
  /// Values by statistic.
  private(set) var values: [String: [StatisticNull.Value]] = [:]
  private var tokens: [Double] = []
  private var distinct: [[Double]] = [[], [], []]
  private var repetition: [Double] = []
  private var seconds: [Double] = []
  private var timedTokens: [Double] = []
  private var detectionSeconds: [Double] = []
  private var costs: [Double] = []

  mutating func add(_ text: TakenText) {
    count += 1
    tokens.append(Double(text.tokens))
    if let words = text.words {
      for (place, share) in words.distinct.enumerated() {
        if let share { distinct[place].append(share) }
      }
      if let share = words.repetition { repetition.append(share) }
      if words.isCut { cutCount += 1 }
    } else {
      bareCount += 1
    }
    if let own = text.nats { nats[text.id, default: []].append(own) }
    if text.tokens > 0, let time = text.seconds {
      seconds.append(time)
      timedTokens.append(Double(text.tokens))
    }
    if let time = text.detectionSeconds { detectionSeconds.append(time) }
    if let cost = text.costPerToken { costs.append(cost) }
    for (name, scored) in text.statistics {
      values[name, default: []].append(
        StatisticNull.Value(score: scored.score, tokens: scored.tokens, source: text.source))
    }
  }

  /// What they are like, beside unmarked texts' nats per token by prompt.
  func quality(over plain: [String: [Double]]) -> WatermarkEvaluation.Quality {
    let timed = Averages.sum(timedTokens)
    return WatermarkEvaluation.Quality(
      perplexity: PerplexityRatio(nats, over: plain), expected: ExpectedRatio(costs),
      distinct: distinct.map(Averages.mean), repetition: Averages.mean(repetition),
      tokens: Averages.mean(tokens) ?? 0,
      secondsPerToken: timed > 0 ? Averages.sum(seconds) / timed : nil,
      detectionSeconds: Averages.mean(detectionSeconds))
  }
}
