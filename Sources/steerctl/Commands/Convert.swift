import ArgumentParser
import Formats
import Importers
import SAE
import Steering

extension ExportTarget: ExpressibleByArgument {}
extension ExportOptions.WeightType: ExpressibleByArgument {}

/// `steerctl convert`: a dictionary of any layout as a folder in another.
struct Convert: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "convert",
    abstract: "Write a dictionary in another layout, exactly, or say why that cannot be.",
    discussion: """
      steerctl convert DICT --to saelens --output copy
      steerctl inspect copy

      What the target cannot hold is refused, and so is what it holds only by rounding, unless
      --allow-rounding is given. Weights, fields and activations of the copy are then the same, bit
      for bit: docs/convert.md lists what each target holds.

      --accelerate stores the int8 form of the encoder, which tells encoding which rows to read;
      results stay the same, bit for bit. It lies beside the weights of a native copy or, without --to
      and --output, of the native dictionary that is given:

      steerctl convert DICT --accelerate
      """)

  @Argument(
    help: ArgumentHelp(
      "Folder or file of the dictionary; the same as --sae.", valueName: "dict"))
  var path: String?

  @Option(help: "The layout to write.")
  var to: ExportTarget?

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("Folder to make; must be new.", valueName: "dir"))
  var output: String?

  @Option(
    help: ArgumentHelp(
      "Type of the matrices; biases and thresholds stay f32.",
      discussion: "Default: as they are, f16 as f32."))
  var type: ExportOptions.WeightType?

  @Flag(help: "Store the int8 form of the encoder, for fast encoding; in the native layout only.")
  var accelerate = false

  @Flag(help: "Accept changed numbers where the target needs it, and say how far they changed.")
  var allowRounding = false

  @OptionGroup(title: "Dictionary") var dictionary: DictionaryOptions

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    if path != nil, dictionary.sae != nil {
      throw ValidationError("give the dictionary once: as an argument or with --sae")
    }
    if let output, output.isEmpty {
      throw ValidationError("--output is empty, expected a folder")
    }
    switch (to, output) {
    case (nil, nil):
      guard accelerate else { throw ValidationError("give --to and --output, or --accelerate") }
      if type != nil || allowRounding {
        throw ValidationError(
          "\(type == nil ? "--allow-rounding" : "--type") is about a copy, expected --output too")
      }
    case (nil, _): throw ValidationError("give --to, the layout of what goes to --output")
    case (_, nil): throw ValidationError("give --output, the folder to make")
    case (.saelens?, _) where accelerate:
      throw ValidationError("--accelerate is for the native layout, expected --to native")
    default: break
    }
  }

  func run() throws {
    guard let to, let output else { return try accelerateInPlace() }
    try run(to, output)
  }

  private func run(_ to: ExportTarget, _ output: String) throws {
    try ExportTarget.checkFree(output)
    let source = try dictionary.reading.location(path)
    let format = try to.check(source, options: dictionary.importOptions)
    let dictionary = try self.dictionary.open(path)
    let progress = Progress("converting")
    let report = try dictionary.write(
      to: output, as: to,
      options: ExportOptions(
        type: type, allowsRounding: allowRounding, accelerates: accelerate),
      progress: progress.update)
    progress.clear()
    let files = dictionary.files
    let sourceBytes = try SteeringError.rendering { () throws(FormatError) in
      try FileSystem.byteCount(of: files)
    }
    if json {
      self.json(dictionary, format, to, output, sourceBytes, report).show()
    } else {
      show(dictionary, format, to, output, sourceBytes, report)
    }
  }

  private func show(
    _ dictionary: SparseDictionary, _ format: DictionaryFormat, _ to: ExportTarget,
    _ output: String, _ sourceBytes: Int, _ result: ExportReport
  ) {
    var report = Report()
    report.title("convert · \(dictionary.summary)")
    report.field(
      "from",
      "\(format.rawValue), \(Figures.count(dictionary.files.count, "file")),"
        + " \(Figures.bytes(sourceBytes))")
    report.field(
      "to",
      "\(to.rawValue), \(Figures.count(result.files.count, "file")),"
        + " \(Figures.bytes(result.byteCount))")
    report.field(
      "numbers",
      result.roundings.isEmpty
        ? "exact" : "rounded, by up to \(Figures.short(result.largestRelativeChange)) of a number")
    if let accelerator = result.accelerator { report.field("accelerator", accelerator.text) }
    report.line()
    if !result.changes.isEmpty {
      var table = Table(["what", "written", "because"], left: [0, 1, 2])
      for change in result.changes {
        table.add([change.subject, change.statement, change.source.description])
      }
      report.table(table)
      report.line()
    }
    for file in result.files {
      report.field(
        "wrote", "\(FileSystem.join(output, file.name)) (\(Figures.bytes(file.byteCount)))")
    }
    if let line = OutputPath.line(["steerctl", "inspect", OutputPath.argument(output)]) {
      report.field("run", line)
    }
    report.show()
  }

  private func json(
    _ dictionary: SparseDictionary, _ format: DictionaryFormat, _ to: ExportTarget,
    _ output: String, _ sourceBytes: Int, _ result: ExportReport
  ) -> JSONValue {
    func entries(_ ledger: [LedgerEntry]) -> JSONValue {
      .array(
        ledger.map {
          .object([
            .init("subject", .string($0.subject)), .init("statement", .string($0.statement)),
            .init("source", .string($0.source.description)),
          ])
        })
    }
    return .object([
      .init("dictionary", .string(dictionary.name)), .init("from", .string(format.rawValue)),
      .init("to", .string(to.rawValue)), .init("output", .string(output)),
      .init("bytes_before", .int(sourceBytes)), .init("bytes_after", .int(result.byteCount)),
      .init("is_exact", .bool(result.roundings.isEmpty)),
      .init(
        "files",
        .array(
          result.files.map {
            .object([.init("name", .string($0.name)), .init("bytes", .int($0.byteCount))])
          })),
      .init(
        "roundings",
        .array(
          result.roundings.map {
            .object([
              .init("tensor", .string($0.tensor)), .init("changed", .int($0.changedCount)),
              .init("count", .int($0.count)),
              .init("largest_relative_change", .real($0.largestRelativeChange)),
            ])
          })),
      .init("accelerator", result.accelerator.map(\.json) ?? .null),
      .init("changes", entries(result.changes)), .init("ledger", entries(dictionary.ledger)),
    ])
  }
}

extension ExportReport {
  fileprivate var byteCount: Int { files.reduce(0) { $0 + $1.byteCount } }

  fileprivate var largestRelativeChange: Double {
    roundings.map(\.largestRelativeChange).max() ?? 0
  }
}
