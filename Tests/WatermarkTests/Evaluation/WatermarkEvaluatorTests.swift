import Detector
import Formats
import Glibc
import Testing
import Watermark

@Suite struct WatermarkEvaluatorTests {
  /// 19 null texts of 10 tokens that score 1 to 19: p = (1 + #{null ≥ score}) / 20.
  private static let null = (1...19).map {
    ScoredText(
      id: "n\($0)", method: "human", role: .unmarked, split: "null", tokens: 10,
      statistics: ["s": Double($0)])
  }

  private static func options(_ rates: [Double] = [0.1, 0.05, 0.04]) -> WatermarkEvaluation.Options
  {
    var options = WatermarkEvaluation.Options()
    options.rates = rates
    options.minimumPerBucket = 1
    options.maximumBuckets = 1
    return options
  }

  private static func marked(
    _ id: String, _ score: Double, strength: Double? = nil, tokens: Int = 10, nats: Double? = nil,
    method: String = "m", role: ScoredText.Role = .marked, attack: String? = nil
  ) -> ScoredText {
    ScoredText(
      id: id, method: method, strength: strength, role: role, attack: attack, tokens: tokens,
      logLikelihood: nats.map { -$0 * Double(tokens) }, statistics: ["s": score])
  }

  private static func evaluate(
    _ texts: [ScoredText], _ options: WatermarkEvaluation.Options = options()
  ) throws -> WatermarkEvaluation {
    let evaluator = try WatermarkEvaluator(options)
    for text in texts { try evaluator.add(text) }
    return try evaluator.finish()
  }

  /// Scores of 20, 19, 18 and 1 have p of 1/20, 2/20, 3/20 and 20/20.
  @Test func flagsByHand() throws {
    let evaluation = try Self.evaluate(
      Self.null + [20, 19, 18, 1].map { Self.marked("p\($0)", $0) })
    let flags = try #require(evaluation.groups.first?.detections.first?.flags)
    #expect(flags.shares.map { $0?.successes } == [2, 1, nil])
    #expect(flags.shares[0]?.interval == BinomialInterval.wilson(2, of: 4))
    let z = [0.05, 0.1, 0.15].map { -Normal.quantile($0) }.reduce(0, +) - 5
    #expect(abs(try #require(flags.meanZ) - z / 4) < 1e-14)
    #expect(evaluation.nulls.first?.smallestP == 0.05)
    #expect(evaluation.notes.contains { $0.contains("too few for a rate of 4 %") })
    #expect(evaluation.groups.first?.detections.first?.area == nil, "nothing unmarked is judged")
  }

