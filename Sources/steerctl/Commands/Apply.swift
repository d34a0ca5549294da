import ArgumentParser
import Formats
import SAE
import Steering

/// `steerctl apply`: steer recorded activations.
struct Apply: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "apply",
    abstract: "Steer recorded activations: add, clamp, scale or remove features.",
    discussion: """
      steerctl apply --feature 1234 --alpha 4
      steerctl apply --feature 7 --alpha 10 --feature 9 --alpha 0 --mode clamp --skip-first 1
      steerctl apply --plan plan.json --sae DIR --activations FILE --output OUT

      The output is the input file with only the steered rows changed, byte for byte.
      """)

  @OptionGroup(title: "Plan") var plan: PlanOptions
  @OptionGroup(title: "Dictionary") var dictionary: DictionaryOptions
  @OptionGroup(title: "Activations") var input: ActivationOptions

  @Option(
    help: ArgumentHelp(
      "Where to write the steered file; - is standard output.",
      discussion: "Default: NAME.steered.EXT in the current folder.", valueName: "file"))
  var output: String?

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    try input.check(with: dictionary, isRequired: true)
    if OutputPath.isStandardOutput(output), json {
      throw ValidationError("--json and --output - both want standard output")
    }
  }

  func run() throws {
    var document = try plan.document()
    let watch = Stopwatch()
    let dictionary = try self.dictionary.open()
    var ready = (seconds: watch.seconds, faults: watch.pageFaults)
    let activations = try input.open(for: self.dictionary)
    let output = self.output ?? OutputPath.steered(activations.path)
    try OutputPath.check(output, isNot: activations, dictionary, self.plan.plan)
    if document.needsMaximumActivations {
      let progress = Progress("measuring")
      document = try self.plan.explaining { () throws(SteeringError) in
        try document.measuringMaximumActivations(
          dictionary, on: activations, progress: progress.update)
      }
    }
    let compiling = Stopwatch()
    let plan = try self.plan.explaining { () throws(SteeringError) in
      try Plan(document, dictionary: dictionary)
    }
    ready = (ready.seconds + compiling.seconds, ready.faults + compiling.pageFaults)
    let progress = Progress("steering")
    let result = try self.plan.explaining { () throws(SteeringError) in
      try ActivationSteering.run(
        plan, on: activations, to: OutputPath.resolve(output),
        promptLength: self.plan.promptLength, progress: progress.update)
    }
    progress.clear()
    if json {
      result.json(dictionary, document, ready).show()
    } else {
      show(result, dictionary, activations)
    }
  }

  private func show(
    _ result: ApplyReport, _ dictionary: SparseDictionary, _ activations: Activations
  ) {
    var report = Report(dataOnStandardOutput: OutputPath.isStandardOutput(output))
    report.title("apply · \(dictionary.summary)")
    report.field("rows", activations.summary)
    report.field(
      "edited",
      "\(Figures.count(result.rowsEdited)) of \(Figures.count(result.rowCount)) rows")
    report.line()
    var table = Table(
      [
        "feature", "edit", "rows touched", "rows active", "mean activation", "largest",
      ], left: [1])
    for feature in result.features {
      table.add([
        String(feature.feature), feature.interventions.map(\.summary).joined(separator: "; "),
        Figures.count(feature.rowsTouched),
        feature.meanBefore == nil
          ? "–" : "\(Figures.count(feature.activeBefore)) → \(Figures.count(feature.activeAfter))",
        "\(Figures.short(feature.meanBefore)) → \(Figures.short(feature.meanAfter))",
        "\(Figures.short(feature.maximumBefore)) → \(Figures.short(feature.maximumAfter))",
      ])
    }
    report.table(table)
    report.line()
    if let dose = result.dose {
      report.field(
        "dose ‖Δ‖/‖x‖",
        "median \(Figures.short(dose.median)), from \(Figures.short(dose.minimum))"
          + " \(Figures.bars(dose.histogram)) to \(Figures.short(dose.maximum))")
    }
    notes(result, dictionary, into: &report)
    report.line(
      "  wrote         \(OutputPath.label(result.outputPath)) (\(Figures.bytes(result.outputByteCount)))"
    )
    report.show()
  }

  private func notes(
    _ result: ApplyReport, _ dictionary: SparseDictionary, into report: inout Report
  ) {
    if result.rowsEdited == 0 {
      report.warning("no row was changed: the output equals the input")
    } else {
      for feature in result.features where feature.rowsTouched == 0 {
        report.warning(
          feature.rowsInScope == 0
            ? "feature \(feature.feature): no row is in scope"
            : "feature \(feature.feature): every edit came to zero")
      }
    }
    for feature in result.features where feature.staysSilent {
      report.warning(
        "feature \(feature.feature) reads 0 on \(Figures.count(feature.rowsRead - feature.activeAfter))"
          + " of its rows: "
          + (dictionary.activation.k.map { "\($0) others are stronger there" }
            ?? "it stays below its threshold there"))
    }
    if result.rowsUndefined > 0 {
      report.warning(
        "left alone because they cannot be normalised: \(Figures.count(result.rowsUndefined)) rows")
    }
    if let special = result.specialRowsEdited, special > 0,
      dictionary.excludesSpecialTokens == true
    {
      report.warning(
        "\(Figures.count(special)) edited rows are special tokens, which this dictionary never saw:"
          + " --skip-first 1 leaves BOS alone")
    }
  }
}

