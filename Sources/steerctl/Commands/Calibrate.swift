import ArgumentParser
import Detector
import Formats
import SAE
import Steering

/// `steerctl calibrate`: what a detector's scores mean, from documents without its structures.
struct Calibrate: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "calibrate",
    abstract: "Give a detector p-values and thresholds, from ordinary documents.",
    discussion: """
      Shards are files of residual rows, or of codes with --codes: docs/formats/documents.md. Their
      documents must be ordinary ones, like those that will be scored: text of the same kind and
      length that does not carry the structures, and that the detector was not fitted on. A document
      that it was fitted on, or that is labelled with one of its structures, is an error.

      steerctl calibrate null.safetensors --detector fitted.json --output detector.json
      """)

  @Argument(help: ArgumentHelp("Shards of ordinary documents.", valueName: "shard"))
  var shards: [String]

  @Option(help: ArgumentHelp("Documents of which split to calibrate on.", valueName: "name"))
  var split = CalibrationRun.defaultSplit

  @Option(help: ArgumentHelp("The fitted detector's document.", valueName: "file"))
  var detector: String

  @OptionGroup var dictionary: DictionaryOptions

  @Flag(help: "Shards hold codes (steerctl encode, delphi's cache), not residual rows.")
  var codes = false

  @Flag(help: "Take codes that come without norms, so that no sink is left out.")
  var withoutNorms = false

  @Option(
    name: [.short, .long],
    help: ArgumentHelp(
      "Where to write the calibrated detector; - is standard output.", valueName: "file"))
  var output: String?

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "False-alarm rates to give thresholds for.", discussion: "Default: 0.02275 0.01 0.001.",
      valueName: "rate"))
  var rates: [Double] = []

  @Option(help: ArgumentHelp("Kept tokens of a block of a stream.", valueName: "tokens"))
  var block = CalibrationOptions().blockLength

  @Option(
    help: ArgumentHelp(
      "How a document's structures are taken together: the smallest p, or the sum of all z"
        + " (stouffer).", valueName: "smallest|stouffer"))
  var combine = Calibration.Combination.smallest

  @Option(help: ArgumentHelp("Documents that each range of lengths has at least.", valueName: "n"))
  var minimum = CalibrationOptions().minimumPerBucket

  @Option(help: ArgumentHelp("Ranges of lengths at most.", valueName: "n"))
  var buckets = CalibrationOptions().maximumBuckets

  @Option(help: ArgumentHelp("Threads that share the encoding.", valueName: "count"))
  var threads = 1

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    try Threads.check(threads)
    for rate in rates where !(rate > 0 && rate < 1) {
      throw ValidationError("--rates has \(rate), expected more than 0 and less than 1")
    }
    guard Set(rates).count == rates.count else {
      throw ValidationError("--rates has a rate twice, expected each once")
    }
    for (name, value) in [("--block", block), ("--minimum", minimum), ("--buckets", buckets)]
    where value < 1 {
      throw ValidationError("\(name) is \(value), expected 1 or more")
    }
    guard rates.count <= CalibrationOptions.rateLimit else {
      throw ValidationError(
        "--rates has \(rates.count) rates, expected at most \(CalibrationOptions.rateLimit)")
    }
    guard block <= CalibrationOptions.blockLimit else {
      throw ValidationError(
        "--block is \(block), expected at most \(CalibrationOptions.blockLimit)")
    }
    if OutputPath.isStandardOutput(output), json {
      throw ValidationError("--json and --output - both want standard output")
    }
    guard buckets <= 64 else {
      throw ValidationError("--buckets is \(buckets), expected at most 64")
    }
    if withoutNorms, !codes { throw ValidationError("--without-norms needs --codes") }
    if codes, dictionary.sae != nil {
      throw ValidationError("--codes need no dictionary, expected no --sae")
    }
  }

  func run() throws {
    let fitted = try FittedDetector(path: detector)
    if let output {
      try OutputPath.check(
        output, isNot: shards + shards.map { ShardName.documentsPath(beside: $0) } + [detector])
    }
    var options = CalibrationOptions(
      minimumPerBucket: minimum, maximumBuckets: buckets, blockLength: block,
      combination: combine)
    if !rates.isEmpty { options.rates = rates.sorted(by: >) }
    let source: DocumentSource =
      codes
      ? .codes(
        featureCount: fitted.dictionary.featureCount, dictionary: fitted.dictionary.name)
      : .rows(try dictionary.open())
    let progress = Progress("calibrating")
    let calibrated = try CalibrationRun(
      fitted, shards: shards, source: source, options: options, split: split,
      workers: threads,
      allowsUnknownNorms: withoutNorms, progress: progress.update)
    progress.clear()
    if let output { try calibrated.detector.write(to: OutputPath.resolve(output)) }
    if json {
      calibrated.json(options.rates, output: output).show()
    } else {
      show(calibrated, options.rates)
    }
  }

  private func show(_ run: CalibrationRun, _ rates: [Double]) {
    var report = Report(dataOnStandardOutput: OutputPath.isStandardOutput(output))
    report.title("calibrate · \(run.detector.name)")
    report.field(
      "documents",
      "\(Figures.count(run.documentCount)) in \(Figures.count(shards.count, "shard"))"
        + (run.otherSplitCount > 0
          ? "; left out: \(Figures.count(run.otherSplitCount)) of another split" : "")
        + (run.emptyCount > 0 ? "; \(Figures.count(run.emptyCount)) without a kept token" : ""))
    report.field(
      "tokens",
      "\(Figures.count(run.tokens.kept)) kept; left out: \(Figures.count(run.tokens.special))"
        + " special, \(Figures.count(run.tokens.sink)) sinks,"
        + " \(Figures.count(run.tokens.undefined)) without codes")
    for rate in rates {
      report.line()
      report.line(
        "  flagged above, at a rate of \(Figures.short(rate)), by a document's kept tokens:")
      var table = Table(["structure"] + run.buckets.map(\.title))
      for (index, structure) in run.detector.structures.enumerated() {
        table.add(
          [structure.name] + run.buckets.map { Figures.short($0.thresholds(rate)[index]) })
      }
      report.table(table)
    }
    report.line()
    if let sequential = run.detector.calibration?.sequential {
      report.field(
        "streams",
        "blocks of \(Figures.count(sequential.blockLength)) tokens; \(sequential.streamCount) null"
          + " streams give thresholds at "
          + (sequential.thresholds.isEmpty
            ? "no rate"
            : sequential.thresholds.map { Figures.short($0.alpha) }.joined(separator: ", ")))
    } else {
      report.field(
        "streams",
        "none: no null document is as long as a block, or the detector is not a sum over tokens")
    }
    let missing = rates.filter { rate in run.buckets.contains { 1 / Double($0.count + 1) > rate } }
    if let rate = missing.last {
      report.warning(
        "too few documents for a rate of \(Figures.short(rate)) in some range: that takes"
          + " \(Figures.count(Int((1 / rate).rounded(.up)) - 1))")
    }
    if let output {
      report.line("  wrote \(OutputPath.label(OutputPath.resolve(output)))")
    } else {
      report.dim("  nothing written: give --output FILE")
    }
    report.show()
  }
}

