import Formats
import SAE
import Steering

extension Verification {
  /// Causes that a person is shown; JSON has all.
  private static let shownCauses = 6

  /// What people read: the verdict, the figures, and what would fit better.
  func report(_ activations: Activations) -> Report {
    var report = Report()
    report.title("verify · \(dictionary.summary)")
    report.field("verdict", summary)
    for reason in reasons { report.field("", reason) }
    report.line()
    report.field("rows", activations.summary)
    report.field(
      "ordinary",
      "\(Figures.count(ordinary.rowCount)) rows; left out: "
        + "\(Figures.count(specialCount)) special tokens, "
        + "\(Figures.count(sinkCount)) with 5 × the median norm or more"
        + (leftOutVariance.map { ", with \(Figures.percent($0)) of the variance" } ?? ""))
    report.field("declared", declared)
    report.line()
    var table = Table([
      rows == .all ? "rows (all judged)" : "rows (ordinary judged)", "count", "L0", "FVU",
      "explained", "mean cosine", "‖x̂‖/‖x‖",
    ])
    for (name, fit) in [("ordinary", ordinary), ("all", all)] {
      table.add([
        name, Figures.count(fit.rowCount), Figures.fixed(fit.l0, 2), Figures.fixed(fit.fvu, 5),
        Figures.fixed(fit.explainedVariance, 5), Figures.fixed(fit.cosine, 5),
        Figures.fixed(fit.normRatio, 5),
      ])
    }
    report.table(table)
    report.line()
    report.field("L0 per row", spread)
    report.field(
      "features",
      "\(Figures.count(aliveCount)) of \(Figures.count(dictionary.featureCount)) alive, "
        + "\(Figures.percent(deadShare)) dead, \(Figures.percent(denseShare)) dense"
        + " (on more than 10 % of rows)")
    report.field("coherence", coherenceText)
    report.line()
    show(into: &report)
    for warning in warnings { report.warning(warning) }
    if undefinedCount > 0 {
      report.warning(
        "rows that cannot be normalised: \(Figures.count(undefinedCount)); they are counted nowhere"
      )
    }
    return report
  }

  private var declared: String {
    var parts: [String] = []
    if let l0 = expected.l0 {
      parts.append("L0 \(Decimal.range(l0)) (\(expected.l0Source ?? "given"))")
    }
    if let fvu = expected.fvu { parts.append("FVU \(Figures.short(fvu)) (given)") }
    return parts.isEmpty ? "nothing" : parts.joined(separator: ", ")
  }

  private var spread: String {
    guard let low = activeCounts.quantile(0), let high = activeCounts.quantile(1) else {
      return "no rows"
    }
    let middle = [0.05, 0.5, 0.95].compactMap { activeCounts.quantile($0) }.map(Figures.count)
    return "\(Figures.count(low)) \(Figures.bars(activeCounts.histogram())) \(Figures.count(high)),"
      + " median \(middle[1]), 90 % of rows \(middle[0]) to \(middle[2])"
  }

  private var coherenceText: String {
    guard let value = coherence.value, coherence.pair.count == 2 else { return "–" }
    return "\(Figures.fixed(value, 4)) at most between decoder rows, \(coherence.pair[0]) and"
      + " \(coherence.pair[1]) ("
      + (coherence.isComplete
        ? "all pairs"
        : "\(Figures.count(coherence.comparedCount)) rows against all, evenly spread") + ")"
  }

  private func show(into report: inout Report) {
    guard let base = sampleFit else {
      report.dim(
        dictionary.kind == .transcoder
          ? "  no variants were tried: give --targets FILE" : "  no variants could be tried")
      return
    }
    let better = causes.filter { $0.gain > 0.005 || $0.explains }
    report.line(
      "  \(Figures.count(causes.count, "variant")) tried on \(Figures.count(base.rowCount)) ordinary"
        + " rows; as loaded FVU \(Figures.fixed(base.fvu, 3)), L0 \(Figures.fixed(base.l0, 1))")
    guard !better.isEmpty else {
      report.dim("  none fits better")
      return
    }
    var table = Table(["FVU", "L0", "gain", "explains", "if"], left: [3, 4])
    for cause in better.prefix(Self.shownCauses) {
      table.add([
        Figures.fixed(cause.fit.fvu, 3), Figures.fixed(cause.fit.l0, 1),
        Figures.fixed(cause.gain, 3), cause.explains ? "yes" : "no", cause.statement,
      ])
    }
    report.table(table)
    guard let cause = explanation else { return }
    report.line()
    report.field("what to do", cause.advice)
  }

  /// The same for machines: docs/schemas/verify.schema.json.
  func json(_ activations: Activations) -> JSONValue {
    func fit(_ fit: VerificationFit) -> JSONValue {
      .object([
        .init("rows", .int(fit.rowCount)), .init("l0", .real(fit.l0)), .init("fvu", .real(fit.fvu)),
        .init("explained_variance", .real(fit.explainedVariance)),
        .init("mean_cosine", .real(fit.cosine)), .init("norm_ratio", .real(fit.normRatio)),
      ])
    }
    return .object([
      .init("version", .int(1)), .init("dictionary", .string(dictionary.name)),
      .init("activations", .string(activations.path)),
      .init("verdict", .string(verdict.rawValue)), .init("summary", .string(summary)),
      .init("reasons", .array(reasons.map { .string($0) })),
      .init("warnings", .array(warnings.map { .string($0) })),
      .init("judged", .string(rows.rawValue)), .init("ordinary", fit(ordinary)),
      .init("all", fit(all)), .init("special_rows", .int(specialCount)),
      .init("sink_rows", .int(sinkCount)), .init("undefined_rows", .int(undefinedCount)),
      .init("left_out_variance", .real(leftOutVariance)),
      .init(
        "declared",
        .object([
          .init("l0_low", .real(expected.l0?.lowerBound)),
          .init("l0_high", .real(expected.l0?.upperBound)),
          .init("l0_source", .text(expected.l0Source)), .init("fvu", .real(expected.fvu)),
        ])),
      .init(
        "l0_quantiles",
        .object(
          [
            ("0", 0), ("0.05", 0.05), ("0.25", 0.25), ("0.5", 0.5), ("0.75", 0.75), ("0.95", 0.95),
            ("1", 1),
          ]
          .map { .init($0.0, activeCounts.quantile($0.1).map { .int($0) } ?? .null) })),
      .init("features", .int(dictionary.featureCount)), .init("features_alive", .int(aliveCount)),
      .init("dead_fraction", .real(deadShare)), .init("dense_fraction", .real(denseShare)),
      .init(
        "decoder_coherence",
        .object([
          .init("value", .real(coherence.value)),
          .init("features", .array(coherence.pair.map { .int($0) })),
          .init("rows_compared", .int(coherence.comparedCount)),
          .init("is_complete", .bool(coherence.isComplete)),
        ])),
      .init("sample", sampleFit.map(fit) ?? .null),
      .init(
        "causes",
        .array(
          causes.map { cause in
            .object([
              .init("kinds", .array(cause.kinds.map { .string($0.rawValue) })),
              .init("statement", .string(cause.statement)),
              .init("advice", .string(cause.advice)), .init("gain", .real(cause.gain)),
              .init("explains", .bool(cause.explains)), .init("fit", fit(cause.fit)),
            ])
          })),
    ])
  }
}
