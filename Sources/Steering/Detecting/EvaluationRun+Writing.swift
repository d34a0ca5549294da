import Detector
import Formats

extension EvaluationRun {
  /// The evaluation as JSON, `steering-evaluation/1`: docs/schemas/evaluation.schema.json.
  package var json: JSONValue {
    .object([
      .init("format", "steering-evaluation/1"),
      .init(
        "detector",
        .object([
          .init("name", .string(detector.name)), .init("kind", .string(detector.kind.rawValue)),
          .init("dictionary", .string(detector.dictionary.name)),
        ])),
      .init("baseline", baseline.map { .string($0.name) } ?? .null),
      .init("documents", .integer(Int64(evaluation.documentCount))),
      .init("empty_documents", .integer(Int64(evaluation.emptyCount))),
      .init("uncalibrated_documents", .integer(Int64(evaluation.uncalibratedCount))),
      .init("other_split_documents", .integer(Int64(otherSplitCount))),
      .init(
        "tokens",
        .object([
          .init("kept", .integer(Int64(tokens.kept))),
          .init("special", .integer(Int64(tokens.special))),
          .init("sink", .integer(Int64(tokens.sink))),
          .init("undefined", .integer(Int64(tokens.undefined))),
        ])),
      .init(
        "buckets",
        .array(
          evaluation.buckets.map {
            .array([.integer(Int64($0.lowerBound)), .integer(Int64($0.upperBound))])
          })),
      .init("macro_auroc", Self.number(evaluation.macroArea)),
      .init("macro_baseline_auroc", Self.number(evaluation.macroBaselineArea)),
      .init("structures", .array(evaluation.results.map(Self.json))),
      .init("combined", .array(evaluation.combined.map(Self.json))),
    ])
  }

  private static func json(_ result: Evaluation.Result) -> JSONValue {
    var members: [JSONValue.Member] = [.init("name", .string(result.structure))]
    members.append(
      .init(
        "labelled",
        result.discrimination.map { found in
          .object([
            .init("with", .integer(Int64(found.positives))),
            .init("without", .integer(Int64(found.negatives))),
            .init("auroc", .number(found.area)), .init("interval", json(found.areaInterval)),
            .init(
              "tpr_at",
              .array(
                found.points.map { point in
                  .object([
                    .init("fpr", .number(point.falsePositiveRate)),
                    .init("threshold", number(point.threshold)),
                    .init("tpr", json(point.found)),
                  ])
                })),
            .init(
              "youden",
              .object([
                .init("threshold", number(found.youden.threshold)),
                .init("j", .number(found.youden.j)),
                .init("tpr", .number(found.youden.truePositiveRate)),
                .init("fpr", .number(found.youden.falsePositiveRate)),
              ])),
          ])
        } ?? .null))
    members.append(
      .init(
        "baseline",
        result.baseline.map { other in
          .object([
            .init("auroc", .number(other.area)), .init("interval", json(other.areaInterval)),
            .init("difference", .number(other.difference)), .init("p", .number(other.p)),
          ])
        } ?? .null))
    members.append(
      .init(
        "flagged",
        .object(
          Evaluation.Group.allCases.compactMap { group in
            result.flags[group].map { .init(group.rawValue, .array($0.map(json))) }
          })))
    return .object(members)
  }

  private static func json(_ rate: Evaluation.FlagRate) -> JSONValue {
    .object([
      .init("rate", .number(rate.nominal)), .init("flagged", json(rate.flagged)),
      .init("holds_nominal", rate.holdsNominal.map { .bool($0) } ?? .null),
      .init("buckets", .array(rate.buckets.map(json))),
    ])
  }

  private static func json(_ share: Evaluation.Share) -> JSONValue {
    .object([
      .init("count", .integer(Int64(share.successes))), .init("of", .integer(Int64(share.trials))),
      .init("share", number(share.value)), .init("interval", json(share.interval)),
    ])
  }

  private static func json(_ interval: Interval) -> JSONValue {
    .array([.number(interval.lower), .number(interval.upper)])
  }

  /// Null where there is no number, or an infinite one.
  private static func number(_ value: Double?) -> JSONValue {
    guard let value, value.isFinite else { return .null }
    return .number(value)
  }

  /// Writes ``csv``; the file appears complete or not at all.
  ///
  /// - Throws: `inputOutput`.
  public func writeCSV(to path: String) throws(SteeringError) {
    try SteeringError.rendering { () throws(FormatError) in
      let file = try OutputFile.create(path)
      try file.write(csv)
      try file.commit()
    }
  }

  /// One line per structure: areas, the baseline, and realised rates; empty fields where there is nothing.
  package var csv: String {
    var header = [
      "structure", "with", "without", "auroc", "auroc_lower", "auroc_upper", "baseline_auroc",
      "difference", "p",
    ]
    header += Evaluator.falsePositiveRates.map { "tpr_at_\(JSONValue.number($0).serialised())" }
    for group in Evaluation.Group.allCases {
      header += Evaluator.rates.map {
        "\(group.rawValue)_flagged_at_\(JSONValue.number($0).serialised())"
      }
    }
    var lines = [header.joined(separator: ",")]
    for result in evaluation.results {
      let found = result.discrimination
      var cells = [
        CSVCell.text(result.structure), found.map { "\($0.positives)" } ?? "",
        found.map { "\($0.negatives)" } ?? "", Self.text(found?.area),
        Self.text(found?.areaInterval.lower), Self.text(found?.areaInterval.upper),
        Self.text(result.baseline?.area), Self.text(result.baseline?.difference),
        Self.text(result.baseline?.p),
      ]
      for index in Evaluator.falsePositiveRates.indices {
        cells.append(Self.text(found?.points[index].found.value))
      }
      for group in Evaluation.Group.allCases {
        for index in Evaluator.rates.indices {
          cells.append(Self.text(result.flags[group]?[index].flagged.value))
        }
      }
      lines.append(cells.joined(separator: ","))
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func text(_ value: Double?) -> String {
    value.map { JSONValue.number($0).serialised() } ?? ""
  }
}
