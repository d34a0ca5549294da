import Detector
import Steering

// What `steerctl evaluate` shows to people.
extension EvaluationRun {
  func hasFlags(_ group: Evaluation.Group) -> Bool {
    evaluation.results.contains { $0.flags[group] != nil }
  }

  /// Areas, what is found at fixed false-positive rates, and the baseline.
  var areas: Table {
    let hasBaseline = evaluation.macroBaselineArea != nil
    var table = Table(
      ["structure", "with", "without", "AUROC", "", "interval", "found at 1 %", "at 10 %"]
        + (hasBaseline ? ["baseline", "difference", "p"] : []), left: [0, 4])
    for result in evaluation.results {
      guard let found = result.discrimination else { continue }
      var cells = [
        result.structure, Figures.count(found.positives), Figures.count(found.negatives),
        Figures.fixed(found.area, 3), Self.bar(found.area), found.areaInterval.text,
        Self.found(found, at: 0.01), Self.found(found, at: 0.1),
      ]
      if hasBaseline {
        cells += [
          Figures.fixed(result.baseline?.area, 3),
          result.baseline.map {
            ($0.difference < 0 ? "−" : "+") + Figures.fixed(abs($0.difference), 3)
          }
            ?? "–",
          Figures.short(result.baseline?.p),
        ]
      }
      table.add(cells)
    }
    let scored = evaluation.results.filter { $0.discrimination != nil }
    if scored.count > 1, let mean = evaluation.macroArea {
      var cells = ["mean", "", "", Figures.fixed(mean, 3), Self.bar(mean), "", "", ""]
      if hasBaseline { cells += [Figures.fixed(evaluation.macroBaselineArea, 3), "", ""] }
      table.add(cells)
    }
    return table
  }

  /// Realised rates at the first nominal rate.
  var flags: Table {
    let groups = Evaluation.Group.allCases.filter(hasFlags)
    var table = Table(["structure"] + groups.map(Self.title))
    for result in evaluation.results where !result.flags.isEmpty {
      table.add(
        [result.structure]
          + groups.map { group in
            guard let rate = result.flags[group]?.first else { return "–" }
            return "\(rate.flagged.text) of \(Figures.count(rate.flagged.trials))"
          })
    }
    if let combined = evaluation.combined.first {
      table.add(
        ["all together"]
          + groups.map { group in
            group == .unlabelled
              ? "\(combined.flagged.text) of \(Figures.count(combined.flagged.trials))" : ""
          })
    }
    return table
  }

  /// Structures whose false alarms on ordinary documents are not as often as they should be.
  var misses: [String] {
    evaluation.results.compactMap { result in
      guard let rate = result.flags[.unlabelled]?.first,
        rate.holdsNominal == false
      else { return nil }
      return "\(result.structure): ordinary documents are flagged at \(rate.flagged.text), expected"
        + " \(Figures.short(rate.nominal * 100)) %"
    }
  }

  /// From chance, 0.5, to 1.
  private static func bar(_ area: Double) -> String { Figures.bar((area - 0.5) * 2, width: 10) }

  private static func found(_ result: Evaluation.Discrimination, at rate: Double) -> String {
    guard let value = result.points.first(where: { $0.falsePositiveRate == rate })?.found.value
    else { return "–" }
    return Figures.percent(value)
  }

  private static func title(_ group: Evaluation.Group) -> String {
    switch group {
    case .with: "labelled with it"
    case .without: "labelled without it"
    case .unlabelled: "ordinary documents"
    }
  }
}