  @Test func otherLengthsAreNeverFlagged() throws {
    let evaluation = try Self.evaluate(
      Self.null + [Self.marked("a", 50, tokens: 9), Self.marked("b", 50)])
    let flags = try #require(evaluation.groups.first?.detections.first?.flags)
    #expect(flags.count == 2 && flags.uncalibrated == 1)
    #expect(flags.shares[0]?.successes == 1)
    #expect(flags.meanZ == -Normal.quantile(0.05))
    #expect(
      evaluation.notes.contains { $0.hasPrefix("1 marked, attacked or forged texts with 's' are") })
  }

  @Test func withoutANullThereAreNoFlags() throws {
    let evaluation = try Self.evaluate([
      Self.marked("a", 2), Self.marked("b", 0, method: "none", role: .unmarked),
    ])
    let detection = try #require(evaluation.groups.first?.detections.first)
    #expect(detection.flags.shares == [nil, nil, nil])
    #expect(detection.flags.meanZ == nil)
    #expect(detection.area?.value == 1)
    #expect(evaluation.frontiers.first?.reached == nil)
    #expect(evaluation.tables.last?.rows.first?[2] == "unknown")
    #expect(evaluation.notes.count == 1)
  }

  /// Nats per token of 2.1, 2.3 and (2.6 + 2.8)/2 against 2, 2 and 2.5: differences 0.1, 0.3, 0.2; what
  /// has no partner does not count. t of two degrees of freedom is 4.302652729911275 (SciPy).
  @Test func perplexityByHand() throws {
    func plain(_ id: String, _ nats: Double) -> ScoredText {
      Self.marked(id, 0, nats: nats, method: "none", role: .unmarked)
    }
    let evaluation = try Self.evaluate([
      plain("a", 2), plain("b", 2), plain("c", 2.5), plain("d", 9),
      Self.marked("a", 0, nats: 2.1), Self.marked("b", 0, nats: 2.3),
      Self.marked("c", 0, nats: 2.6), Self.marked("c", 0, nats: 2.8),
      Self.marked("e", 0, nats: 7), Self.marked("d", 0), Self.marked("d", 0, tokens: 0, nats: 1),
    ])
    let ratio = try #require(evaluation.groups.first?.quality.perplexity)
    #expect(ratio.prompts == 3)
    #expect(abs(ratio.ratio - exp(0.2)) < 1e-12)
    let reach = 4.302652729911275 * 0.1 / 3.0.squareRoot()
    let interval = try #require(ratio.interval)
    #expect(abs(interval.lower - exp(0.2 - reach)) < 1e-10)
    #expect(abs(interval.upper - exp(0.2 + reach)) < 1e-10)
    #expect(evaluation.groups.last?.quality.perplexity == nil, "none is not compared with itself")
  }

  /// 0 of 2, 1 of 2 and 2 of 2 are found at strengths 1, 2 and 4: a target of 0.75 is crossed half way
  /// between 2 and 4, where the logarithm of the ratio is between 0.2 and 0.4.
  @Test func matchingByHand() throws {
    var texts = Self.null
    for id in ["a", "b"] {
      texts.append(Self.marked(id, 0, nats: 2, method: "none", role: .unmarked))
    }
    for (strength, scores) in [(4.0, [30.0, 30]), (1, [0, 0]), (2, [30, 0])] {
      for (id, score) in zip(["a", "b"], scores) {
        texts.append(Self.marked(id, score, strength: strength, nats: 2 + strength / 10))
      }
    }
    var options = Self.options()
    options.target = 0.75
    let frontier = try #require(try Self.evaluate(texts, options).frontiers.first)
    #expect(frontier.points.map { $0.found?.successes } == [0, 1, 2])
    #expect(frontier.reached?.strength == 4)
    #expect(frontier.crossing?.strength == 3)
    #expect(abs(try #require(frontier.crossing?.perplexityRatio) - exp(0.3)) < 1e-12)
    options.target = 0.5
    #expect(try Self.evaluate(texts, options).frontiers.first?.crossing?.strength == 2)
    let weak = texts.filter { $0.strength != 4 }
    #expect(try Self.evaluate(weak).frontiers.first?.reached == nil)
    let strong = texts.filter { ![1, 2].contains($0.strength) }
    #expect(try Self.evaluate(strong).frontiers.first?.reached?.strength == 4)
    #expect(try Self.evaluate(strong).frontiers.first?.crossing == nil)
  }

  @Test func spoofsStandBesideAttacks() throws {
    let evaluation = try Self.evaluate(
      Self.null + [
        Self.marked("a", 30, strength: 2, role: .attacked, attack: "swap"),
        Self.marked("a", 30, role: .spoof), Self.marked("a", 30, role: .wrongKey),
      ])
    #expect(evaluation.groups.map(\.role) == [.unmarked, .attacked, .wrongKey, .spoof])
    #expect(evaluation.groups[0].detections.isEmpty, "null texts are not judged")
    #expect(evaluation.falseAlarms.map(\.role) == [.wrongKey, .wrongKey])
    #expect(evaluation.tables.contains { $0.rows.contains { $0.contains("spoof") } })
    #expect(evaluation.frontiers.isEmpty)
  }

  /// Texts in any order give the same bytes.
  @Test func orderChangesNothing() throws {
    var texts = Self.null
    for number in 0..<40 {
      let id = "p\(number % 13)"
      let nats = 2 + Double(number) / 7
      texts.append(
        Self.marked(
          id, Double(number * 7 % 23), strength: Double(number % 3), nats: nats,
          method: "m\(number % 2)"))
      texts.append(
        Self.marked(id, Double(number % 19), nats: nats / 1.1, method: "none", role: .unmarked))
    }
    let json = try Self.evaluate(texts).json.serialised()
    #expect(try Self.evaluate(texts.reversed()).json.serialised() == json)
    let halves = Array(texts[31...] + texts[..<31])
    #expect(try Self.evaluate(halves).json.serialised() == json)
  }

  @Test func optionsAreChecked() {
    func refuses(_ change: (inout WatermarkEvaluation.Options) -> Void) -> Bool {
      var options = WatermarkEvaluation.Options()
      change(&options)
      return (try? WatermarkEvaluator(options)) == nil
    }
    #expect(!refuses { _ in })
    #expect(refuses { $0.rates = [] })
    #expect(refuses { $0.rates = [0.01, 0.1] })
    #expect(refuses { $0.rates = [0.1, 0.1] })
    #expect(refuses { $0.rates = [1] })
    #expect(refuses { $0.rates = [.nan] })
    #expect(refuses { $0.target = 0 })
    #expect(refuses { $0.target = 1.01 })
    #expect(refuses { $0.minimumPerBucket = 0 })
    #expect(refuses { $0.maximumBuckets = 0 })
  }
}
