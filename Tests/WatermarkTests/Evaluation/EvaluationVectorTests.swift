import Detector
import Formats
import Foundation
import Testing
import Watermark

/// The evaluation of `vectors/watermark/evaluation`, against NumPy, SciPy and scikit-learn.
@Suite struct EvaluationVectorTests {
  private static let folder: String = {
    let root =
      ProcessInfo.processInfo.environment["STEERING_VECTORS"]
      ?? URL(fileURLWithPath: #filePath).appendingPathComponent("../../../../vectors")
      .standardized.path
    return root + "/watermark/evaluation"
  }()

  private func evaluate() throws -> WatermarkEvaluation {
    let case_ = try JSONValue.read(path: Self.folder + "/case.json")
    var options = WatermarkEvaluation.Options()
    options.rates = try #require(case_["rates"]?.asArray).map { try #require($0.asDouble) }
    options.target = try #require(case_["target"]?.asDouble)
    options.minimumPerBucket = try #require(case_["minimum"]?.asInt)
    return try WatermarkEvaluation(paths: [Self.folder + "/scored.jsonl"], options: options)
  }

  private func expected() throws -> JSONValue {
    try JSONValue.read(path: Self.folder + "/expected.json")
  }

  @Test func nullsAreCutByLength() throws {
    let null = try #require(try evaluate().nulls.first)
    let expected = try expected()
    #expect(null.statistic == "alpha")
    let ranges = try #require(expected["nulls"]?["ranges"]?.asArray)
    #expect(null.lengths.map { [$0.lowerBound, $0.upperBound] } == ranges.map(Self.integers))
    #expect(null.counts == Self.integers(expected["nulls"]?["texts"]))
    #expect(null.smallestP == 1.0 / 51)
  }

  @Test func groupsAreTheOracles() throws {
    let evaluation = try evaluate()
    let groups = try #require(try expected()["groups"]?.asArray)
    #expect(groups.count == 4)
    for group in groups {
      let found = try #require(
        evaluation.groups.first {
          $0.role.rawValue == group["role"]?.asString && $0.strength == group["strength"]?.asDouble
            && $0.attack == group["attack"]?.asString
        })
      let detection = try #require(found.detections.first)
      check(detection.flags, group["flags"])
      check(detection.area?.value, group["auroc"]?["area"])
      check(detection.area?.interval, group["auroc"]?["interval"])
      #expect(detection.area?.negatives == 60)
      let perplexity = group["perplexity_ratio"]
      check(found.quality.perplexity?.ratio, perplexity?["ratio"])
      check(found.quality.perplexity?.interval, perplexity?["interval"])
      #expect(found.quality.perplexity?.prompts == perplexity?["prompts"]?.asInt)
      for (share, value) in zip(found.quality.distinct, try #require(group["distinct"]?.asArray)) {
        check(share, value)
      }
      check(found.quality.repetition, group["repetition"])
      check(found.quality.tokens, group["mean_tokens"])
      check(found.quality.secondsPerToken, group["seconds_per_token"])
    }
  }

  @Test func falseAlarmsAreTheOracles() throws {
    let evaluation = try evaluate()
    let rows = try #require(try expected()["false_alarms"]?.asArray)
    try #require(evaluation.falseAlarms.count == rows.count)
    for (found, row) in zip(evaluation.falseAlarms, rows) {
      #expect(found.role.rawValue == row["role"]?.asString)
      #expect(found.source == row["source"]?.asString)
      let ends = found.lengths.map { [$0.lowerBound, $0.upperBound] } ?? []
      #expect(ends == Self.integers(row["tokens"]))
      check(found.flags, row["flags"])
    }
  }

  @Test func matchingIsTheOracles() throws {
    let frontier = try #require(try evaluate().frontiers.first)
    let expected = try expected()
    #expect(frontier.points.map(\.strength) == [1, 2, 4])
    #expect(frontier.reached?.strength == expected["reached"]?.asDouble)
    check(frontier.crossing?.strength, expected["crossing"]?["strength"])
    check(frontier.crossing?.perplexityRatio, expected["crossing"]?["perplexity_ratio"])
  }

  private static func integers(_ value: JSONValue?) -> [Int] {
    (value?.asArray ?? []).compactMap(\.asInt)
  }

  private func check(
    _ found: Double?, _ expected: JSONValue?, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    guard let found, let number = expected?.asDouble else {
      #expect(
        found == nil && expected?.isNull == true, "\(String(describing: found))",
        sourceLocation: sourceLocation)
      return
    }
    #expect(
      abs(found - number) <= 1e-12 + 1e-10 * abs(number), "\(found), expected \(number)",
      sourceLocation: sourceLocation)
  }

  private func check(_ found: Interval?, _ expected: JSONValue?) {
    let ends = expected?.asArray ?? []
    check(found?.lower, ends.first)
    check(found?.upper, ends.last)
  }

  private func check(_ found: WatermarkEvaluation.Flags, _ expected: JSONValue?) {
    #expect(found.count == expected?["texts"]?.asInt)
    #expect(found.uncalibrated == expected?["uncalibrated"]?.asInt)
    check(found.meanZ, expected?["mean_cal_z"])
    let shares = expected?["shares"]?.asArray ?? []
    #expect(found.shares.count == shares.count)
    for (share, value) in zip(found.shares, shares) {
      #expect((share == nil) == value.isNull)
      guard let share else { continue }
      #expect(share.successes == value["count"]?.asInt)
      #expect(share.trials == value["of"]?.asInt)
      check(share.interval, value["interval"])
    }
  }
}
