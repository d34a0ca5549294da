import ArgumentParser
import Detector
import Formats
import SAE
import Steering
import Watermark

/// `steerctl watermark detect`: which texts carry the marks of keys.
struct WatermarkDetect: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "detect",
    abstract: "Look for the marks of keys in texts, and say which are flagged.",
    discussion: """
      Shards hold the residual rows of an unsteered model that read the texts, or codes of them with
      --codes: docs/formats/documents.md. What a document was called when it was marked comes from
      --document, --prompt or --time, else from its own members 'id' or 'prompt'. All keys, and all time
      windows, are tried on each document, and its p-value is multiplied by their number (Bonferroni).
      With --replay the files are scored texts with a member 'replay', as steer-llama writes them at the
      strength of the bank's null values.

      steerctl watermark detect texts.safetensors --key key.json --bank BANK --document letter-17

      Several keys: score the texts once with each, and give all files. Lines of the same id and text
      are one text with several candidates.

      Exit codes: 0 done, 1 something is flagged (--fail-on-flag), 2 usage, 3 bad input, 4 environment.
      """)

  @Argument(
    help: ArgumentHelp("Shards; with --replay, files of scored texts.", valueName: "file"))
  var files: [String]

  @Option(help: ArgumentHelp("A key's file; may be repeated.", valueName: "file"))
  var key: [String] = []

  @OptionGroup var bank: BankOptions
  @OptionGroup var identifier: IdentifierOptions

  @Flag(help: "The files are scored texts that were replayed with their keys.")
  var replay = false

  @OptionGroup var dictionary: DictionaryOptions

  @Flag(help: "Shards hold codes (steerctl encode, delphi's cache), not residual rows.")
  var codes = false

  @Flag(help: "Take codes that come without norms, so that no sink is left out.")
  var withoutNorms = false

  @Option(
    name: [.short, .long],
    help: ArgumentHelp(
      "A file for all verdicts, one line per text; - is standard output.", valueName: "file"))
  var output: String?

  @Option(
    help: ArgumentHelp(
      "Share of unmarked texts that may be flagged.", discussion: "Default: 0.0228, z of 2.",
      valueName: "rate"))
  var rate: Double?

  @Option(
    help: ArgumentHelp(
      "Null documents that each range of lengths has at least.",
      discussion: "Default: \(CalibrationOptions().minimumPerBucket).", valueName: "n"))
  var minimum: Int?

  @Option(
    help: ArgumentHelp(
      "Ranges of lengths at most.", discussion: "Default: \(CalibrationOptions().maximumBuckets).",
      valueName: "n"))
  var buckets: Int?

  @Option(
    help: ArgumentHelp(
      "Threads that share the encoding.", discussion: "Default: 1.", valueName: "count"))
  var threads: Int?

  @Flag(help: "Exit with 1 when any text is flagged.")
  var failOnFlag = false

  @Flag(help: "Print the summary, and every verdict, as JSON.")
  var json = false

  /// The rate that flags are at.
  var flagRate: Double { rate ?? Verdict.defaultRate }

  func validate() throws {
    try Threads.check(threads)
    if let rate, !(rate > 0 && rate < 1) {
      throw ValidationError("--rate is \(rate), expected more than 0 and less than 1")
    }
    if let minimum, minimum < 1 {
      throw ValidationError("--minimum is \(minimum), expected 1 or more")
    }
    if let buckets, !(1...64).contains(buckets) {
      throw ValidationError("--buckets is \(buckets), expected 1 to 64")
    }
    if withoutNorms, !codes { throw ValidationError("--without-norms needs --codes") }
    if codes, let given = dictionary.given.first {
      throw ValidationError("--codes need no dictionary, expected no \(given)")
    }
    if json, OutputPath.isStandardOutput(output) {
      throw ValidationError("--json and --output - both want standard output")
    }
    if replay {
      let given =
        [
          ("--key", !key.isEmpty), ("--codes", codes), ("--minimum", minimum != nil),
          ("--buckets", buckets != nil), ("--threads", threads != nil),
        ].filter(\.1).map(\.0) + identifier.given + dictionary.given
      guard given.isEmpty else {
        throw ValidationError(
          "--replay goes without \(given.joined(separator: ", ")): the texts were replayed with their"
            + " keys, and the bank has their null values")
      }
    } else if key.isEmpty {
      throw ValidationError("nothing to look for: give --key, or --replay")
    }
  }

  func run() throws {
    let keys = try key.map { try WatermarkKey.read(path: $0) }
    try check(keys)
    let folder = try self.bank.path()
    let bank = try WatermarkBank(path: folder)
    let opened = replay || codes ? nil : try dictionary.open()
    var file: OutputFile?
    if let output {
      try OutputPath.check(
        output,
        isNot: MarkInputs.files(keys: key, bank: folder, dictionary: opened, texts: files))
      file = try SteeringError.rendering { () throws(FormatError) in
        try OutputFile.create(OutputPath.resolve(output))
      }
    }
    var results = MarkResults(keepsAll: json)
    let summary = try detect(bank, keys, opened) { finding throws(SteeringError) in
      results.add(finding)
      let line = file == nil ? "" : finding.jsonValue.serialised() + "\n"
      try SteeringError.rendering { () throws(FormatError) in try file?.write(line) }
    }
    try SteeringError.rendering { () throws(FormatError) in try file?.commit() }
    if json {
      results.json(summary, rate: flagRate).show()
    } else {
      show(results, summary, bank, keys)
    }
    if failOnFlag, summary.flaggedCount > 0 { throw ExitCode(1) }
  }

  /// Refuses two keys of one id, by which results name them.
  private func check(_ keys: [WatermarkKey]) throws(SteeringError) {
    var places: [String: Int] = [:]
    for (place, found) in keys.enumerated() {
      guard let other = places.updateValue(place, forKey: found.id),
        keys[other].fingerprint != found.fingerprint
      else { continue }
      throw SteeringError(
        .invalidArgument,
        "the keys of \(key[other]) and \(key[place]) are both called '\(found.id)', expected ids that"
          + " tell keys apart")
    }
  }

  private func detect(
    _ bank: WatermarkBank, _ keys: [WatermarkKey], _ dictionary: SparseDictionary?,
    each: (MarkFinding) throws(SteeringError) -> Void
  ) throws(SteeringError) -> MarkRunSummary {
    let progress = Progress("looking for marks")
    defer { progress.clear() }
    if replay {
      return try bank.judgeReplay(
        paths: files, rate: flagRate, progress: progress.update, each: each)
    }
    let usual = CalibrationOptions()
    let run = try MarkDetectionRun(
      bank: bank, keys: keys, identifiers: identifier.identifiers, rate: flagRate,
      options: CalibrationOptions(
        minimumPerBucket: minimum ?? usual.minimumPerBucket,
        maximumBuckets: buckets ?? usual.maximumBuckets))
    let source =
      dictionary.map { DocumentSource.rows($0) }
      ?? .codes(
        featureCount: bank.detector.dictionary.featureCount,
        dictionary: bank.detector.dictionary.name)
    return try run.run(
      shards: files, source: source, workers: threads ?? 1, allowsUnknownNorms: withoutNorms,
      progress: progress.update, each: each)
  }
}
