import Detector
import Glibc
import Testing
import Watermark

/// What a reader is told beside the figures.
@Suite struct WatermarkNotesTests {
  private static func evaluate(
    nullCount: Int, _ texts: [ScoredText], _ rates: [Double] = [0.1, 0.05, 0.001]
  ) throws -> WatermarkEvaluation {
    var options = WatermarkEvaluation.Options()
    options.rates = rates
    options.minimumPerBucket = 1
    options.maximumBuckets = 1
    let evaluator = try WatermarkEvaluator(options)
    for number in 0..<nullCount {
      try evaluator.add(
        ScoredText(
          id: "n\(number)", method: "human", role: .unmarked, split: "null", tokens: 10,
          statistics: ["s": Double(number)]))
    }
    for text in texts { try evaluator.add(text) }
    return try evaluator.finish()
  }

  private static func text(
    _ id: String, _ method: String, nats: Double? = nil, cost: Double? = nil,
    text: String? = nil
  ) -> ScoredText {
    ScoredText(
      id: id, method: method, role: method == "none" ? .unmarked : .marked, text: text, tokens: 10,
      logLikelihood: nats.map { -10 * $0 }, costPerToken: cost,
      statistics: method == "none" ? [:] : ["s": 3])
  }

  /// Of 99 null texts the 10 largest are at or above a threshold at 10 %: Beta(10, 90), whose quantiles are
  /// 0.0495109 and 0.1655690; at 5 % Beta(5, 95): 0.0165999 and 0.1002279 (SciPy).
  @Test func trueRatesSpread() throws {
    let evaluation = try Self.evaluate(nullCount: 99, [Self.text("a", "m")])
    let null = try #require(evaluation.nulls.first)
    let first = try #require(null.trueRates[0])
    #expect(abs(first.lower - 0.049510872) < 1e-7 && abs(first.upper - 0.165568976) < 1e-7)
    let second = try #require(null.trueRates[1])
    #expect(abs(second.lower - 0.016599911) < 1e-7 && abs(second.upper - 0.100227907) < 1e-7)
    #expect(null.trueRates[2] == nil)
    #expect(
      evaluation.notes.contains {
        $0.hasPrefix("'s': with 99 null texts of a length the true false-alarm rate is")
          && $0.hasSuffix("4.95–16.56 % at a nominal 10 %, 1.66–10.02 % at a nominal 5 %")
      }, "\(evaluation.notes)")
  }

  /// 3.09 standard deviations are as far as 1,000 texts can tell.
  @Test func largestZIsSaid() throws {
    let evaluation = try Self.evaluate(nullCount: 1000, [Self.text("a", "m")])
    #expect(evaluation.nulls.first?.largestZ == CalibratedZ.z(ofP: 1 / 1001.0))
    #expect(
      evaluation.notes.contains("'s': cal z is at most 3.09 with 1000 null texts of a length"))
  }

  @Test func promptsAreCountedAndCompared() throws {
    var texts = ["a", "b", "c"].map { Self.text($0, "none", nats: 2) }
    texts += [Self.text("a", "m", nats: 2), Self.text("b", "m", nats: 2)]
    let same = try Self.evaluate(
      nullCount: 9, texts + [Self.text("a", "o", nats: 2), Self.text("b", "o", nats: 3)])
    #expect(same.commonPrompts == nil)
    #expect(!same.notes.contains { $0.contains("different prompts") })
    let other = try Self.evaluate(
      nullCount: 9, texts + [Self.text("c", "o", nats: 2), Self.text("b", "o", nats: 3)])
    #expect(other.commonPrompts == 1)
    #expect(
      other.notes.contains(
        "perplexity ratios of marked texts are over different prompts, of which all have 1"))
    let table = try #require(other.tables.first { $0.header.contains("prompts") })
    let column = try #require(table.header.firstIndex(of: "prompts"))
    #expect(table.rows.map { $0[column] } == ["2", "2", "–", "–"])
    // A method without nats has no ratio that could be compared.
    #expect(try Self.evaluate(nullCount: 9, texts + [Self.text("c", "o")]).commonPrompts == nil)
  }

  /// Costs of 0.1, 0.2 and 0.6 nats per token; t of two degrees of freedom is 4.302652729911275 (SciPy).
  @Test func expectedRatioByHand() throws {
    let costs = [0.1, 0.2, 0.6]
    let evaluation = try Self.evaluate(
      nullCount: 9,
      costs.enumerated().map { Self.text("p\($0)", "m", cost: $1) } + [Self.text("q", "m")])
    let found = try #require(evaluation.groups.first?.quality.expected)
    #expect(found.texts == 3)
    #expect(abs(found.ratio - exp(0.3)) < 1e-12)
    let reach = 4.302652729911275 * (0.14 / 2 / 3).squareRoot()
    let interval = try #require(found.interval)
    #expect(abs(interval.lower - exp(0.3 - reach)) < 1e-10)
    #expect(abs(interval.upper - exp(0.3 + reach)) < 1e-10)
    let table = try #require(evaluation.tables.first { $0.header.contains("expected ratio") })
    let column = try #require(table.header.firstIndex(of: "expected ratio"))
    #expect(table.rows.first?[column].hasPrefix("1.350 [") == true)
    #expect(table.rows.last?[column] == "–")
  }

  @Test func cutTextsAreSaid() throws {
    let long = String(repeating: "a ", count: WordStatistics.wordLimit + 1)
    let evaluation = try Self.evaluate(
      nullCount: 9, [Self.text("a", "m", text: long), Self.text("b", "m", text: "a b")])
    #expect(evaluation.cutTexts == 1)
    #expect(evaluation.notes.contains { $0.hasPrefix("1 texts have more than 100000 words") })
  }
}
