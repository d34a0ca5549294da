import Detector

extension WatermarkEvaluation {
  /// The evaluation as tables; those without a row are left out.
  package var tables: [EvaluationTable] {
    [detectionTable, qualityTable, falseAlarmTable, attackTable, matchTable].filter {
      !$0.rows.isEmpty
    }
  }

  private var rateColumns: [String] { options.rates.map { "at \(Cells.percent($0))" } }

  private var detectionTable: EvaluationTable {
    var table = EvaluationTable(
      title: "found at nominal false-alarm rates, in %, with 95 % intervals given this null",
      header: ["method", "strength", "statistic", "texts"] + rateColumns + ["AUROC", "mean cal z"],
      nameCount: 3)
    for group in groups where group.role == .marked {
      for detection in group.detections {
        table.rows.append(
          [
            group.method, Cells.strength(group.strength), detection.statistic,
            "\(detection.flags.count)",
          ] + detection.flags.shares.map(Cells.share)
            + [
              Cells.number(detection.area?.value, 4, detection.area?.interval),
              Cells.number(detection.flags.meanZ, 2),
            ])
      }
    }
    return table
  }

  private var qualityTable: EvaluationTable {
    var table = EvaluationTable(
      title: "what the texts are like; perplexity against unmarked texts of the same prompts",
      header: [
        "method", "strength", "texts", "perplexity ratio", "prompts", "expected ratio",
        "distinct-1", "distinct-2", "distinct-3", "repeated", "tokens", "ms per token",
        "ms to judge",
      ], nameCount: 2)
    for group in groups where group.role == .marked || group.role == .unmarked {
      let quality = group.quality
      table.rows.append(
        [
          group.method + (group.isNull ? ", null" : ""), Cells.strength(group.strength),
          "\(group.count)",
          Cells.number(quality.perplexity?.ratio, 3, quality.perplexity?.interval),
          quality.perplexity.map { "\($0.prompts)" } ?? Cells.nothing,
          Cells.number(quality.expected?.ratio, 3, quality.expected?.interval),
        ] + (quality.distinct + [quality.repetition]).map { Cells.number($0, 3) }
          + [
            Cells.number(quality.tokens, 1),
            Cells.number(quality.secondsPerToken.map { $0 * 1000 }, 2),
            Cells.number(quality.detectionSeconds.map { $0 * 1000 }, 2),
          ])
    }
    return table
  }

  private var falseAlarmTable: EvaluationTable {
    var table = EvaluationTable(
      title: "flagged without carrying the mark, in % of the calibrated texts, with 95 % intervals"
        + " given this null",
      header: ["statistic", "texts of", "source", "length", "texts", "uncalibrated"]
        + rateColumns + ["mean cal z"], nameCount: 4)
    for row in falseAlarms {
      table.rows.append(
        [
          row.statistic, row.role == .wrongKey ? "another key" : "no mark", row.source ?? "all",
          row.lengths.map { "\($0.lowerBound)–\($0.upperBound)" } ?? "all", "\(row.flags.count)",
          "\(row.flags.uncalibrated)",
        ] + row.flags.shares.map(Cells.share) + [Cells.number(row.flags.meanZ, 2)])
    }
    return table
  }

  private var attackTable: EvaluationTable {
    var table = EvaluationTable(
      title: "flagged after an attack, or when forged, in %, with 95 % intervals given this null",
      header: ["method", "strength", "attack", "statistic", "texts"] + rateColumns
        + ["mean cal z"], nameCount: 4)
    for group in groups where group.role == .attacked || group.role == .spoof {
      let attack =
        group.role == .spoof
        ? "spoof" + (group.attack.map { ": \($0)" } ?? "") : group.attack ?? ""
      for detection in group.detections {
        table.rows.append(
          [
            group.method, Cells.strength(group.strength), attack, detection.statistic,
            "\(detection.flags.count)",
          ] + detection.flags.shares.map(Cells.share) + [Cells.number(detection.flags.meanZ, 2)])
      }
    }
    return table
  }

  private var matchTable: EvaluationTable {
    var table = EvaluationTable(
      title: "the smallest strength that finds \(Cells.percent(options.target)) at"
        + " \(Cells.percent(options.rates[0])), and where that is crossed",
      header: [
        "method", "statistic", "strength", "found, %", "perplexity ratio", "crossed at",
        "ratio there",
      ], nameCount: 2)
    for frontier in frontiers {
      let reached = frontier.reached
      let isKnown = frontier.points.contains { $0.found != nil }
      table.rows.append([
        frontier.method, frontier.statistic,
        reached.map { Cells.strength($0.strength) } ?? (isKnown ? "not reached" : "unknown"),
        reached.map { Cells.share($0.found) } ?? Cells.nothing,
        Cells.number(reached?.perplexity?.ratio, 3, reached?.perplexity?.interval),
        Cells.strength(frontier.crossing?.strength),
        Cells.number(frontier.crossing?.perplexityRatio, 3),
      ])
    }
    return table
  }
}