extension CalibrationRun {
  fileprivate func json(_ rates: [Double], output: String?) -> JSONValue {
    .object([
      .init("detector", .string(detector.name)), .init("documents", .int(documentCount)),
      .init("empty_documents", .int(emptyCount)),
      .init("other_split_documents", .int(otherSplitCount)),
      .init("combination", .text(detector.calibration?.combination.rawValue)),
      .init(
        "tokens",
        .object([
          .init("kept", .int(tokens.kept)), .init("special", .int(tokens.special)),
          .init("sink", .int(tokens.sink)), .init("undefined", .int(tokens.undefined)),
        ])),
      .init(
        "buckets",
        .array(
          buckets.map { bucket in
            .object([
              .init(
                "lengths",
                .array([.int(bucket.lengths.lowerBound), .int(bucket.lengths.upperBound)])),
              .init("documents", .int(bucket.count)),
              .init(
                "thresholds",
                .array(
                  rates.map { rate in
                    .object([
                      .init("rate", .number(rate)),
                      .init(
                        "scores",
                        .object(
                          zip(detector.structures, bucket.thresholds(rate)).map {
                            .init($0.0.name, .real($0.1))
                          })),
                    ])
                  })),
            ])
          })),
      .init(
        "streams",
        detector.calibration?.sequential.map { sequential in
          .object([
            .init("block_length", .int(sequential.blockLength)),
            .init("streams", .int(sequential.streamCount)),
            .init("rates", .array(sequential.thresholds.map { .number($0.alpha) })),
          ])
        } ?? .null),
      .init("output", .text(output.map(OutputPath.resolve))),
    ])
  }
}

extension CalibrationRun.Bucket {
  fileprivate var title: String {
    "\(Figures.count(lengths.lowerBound))–\(Figures.count(lengths.upperBound))"
  }
}

extension Calibration.Combination: ExpressibleByArgument {}
