import Detector
import Formats

extension SummaryCounter {
  /// What became of one shard.
  package struct ShardLine: Equatable, Sendable {
    package var name: String
    package var documentCount: Int
    package var rowCount: Int
    /// Why it is left out; nil where it is not.
    package var error: String?

    package init(name: String, documentCount: Int, rowCount: Int, error: String?) {
      self.name = name
      self.documentCount = documentCount
      self.rowCount = rowCount
      self.error = error
    }
  }

  /// The summary document.
  package func summary(of detector: RunDetector, shards: [ShardLine]) -> JSONValue {
    [
      "format": .string(ReportFormat.summary),
      "detector": [
        "name": .string(detector.name), "kind": .string(detector.kind),
        "dictionary": .string(detector.dictionary),
        "structures": .array(names.map { .string($0) }),
      ],
      "rate": .number(rate),
      "combination": detector.combination.map { .string($0) } ?? .null,
      "documents": integer(documentCount),
      "limits": .object(
        limits.sorted { $0.key < $1.key }.map { .init($0.key, integer($0.value)) }),
      "tokens": [
        "kept": integer(tokens.kept), "special": integer(tokens.special),
        "sink": integer(tokens.sink), "undefined": integer(tokens.undefined),
      ],
      "structures": .array(structures.indices.map(structure)),
      "combined": detector.combination != nil ? .object(shares(of: combined)) : .null,
      "shards": .array(shards.map(shard)),
      "failed_shards": integer(shards.count { $0.error != nil }),
    ]
  }

  private func structure(_ index: Int) -> JSONValue {
    let counts = structures[index]
    var members: [JSONValue.Member] = [
      .init("name", .string(names[index])), .init("scored", integer(counts.scoredCount)),
    ]
    members += shares(of: counts.pValues)
    members.append(.init("expected", .number(rate)))
    members.append(
      .init(
        "z_histogram",
        [
          "lower": -5, "width": 0.25,
          "counts": .array(counts.zCounts.map { integer($0) }),
        ]))
    members.append(.init("labelled", labelled(counts)))
    return .object(members)
  }

  /// Flags among documents with a p-value: how many, which share with its interval, how many discoveries.
  private func shares(of values: PValues) -> [JSONValue.Member] {
    let share =
      values.count == 0 ? nil : Double(values.flaggedCount) / Double(values.count)
    return [
      .init("tested", integer(values.count)), .init("flagged", integer(values.flaggedCount)),
      .init("share", share.map { .number($0) } ?? .null),
      .init("interval", share == nil ? .null : wilson(values.flaggedCount, of: values.count)),
      .init("flagged_bh", integer(values.discoveries(at: Self.discoveryRate))),
    ]
  }

  private func labelled(_ counts: Structure) -> JSONValue {
    guard let roc = try? ROC(positives: counts.positives, negatives: counts.negatives) else {
      return .null
    }
    let points = roc.points
    let shown = min(points.count, 200)
    let curve = (0..<shown).map { index in
      points[shown == 1 ? 0 : index * (points.count - 1) / (shown - 1)]
    }
    let interval = roc.areaInterval()
    return [
      "with": integer(counts.positives.count), "without": integer(counts.negatives.count),
      "left_out": integer(counts.unkeptCount), "auroc": .number(roc.area),
      "interval": [.number(interval.lower), .number(interval.upper)],
      "roc": .array(
        curve.map { [.number($0.falsePositiveRate), .number($0.truePositiveRate)] }),
      "tpr_at": .array(rates.map { truePositives(roc, at: $0) }),
    ]
  }

  /// The run's rate and the usual two, descending.
  private var rates: [Double] { Set([rate, 0.01, 0.001]).sorted(by: >) }

  private func truePositives(_ roc: ROC, at limit: Double) -> JSONValue {
    let found = roc.truePositiveRate(atFalsePositiveRate: limit)
    return [
      "fpr": .number(limit), "tpr": .number(found.rate),
      "interval": wilson(found.successes, of: found.trials),
    ]
  }

  private func wilson(_ successes: Int, of trials: Int) -> JSONValue {
    let interval = BinomialInterval.wilson(successes, of: trials)
    return [.number(interval.lower), .number(interval.upper)]
  }

  private func shard(_ line: ShardLine) -> JSONValue {
    [
      "name": .string(line.name), "documents": integer(line.documentCount),
      "rows": integer(line.rowCount), "status": line.error == nil ? "done" : "skipped",
      "error": line.error.map { .string($0) } ?? .null,
    ]
  }

  private func integer(_ value: Int) -> JSONValue { .integer(Int64(value)) }
}
