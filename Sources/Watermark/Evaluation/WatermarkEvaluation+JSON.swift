import Detector
import Formats

extension WatermarkEvaluation {
  /// Version of the JSON form.
  package static let format = "steering-watermark-evaluation/1"

  /// The evaluation as JSON: docs/schemas/watermark-evaluation.schema.json.
  package var json: JSONValue {
    .object([
      .init("format", .string(Self.format)), .init("texts", .count(textCount)),
      .init("rates", .array(options.rates.map { .number($0) })),
      .init("target", .number(options.target)),
      .init("common_prompts", commonPrompts.map { .count($0) } ?? .null),
      .init("cut_texts", .count(cutTexts)), .init("unchecked_texts", .count(uncheckedTexts)),
      .init("minimum_per_range", .count(options.minimumPerBucket)),
      .init("maximum_ranges", .count(options.maximumBuckets)),
      .init("nulls", .array(nulls.map { $0.json(options.rates) })),
      .init("groups", .array(groups.map { $0.json(options.rates) })),
      .init("false_alarms", .array(falseAlarms.map { $0.json(options.rates) })),
      .init("frontiers", .array(frontiers.map(\.json))),
    ])
  }
}

extension JSONValue {
  fileprivate static func count(_ value: Int) -> JSONValue { .integer(Int64(value)) }

  fileprivate static func real(_ value: Double?) -> JSONValue {
    value.map { $0.isFinite ? .number($0) : .null } ?? .null
  }

  fileprivate static func name(_ value: String?) -> JSONValue { value.map { .string($0) } ?? .null }

  fileprivate static func range(_ value: Interval?) -> JSONValue {
    value.map { .array([.real($0.lower), .real($0.upper)]) } ?? .null
  }

  fileprivate static func range(_ value: ClosedRange<Int>?) -> JSONValue {
    value.map { .array([.count($0.lowerBound), .count($0.upperBound)]) } ?? .null
  }

  fileprivate static func share(_ value: Evaluation.Share?) -> JSONValue {
    guard let value else { return .null }
    return .object([
      .init("count", .count(value.successes)), .init("of", .count(value.trials)),
      .init("share", .real(value.value)), .init("interval", .range(value.interval)),
    ])
  }

  fileprivate static func perplexity(_ value: PerplexityRatio?) -> JSONValue {
    guard let value else { return .null }
    return .object([
      .init("ratio", .real(value.ratio)), .init("interval", .range(value.interval)),
      .init("prompts", .count(value.prompts)),
    ])
  }
}

extension JSONValue {
  fileprivate static func cost(_ value: ExpectedRatio?) -> JSONValue {
    guard let value else { return .null }
    return .object([
      .init("ratio", .real(value.ratio)), .init("interval", .range(value.interval)),
      .init("texts", .count(value.texts)),
    ])
  }
}

extension WatermarkEvaluation.Null {
  fileprivate func json(_ rates: [Double]) -> JSONValue {
    .object([
      .init("statistic", .string(statistic)),
      .init(
        "ranges",
        .array(
          zip(lengths, counts).map {
            .object([.init("tokens", .range($0)), .init("texts", .count($1))])
          })),
      .init("smallest_p", .number(smallestP)), .init("largest_cal_z", .number(largestZ)),
      .init(
        "true_rates",
        .array(
          zip(rates, trueRates).map {
            .object([.init("rate", .number($0)), .init("interval", .range($1))])
          })),
    ])
  }
}

extension WatermarkEvaluation.Flags {
  fileprivate func json(_ rates: [Double]) -> JSONValue {
    .object([
      .init("texts", .count(count)), .init("missing", .count(missing)),
      .init("uncalibrated", .count(uncalibrated)),
      .init(
        "flagged",
        .array(
          zip(rates, shares).map {
            .object([.init("rate", .number($0)), .init("found", .share($1))])
          })),
      .init("mean_cal_z", .real(meanZ)),
    ])
  }
}

extension WatermarkEvaluation.Group {
  fileprivate func json(_ rates: [Double]) -> JSONValue {
    .object([
      .init("role", .string(role.rawValue)), .init("method", .string(method)),
      .init("strength", .real(strength)), .init("attack", .name(attack)),
      .init("is_null", .bool(isNull)), .init("texts", .count(count)),
      .init("quality", quality.json),
      .init(
        "statistics",
        .array(
          detections.map { detection in
            .object([
              .init("statistic", .string(detection.statistic)),
              .init("flags", detection.flags.json(rates)),
              .init(
                "auroc",
                detection.area.map {
                  .object([
                    .init("area", .number($0.value)), .init("interval", .range($0.interval)),
                    .init("unmarked", .count($0.negatives)),
                  ])
                } ?? .null),
            ])
          })),
    ])
  }
}

extension WatermarkEvaluation.Quality {
  fileprivate var json: JSONValue {
    .object([
      .init("perplexity_ratio", .perplexity(perplexity)), .init("expected_ratio", .cost(expected)),
      .init("distinct", .array(distinct.map { .real($0) })), .init("repetition", .real(repetition)),
      .init("mean_tokens", .real(tokens)), .init("seconds_per_token", .real(secondsPerToken)),
      .init("detection_seconds", .real(detectionSeconds)),
    ])
  }
}

extension WatermarkEvaluation.FalseAlarms {
  fileprivate func json(_ rates: [Double]) -> JSONValue {
    .object([
      .init("statistic", .string(statistic)), .init("role", .string(role.rawValue)),
      .init("source", .name(source)), .init("tokens", .range(lengths)),
      .init("flags", flags.json(rates)),
    ])
  }
}

extension Frontier {
  fileprivate var json: JSONValue {
    .object([
      .init("statistic", .string(statistic)), .init("method", .string(method)),
      .init("points", .array(points.map(\.json))),
      .init("reached", reached?.json ?? .null),
      .init(
        "crossing",
        crossing.map {
          .object([
            .init("strength", .real($0.strength)),
            .init("perplexity_ratio", .real($0.perplexityRatio)),
          ])
        } ?? .null),
    ])
  }
}

extension Frontier.Point {
  fileprivate var json: JSONValue {
    .object([
      .init("strength", .real(strength)), .init("found", .share(found)),
      .init("perplexity_ratio", .perplexity(perplexity)),
    ])
  }
}