extension ApplyReport.Feature {
  /// Whether the feature was to be raised and still does not fire on some of its rows.
  fileprivate var staysSilent: Bool {
    guard meanAfter != nil, activeAfter < rowsRead else { return false }
    return interventions.contains { intervention in
      switch intervention.mode {
      case .add, .clamp, .floor: intervention.alpha > 0
      case .ceiling, .scale, .ablate, .projectOut: false
      }
    }
  }
}

extension Intervention {
  /// The edit in words, without the feature.
  var summary: String {
    let amount = Figures.short(alpha)
    let times = maximumActivation.map { " × max \(Figures.short($0))" } ?? ""
    switch mode {
    case .add:
      switch strength {
      case .decoder: return "add \(amount) × decoder row"
      case .unit: return "add \(amount) × unit direction"
      case .relative: return "add \(amount) × ‖x‖ × unit direction"
      case .maximumActivation: return "add \(amount)\(times) × decoder row"
      }
    case .clamp: return "clamp to \(amount)\(times)"
    case .floor: return "at least \(amount)\(times)"
    case .ceiling: return "at most \(amount)\(times)"
    case .scale: return "scale by \(amount)"
    case .ablate: return "ablate"
    case .projectOut: return "project out"
    }
  }
}

extension ApplyReport {
  fileprivate func json(
    _ dictionary: SparseDictionary, _ document: PlanDocument,
    _ ready: (seconds: Double, faults: Int)
  ) -> JSONValue {
    .object([
      .init("dictionary", .string(dictionary.name)), .init("plan", document.jsonValue),
      .init("rows", .int(rowCount)), .init("rows_edited", .int(rowsEdited)),
      .init("rows_undefined", .int(rowsUndefined)),
      .init("special_rows_edited", specialRowsEdited.map { .int($0) } ?? .null),
      .init(
        "features",
        .array(
          features.map {
            .object([
              .init("feature", .int($0.feature)), .init("rows_in_scope", .int($0.rowsInScope)),
              .init("rows_touched", .int($0.rowsTouched)),
              .init("active_before", .int($0.activeBefore)),
              .init("active_after", .int($0.activeAfter)),
              .init("mean_before", .real($0.meanBefore)), .init("mean_after", .real($0.meanAfter)),
              .init("largest_before", .real($0.maximumBefore)),
              .init("largest_after", .real($0.maximumAfter)),
            ])
          })),
      .init(
        "dose",
        dose.map {
          .object([
            .init("minimum", .real($0.minimum)), .init("median", .real($0.median)),
            .init("maximum", .real($0.maximum)),
          ])
        } ?? .null),
      .init(
        "ready",
        .object([
          .init("milliseconds", .real((ready.seconds * 1e5).rounded() / 100)),
          .init("page_faults", .int(ready.faults)),
        ])),
      .init("output", .string(outputPath)), .init("output_bytes", .int(outputByteCount)),
    ])
  }
}
