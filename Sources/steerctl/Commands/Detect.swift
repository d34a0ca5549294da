import ArgumentParser
import Detector
import Foundation
import Formats
import Reports
import SAE
import Steering

extension DetectionRun.Localisation: ExpressibleByArgument {}

/// `steerctl detect`: which documents carry the structures that a detector looks for.
struct Detect: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "detect",
    abstract: "Score documents with a detector, over many shards, and say which are flagged.",
    discussion: """
      Shards are files of residual rows; a folder stands for its .safetensors, .npy and .npz files.
      With --codes they are files that steerctl encode wrote, or folders of delphi's cache. Documents are cut as docs/runs.md says. With --output, the folder
      gets verdicts.jsonl, documents.csv and summary.json; a run that was stopped goes on when it is
      started again. Shards that hold something wrong are left out whole, and named.

      Many workers: give each --part 1/8 to 8/8 and a folder of its own, then
      steerctl detect --merge FOLDER... --output FOLDER

      Exit codes: 0 done, 1 something is flagged (--fail-on-flag), 2 usage, 3 bad input, also when a
      shard is left out with --strict, or all are, 4 environment.
      """)

  @Argument(
    help: ArgumentHelp(
      "Shards or folders of them; with --merge, the folders of all parts.",
      discussion: "Default: the bundled rows.", valueName: "path"))
  var shards: [String] = []

  @Option(
    help: ArgumentHelp(
      "The detector's document.", discussion: "Default: the bundled one.", valueName: "file"))
  var detector: String?

  @OptionGroup var dictionary: DictionaryOptions

  @Flag(help: "Shards hold codes (steerctl encode, delphi's cache), not residual rows.")
  var codes = false

  @Flag(help: "Score codes that come without norms, so that no sink is left out.")
  var withoutNorms = false

  @Option(
    name: [.short, .long],
    help: ArgumentHelp(
      "Folder for the results; without it they are printed only.", valueName: "folder"))
  var output: String?

  @Option(
    help: ArgumentHelp(
      "Share of ordinary documents that may be flagged, for each structure, and for all together.",
      discussion: "Default: 0.0228, z of 2.", valueName: "rate"))
  var rate: Double?

  @Option(
    help: ArgumentHelp(
      "Threads that share the encoding.", discussion: "Default: 1.", valueName: "count"))
  var threads: Int?

  @Option(
    help: ArgumentHelp(
      "Whose tokens and their contributions are written: flagged, all or none.",
      discussion: "Default: flagged."))
  var localise: DetectionRun.Localisation?

  @Option(
    help: ArgumentHelp(
      "List of the shards' digests, as sha256sum writes it.",
      discussion: "Default: SHA256SUMS beside the shards, if it is there.", valueName: "file"))
  var digests: String?

  @Option(help: ArgumentHelp("Score every n-th shard, from the i-th on.", valueName: "i/n"))
  var part: Part?

  @Option(
    help: ArgumentHelp(
      "Documents between two checkpoints.", discussion: "Default: 512.", valueName: "count"))
  var checkpoint: Int?

  @Flag(help: "Put the results of all parts together.")
  var merge = false

  @Flag(help: "Exit with 1 when any document is flagged.")
  var failOnFlag = false

  @Flag(help: "Exit with 3 when any shard was left out.")
  var strict = false

  @Flag(help: "Print the summary as JSON.")
  var json = false

  /// `i/n` on the command line.
  struct Part: ExpressibleByArgument {
    var index: Int
    var count: Int

    init?(argument: String) {
      let numbers = argument.split(separator: "/", omittingEmptySubsequences: false)
        .map { Int($0) }
      guard numbers.count == 2, let index = numbers[0], let count = numbers[1] else { return nil }
      self.index = index
      self.count = count
    }
  }

  func validate() throws {
    try Threads.check(threads)
    if let rate, !(rate > 0 && rate < 1) {
      throw ValidationError("--rate is \(rate), expected more than 0 and less than 1")
    }
    if let checkpoint, checkpoint < 1 {
      throw ValidationError("--checkpoint is \(checkpoint), expected 1 or more")
    }
    if let part, !(part.count >= 1 && part.count <= 100_000 && (1...part.count ~= part.index)) {
      throw ValidationError("--part is \(part.index)/\(part.count), expected 1/n to n/n")
    }
    if part != nil, output == nil { throw ValidationError("--part needs --output") }
    if part != nil, failOnFlag {
      throw ValidationError("--fail-on-flag is for whole results: give it with --merge")
    }
    if withoutNorms, !codes { throw ValidationError("--without-norms needs --codes") }
    if codes, dictionary.sae != nil {
      throw ValidationError("--codes need no dictionary, expected no --sae")
    }
    if codes, shards.isEmpty { throw ValidationError("--codes needs shards") }
    if shards.isEmpty, dictionary.sae != nil {
      throw ValidationError("--sae needs shards: the bundled rows belong to the bundled dictionary")
    }
    if merge {
      let given = [
        ("--detector", detector != nil), ("--sae", dictionary.sae != nil), ("--codes", codes),
        ("--rate", rate != nil), ("--part", part != nil), ("--digests", digests != nil),
        ("--threads", threads != nil), ("--localise", localise != nil),
        ("--checkpoint", checkpoint != nil), ("--without-norms", withoutNorms),
      ].filter(\.1).map(\.0)
      guard given.isEmpty else {
        throw ValidationError("--merge goes without \(given.joined(separator: ", "))")
      }
      if output == nil || shards.isEmpty {
        throw ValidationError("--merge needs the folders of all parts, and --output")
      }
    }
  }

  func run() throws {
    let scratch = FileManager.default.temporaryDirectory
      .appendingPathComponent("steerctl-detect-\(UUID().uuidString)").path
    let folder = output ?? scratch
    defer { if output == nil { try? FileManager.default.removeItem(atPath: scratch) } }
    let progress = Progress("detecting")
    let outcome: RunOutcome
    if merge {
      outcome = try DetectionRun.merge(shards, into: folder)
    } else {
      outcome = try open(folder).run(progress: progress.update)
    }
    progress.clear()
    if json {
      outcome.json(part).show()
    } else {
      try show(outcome)
    }
    // Without a document there is no result that a note could go beside.
    if strict || outcome.documentCount == 0, !outcome.skipped.isEmpty { throw ExitCode(3) }
    if failOnFlag, outcome.flaggedCount > 0 { throw ExitCode(1) }
  }

  private func open(_ folder: String) throws(SteeringError) -> DetectionRun {
    let detector = try FittedDetector(path: try detectorPath())
    let source: DocumentSource =
      codes
      ? .codes(
        featureCount: detector.dictionary.featureCount, dictionary: detector.dictionary.name)
      : .rows(try dictionary.open())
    var options = DetectionRun.Options()
    options.rate = rate ?? Verdict.defaultRate
    if let localise { options.localisation = localise }
    if let checkpoint { options.documentsPerPart = checkpoint }
    if let threads { options.workers = threads }
    options.part = part.map { ($0.index, $0.count) }
    options.digests = digests
    options.allowsUnknownNorms = withoutNorms
    return try DetectionRun(
      shards: try files(), source: source, detector: detector, options: options, folder: folder)
  }

  private func detectorPath() throws(SteeringError) -> String {
    if let detector { return detector }
    let bundle = try DefaultBundle.locate()
    guard let name = bundle.manifest["detector"]?.asString else {
      throw SteeringError(
        .invalidArgument,
        "\(bundle.folder)/manifest.json names no detector, expected one there or --detector FILE")
    }
    return bundle.folder + "/" + name
  }

  /// Suffixes of files that a folder stands for.
  private static let suffixes = [".safetensors", ".npy", ".npz"]

  /// The shards, with folders of rows replaced by their files.
  private func files() throws(SteeringError) -> [String] {
    guard !shards.isEmpty else { return [try DefaultBundle.locate().activations] }
    var files: [String] = []
    for path in shards {
      let names = try SteeringError.rendering { () throws(FormatError) in
        guard try FileSystem.kind(path) == .directory, !codes else { return [String]?.none }
        return try FileSystem.names(in: path)
      }
      guard let names else {
        files.append(path)
        continue
      }
      let found = names.filter {
        !$0.hasPrefix(".") && Self.suffixes.contains(where: $0.hasSuffix)
      }
      guard !found.isEmpty else {
        throw SteeringError(
          .invalidArgument, "\(path): holds no shards, expected .safetensors, .npy or .npz files")
      }
      files += found.map { FileSystem.join(path, $0) }
    }
    return files
  }
}
