import ArgumentParser
import Formats
import SAE
import Steering

extension Verification.Rows: ExpressibleByArgument {}

/// `steerctl verify`: whether a dictionary does on rows what its publisher says, and if not, why.
struct Verify: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Check that a dictionary is loaded right, on rows; if not, find out why.",
    discussion: """
      Compares L0 and FVU with what is declared or plausible, runs variants of the load on a sample \
      of rows, and ranks the causes that would explain a bad fit: docs/verify.md.
      Exit codes: 0 looks right, 1 looks wrong, 2 usage, 3 bad input, 4 environment.
      """)

  @Argument(help: ArgumentHelp("Folder of the dictionary; the same as --sae.", valueName: "dir"))
  var path: String?

  @OptionGroup var dictionary: DictionaryOptions
  @OptionGroup var input: ActivationOptions

  @Option(
    help: ArgumentHelp(
      "File of the rows that a transcoder should write, one for each row of --activations.",
      valueName: "file"))
  var targets: String?

  @Option(
    help: ArgumentHelp(
      "File of rows from another place that the dictionary may belong to (repeatable).",
      valueName: "file"))
  var neighbour: [String] = []

  @Option(
    help:
      "Which rows are judged: ordinary (neither special tokens nor high-norm sinks), or all.")
  var rows: Verification.Rows = .ordinary

  @Option(
    help: ArgumentHelp(
      "L0 that the publisher declares.",
      discussion: "Default: k of the dictionary, or a folder's name such as average_l0_71.",
      valueName: "number"))
  var declaredL0: Double?

  @Option(help: ArgumentHelp("FVU that the publisher declares.", valueName: "share"))
  var declaredFvu: Double?

  @Option(
    help: ArgumentHelp(
      "Rows that variants are run on.", discussion: "Default: 64 to 1024, fewer for larger ones.",
      valueName: "n"))
  var sampleRows: Int?

  @Flag(help: "Print JSON (docs/schemas/verify.schema.json).")
  var json = false

  func validate() throws {
    if path != nil, dictionary.sae != nil {
      throw ValidationError("give the folder once: as an argument or with --sae")
    }
    if input.activations == nil, path != nil {
      throw ValidationError(
        "a dictionary needs --activations: the bundled activations belong to the bundled dictionary"
      )
    }
    try input.check(with: dictionary, isRequired: true)
    if let declaredL0, !(declaredL0 > 0 && declaredL0.isFinite) {
      throw ValidationError("--declared-l0 is \(declaredL0), expected a positive number")
    }
    if let declaredFvu, !(declaredFvu >= 0 && declaredFvu.isFinite) {
      throw ValidationError("--declared-fvu is \(declaredFvu), expected 0 or more")
    }
    if let sampleRows, !(2...1_000_000).contains(sampleRows) {
      throw ValidationError("--sample-rows is \(sampleRows), expected 2 to 1000000")
    }
  }

  func run() throws {
    let dictionary = try self.dictionary.open(path)
    let activations = try input.open(for: self.dictionary)
    var options = Verification.Options()
    options.rows = rows
    options.declaredL0 = declaredL0
    options.declaredFVU = declaredFvu
    options.sampleRows = sampleRows
    let bars = VerifyProgress()
    let verification = try Verification(
      dictionary, on: activations, targets: try targets.map { try Activations($0) },
      neighbours: try neighbour.map { try Activations($0) }, options: options,
      progress: bars.update)
    bars.clear()
    if json {
      verification.json(activations).show()
    } else {
      verification.report(activations).show()
    }
    if verification.verdict == .wrong { throw ExitCode(1) }
  }
}

/// One progress line after the other, for each stage.
private final class VerifyProgress {
  private var stage = ""
  private var bar: Progress?

  func update(_ stage: String, _ done: Int, _ total: Int) {
    if stage != self.stage {
      clear()
      bar = Progress(stage)
      self.stage = stage
    }
    bar?.update(done, total)
  }

  func clear() {
    bar?.clear()
    bar = nil
  }
}
