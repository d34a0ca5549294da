import ArgumentParser
import Detector
import Formats
import SAE
import Steering
import Watermark

/// `steerctl watermark calibrate`: how unmarked text scores under a bank.
struct WatermarkCalibrate: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "calibrate",
    abstract: "Give a bank the scores of unmarked documents, from which every key is calibrated.",
    discussion: """
      Shards are files of residual rows, or of codes with --codes: docs/formats/documents.md. Their
      documents must be what marked text is to be told from: unmarked text of the same kind and length.
      With --replay they are files of scored texts with a member 'replay', as steer-llama writes them.
      All are of one 'strength': texts that are replayed at it, and no others, have p-values then.
      The bank must be bound to a dictionary (steerctl watermark bind); its keys stay good.

      steerctl watermark calibrate null.safetensors --bank BANK
      """)

  @Argument(
    help: ArgumentHelp(
      "Shards of unmarked documents; with --replay, files of scored texts.", valueName: "file"))
  var files: [String]

  @OptionGroup var change: BankChangeOptions

  @Flag(help: "The files are scored texts: calibrate the replay statistic.")
  var replay = false

  @Option(
    help: ArgumentHelp(
      "Texts of which split to calibrate on; those that name none are taken.",
      discussion: "Default: calibration; with --replay null.", valueName: "name"))
  var split: String?

  @OptionGroup var dictionary: DictionaryOptions

  @Flag(help: "Shards hold codes (steerctl encode, delphi's cache), not residual rows.")
  var codes = false

  @Flag(help: "Take codes that come without norms, so that no sink is left out.")
  var withoutNorms = false

  @Option(
    help: ArgumentHelp(
      "Kept tokens of a block of a stream.",
      discussion: "Default: \(NullScores.defaultBlockLength).",
      valueName: "tokens"))
  var block: Int?

  @Option(
    help: ArgumentHelp(
      "Threads that share the encoding.", discussion: "Default: 1.", valueName: "count"))
  var threads: Int?

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    try Threads.check(threads)
    if let block, !(1...CalibrationOptions.blockLimit).contains(block) {
      throw ValidationError(
        "--block is \(block), expected 1 to \(CalibrationOptions.blockLimit)")
    }
    if withoutNorms, !codes { throw ValidationError("--without-norms needs --codes") }
    if codes, let given = dictionary.given.first {
      throw ValidationError("--codes need no dictionary, expected no \(given)")
    }
    if replay {
      let given =
        [("--codes", codes), ("--block", block != nil), ("--threads", threads != nil)]
        .filter(\.1).map(\.0) + dictionary.given
      guard given.isEmpty else {
        throw ValidationError(
          "--replay reads scored texts, and goes without \(given.joined(separator: ", "))")
      }
    }
    try change.check()
  }

  func run() throws {
    let bank = try change.bank.open()
    let opened = replay || codes ? nil : try dictionary.open()
    let target = try change.target(reading: files, opened)
    if replay {
      let run = try calibratedReplay(bank)
      try run.bank.write(to: target)
      return show(run, target)
    }
    let source =
      opened.map { DocumentSource.rows($0) }
      ?? .codes(
        featureCount: bank.detector.dictionary.featureCount,
        dictionary: bank.detector.dictionary.name)
    let run = try calibrated(bank, source)
    try run.bank.write(to: target)
    show(run, target)
  }

  private func calibratedReplay(
    _ bank: WatermarkBank
  ) throws(SteeringError) -> ReplayCalibrationRun {
    let progress = Progress("calibrating")
    defer { progress.clear() }
    return try bank.calibratedReplay(
      paths: files, split: split ?? WatermarkBank.replaySplit, progress: progress.update)
  }

  private func calibrated(
    _ bank: WatermarkBank, _ source: DocumentSource
  ) throws(SteeringError) -> BankCalibrationRun {
    let progress = Progress("calibrating")
    defer { progress.clear() }
    return try bank.calibrated(
      shards: files, source: source, blockLength: block ?? NullScores.defaultBlockLength,
      split: split ?? CalibrationRun.defaultSplit, workers: threads ?? 1,
      allowsUnknownNorms: withoutNorms, progress: progress.update)
  }

  private func show(_ run: BankCalibrationRun, _ target: String) {
    let blocks = run.bank.nulls?.blockCounts.reduce(0, +) ?? 0
    let lengths = run.bank.nulls?.lengths ?? []
    let ends = (lengths.min() ?? 0, lengths.max() ?? 0)
    if json {
      return JSONValue.object([
        .init("bank", .string(run.bank.fingerprint)), .init("documents", .int(run.documentCount)),
        .init("empty_documents", .int(run.emptyCount)),
        .init("other_split_documents", .int(run.otherSplitCount)),
        .init("lengths", .array([.int(ends.0), .int(ends.1)])), .init("blocks", .int(blocks)),
        .init("tokens", run.tokens.json), .init("output", .string(target)),
      ]).show()
    }
    var report = Report()
    report.title("watermark calibrate · \(run.bank.detector.name)")
    report.field(
      "documents",
      "\(Figures.count(run.documentCount)) in \(Figures.count(files.count, "shard")), of"
        + " \(Figures.count(ends.0)) to \(Figures.count(ends.1)) kept tokens"
        + (run.otherSplitCount > 0
          ? "; left out: \(Figures.count(run.otherSplitCount)) of another split" : "")
        + (run.emptyCount > 0 ? "; \(Figures.count(run.emptyCount)) without a kept token" : ""))
    report.field("tokens", run.tokens.summary)
    report.field(
      "streams",
      blocks == 0
        ? "none: no document is as long as a block" : "\(Figures.count(blocks, "block")) kept")
    report.line()
    report.line("  wrote \(target)")
    report.show()
  }

  private func show(_ run: ReplayCalibrationRun, _ target: String) {
    let buckets = run.bank.replay?.buckets ?? []
    if json {
      return JSONValue.object([
        .init("bank", .string(run.bank.fingerprint)), .init("texts", .int(run.textCount)),
        .init("other_texts", .int(run.otherCount)), .init("skipped_texts", .int(run.skippedCount)),
        .init("repeated_texts", .int(run.repeatedCount)),
        .init("strength", run.bank.replay.map { .number($0.strength) } ?? .null),
        .init(
          "buckets",
          .array(
            buckets.map { bucket in
              .object([
                .init(
                  "lengths",
                  .array([.int(bucket.lengths.lowerBound), .int(bucket.lengths.upperBound)])),
                .init("texts", .int(bucket.null.count)),
              ])
            })), .init("output", .string(target)),
      ]).show()
    }
    var report = Report()
    report.title("watermark calibrate · \(run.bank.detector.name) · replay")
    report.field(
      "texts",
      "\(Figures.count(run.textCount)) in \(Figures.count(files.count, "file"))"
        + (run.otherCount > 0
          ? "; left out: \(Figures.count(run.otherCount)) marked or of another split" : "")
        + (run.skippedCount > 0 ? "; \(Figures.count(run.skippedCount)) not replayed" : "")
        + (run.repeatedCount > 0
          ? "; \(Figures.count(run.repeatedCount)) lines of the same texts" : ""))
    report.field("strength", Figures.short(run.bank.replay?.strength))
    for bucket in buckets {
      report.field(
        "null",
        "\(Figures.count(bucket.null.count)) texts of \(Figures.count(bucket.lengths.lowerBound))"
          + "–\(Figures.count(bucket.lengths.upperBound)) tokens")
    }
    report.line()
    report.line("  wrote \(target)")
    report.show()
  }
}

extension TokenCounts {
  /// The member of results.
  fileprivate var json: JSONValue {
    .object([
      .init("kept", .int(kept)), .init("special", .int(special)), .init("sink", .int(sink)),
      .init("undefined", .int(undefined)),
    ])
  }

  /// The same for people.
  fileprivate var summary: String {
    "\(Figures.count(kept)) kept; left out: \(Figures.count(special)) special,"
      + " \(Figures.count(sink)) sinks, \(Figures.count(undefined)) without codes"
  }
}
