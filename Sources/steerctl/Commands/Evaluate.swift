import ArgumentParser
import Detector
import Formats
import SAE
import Steering

/// `steerctl evaluate`: how good a detector is, on documents that it has not seen.
struct Evaluate: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Measure a detector on labelled and on ordinary documents.",
    discussion: """
      Documents labelled with and without a structure give its area under the ROC curve (chance is
      0.5) and what it finds at fixed false-positive rates. Where the detector is calibrated, documents
      without any label count as ordinary ones: how many of them are flagged must be about the nominal
      rate. A document that the detector was fitted or calibrated on is an error.

      Intervals and the comparison take documents as independent. The two texts of a contrast pair are
      not: on pairs they are only approximate.

      steerctl evaluate labelled.safetensors null.safetensors --detector detector.json
      steerctl evaluate pairs.safetensors --split held-out --detector bank.json --baseline dense.json
      """)

  @Argument(help: ArgumentHelp("Shards of documents.", valueName: "shard"))
  var shards: [String]

  @Option(help: ArgumentHelp("The detector's document.", valueName: "file"))
  var detector: String

  @Option(
    help: ArgumentHelp(
      "Another detector to compare with on the same documents, usually a dense one.",
      valueName: "file"))
  var baseline: String?

  @OptionGroup var dictionary: DictionaryOptions

  @Flag(help: "Shards hold codes (steerctl encode, delphi's cache), not residual rows.")
  var codes = false

  @Flag(help: "Take codes that come without norms, so that no sink is left out.")
  var withoutNorms = false

  @Option(
    help: ArgumentHelp(
      "Judge documents of this split only.", discussion: "Default: all.", valueName: "name"))
  var split: String?

  @Option(help: ArgumentHelp("Write one line per structure as CSV.", valueName: "file"))
  var csv: String?

  @Option(help: ArgumentHelp("Threads that share the encoding.", valueName: "count"))
  var threads = 1

  @Flag(help: "Print JSON: docs/schemas/evaluation.schema.json.")
  var json = false

  func validate() throws {
    try Threads.check(threads)
    if withoutNorms, !codes { throw ValidationError("--without-norms needs --codes") }
    if codes, dictionary.sae != nil {
      throw ValidationError("--codes need no dictionary, expected no --sae")
    }
    if OutputPath.isStandardOutput(csv), json {
      throw ValidationError("--json and --csv - both want standard output")
    }
  }

  func run() throws {
    let fitted = try FittedDetector(path: detector)
    let other = try baseline.map { path throws(SteeringError) in try FittedDetector(path: path) }
    if let csv {
      try OutputPath.check(
        csv,
        isNot: shards + shards.map { ShardName.documentsPath(beside: $0) } + [detector]
          + (baseline.map { [$0] } ?? []), option: "--csv")
    }
    let source: DocumentSource =
      codes
      ? .codes(
        featureCount: fitted.dictionary.featureCount, dictionary: fitted.dictionary.name)
      : .rows(try dictionary.open())
    let progress = Progress("evaluating")
    let result = try EvaluationRun(
      fitted, baseline: other, shards: shards, source: source, split: split, workers: threads,
      allowsUnknownNorms: withoutNorms, progress: progress.update)
    progress.clear()
    if let csv { try result.writeCSV(to: OutputPath.resolve(csv)) }
    if json {
      result.json.show()
    } else {
      show(result)
    }
  }

  private func show(_ run: EvaluationRun) {
    let evaluation = run.evaluation
    var report = Report(dataOnStandardOutput: OutputPath.isStandardOutput(csv))
    report.title("evaluate · \(run.detector.name) (\(run.detector.kind.rawValue))")
    report.field(
      "documents",
      "\(Figures.count(evaluation.documentCount)) in \(Figures.count(shards.count, "shard"))"
        + (run.otherSplitCount > 0
          ? "; left out: \(Figures.count(run.otherSplitCount)) of another split" : "")
        + (evaluation.emptyCount > 0
          ? "; without a kept token: \(Figures.count(evaluation.emptyCount))" : "")
        + (evaluation.uncalibratedCount > 0
          ? "; of no calibrated length: \(Figures.count(evaluation.uncalibratedCount))" : ""))
    report.field(
      "tokens",
      "\(Figures.count(run.tokens.kept)) kept; left out: \(Figures.count(run.tokens.special))"
        + " special, \(Figures.count(run.tokens.sink)) sinks,"
        + " \(Figures.count(run.tokens.undefined)) without codes")
    if evaluation.macroArea != nil {
      report.line()
      report.line("  telling documents with a structure from those without, 95 % intervals:")
      report.table(run.areas)
    }
    if run.hasFlags(.with) || run.hasFlags(.without) || run.hasFlags(.unlabelled) {
      report.line()
      report.line(
        "  flagged at a nominal rate of \(Figures.short(Evaluator.rates[0] * 100)) %:")
      report.table(run.flags)
      for line in run.misses { report.warning(line) }
    }
    if run.detector.calibration == nil {
      report.line()
      report.dim("  not calibrated: no p-values, so no false-alarm rates (calibrate)")
    }
    if let csv {
      report.line()
      report.line("  wrote \(OutputPath.label(OutputPath.resolve(csv)))")
    }
    report.show()
  }
}
