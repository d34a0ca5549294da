import ArgumentParser
import Formats
import SAE
import Steering

/// `steerctl encode`: activations to features, and how well they explain the rows.
struct Encode: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "encode",
    abstract: "Turn activations into features, and show how well these explain them.",
    discussion: """
      Writes sparse codes as safetensors: row_offsets I64 [rows + 1], indices I32 and values F32
      [active]; row r's features are at row_offsets[r] up to row_offsets[r + 1]. Rows that cannot be
      normalised have none and are listed in undefined_rows I64, which is there only then. norms F32
      [rows] are the rows' lengths; documents, tokens, positions, special and segments I64 [rows] are
      those of the input, where it has them.

      With --average-by, rows are segments: neighbouring rows with the same id, special tokens left
      out, are averaged and encoded once, as dictionaries of turn averages need it. segment_ids,
      segment_first_rows, segment_rows and segment_averaged_rows I64 [segments] say which they are.
      """)

  @OptionGroup var dictionary: DictionaryOptions
  @OptionGroup var input: ActivationOptions

  @Option(help: ArgumentHelp("Where to write the result; - is standard output.", valueName: "file"))
  var output: String?

  @Option(
    help: ArgumentHelp(
      "Encode the mean of each run of rows with equal ids in this tensor: segments, documents, …",
      valueName: "tensor"))
  var averageBy: String?

  /// How codes are laid out on disk.
  enum Layout: String, ExpressibleByArgument, CaseIterable {
    case sparse
    case dense
    case delphi
  }

  @Option(
    help: ArgumentHelp(
      "How to write codes: sparse, dense (features F32 [rows, features]), or delphi (a new folder, as"
        + " delphi caches latents; documents must be of one length).",
      discussion: "Default: sparse."))
  var layout: Layout?

  @Flag(name: .customLong("dense"), help: "The same as --layout dense.")
  var isDense = false

  @Flag(help: "Also write decoded rows, and forward where the dictionary has a skip path.")
  var decode = false

  @Option(help: ArgumentHelp("Threads that share the work.", valueName: "count"))
  var threads = 1

  @Flag(help: "Read the whole encoder for every row, without bounds; the codes are the same.")
  var plain = false

  @Flag(help: "Print JSON.")
  var json = false

  private var isDelphi: Bool { layout == .delphi }
  var dense: Bool { isDense || layout == .dense }

  func validate() throws {
    if isDense, let layout, layout != .dense {
      throw ValidationError("--dense and --layout \(layout.rawValue) exclude each other")
    }
    if isDelphi, decode || averageBy != nil || OutputPath.isStandardOutput(output) {
      throw ValidationError(
        "--layout delphi writes a folder of activations, expected no --decode, no --average-by and no"
          + " standard output")
    }
    try input.check(with: dictionary, isRequired: true)
    try Threads.check(threads)
    if averageBy != nil, threads != 1 || plain {
      throw ValidationError(
        "--average-by encodes one mean at a time, expected no --threads or --plain")
    }
    if output == nil, dense || decode || layout != nil {
      throw ValidationError("--dense, --layout and --decode need --output")
    }
    if OutputPath.isStandardOutput(output), json {
      throw ValidationError("--json and --output - both want standard output")
    }
  }

  func run() throws {
    let (dictionary, isCrossLayer) = try self.dictionary.openEncoder()
    guard !(isCrossLayer && decode) else {
      throw SteeringError(
        .invalidArgument,
        "features of a cross-layer transcoder write to several layers, expected no --decode")
    }
    let activations = try input.open(for: self.dictionary)
    if let output, isDelphi {
      try Self.checkFree(output)
    } else if let output {
      try OutputPath.check(output, isNot: activations, dictionary)
    }
    if let averageBy {
      try encodeSegments(of: activations, by: averageBy, dictionary)
      return
    }
    let progress = Progress("encoding")
    var encoding = try ActivationEncoding(
      activations, with: dictionary,
      options: EncodeOptions(workers: threads, accelerates: !plain), progress: progress.update)
    progress.clear()
    if let output, isDelphi {
      try encoding.writeCache(to: output)
    } else if let output {
      try encoding.write(to: OutputPath.resolve(output), dense: dense, decode: decode)
    }
    if json {
      encoding.report.json(dictionary).show()
    } else {
      show(encoding.report, dictionary, activations)
    }
  }

  /// Refuses, before any work is done, a folder that is there.
  private static func checkFree(_ path: String) throws(SteeringError) {
    let isFree = try SteeringError.rendering { () throws(FormatError) in
      try OutputFolder.isFree(path)
    }
    guard isFree else {
      throw SteeringError(
        .invalidArgument, "\(path) exists, expected the name of a new folder")
    }
  }

  private func show(
    _ result: EncodeReport, _ dictionary: SparseDictionary, _ activations: Activations
  ) {
    var report = Report(dataOnStandardOutput: OutputPath.isStandardOutput(output))
    report.title("encode · \(dictionary.summary)")
    report.field("rows", activations.summary)
    report.field(
      "ordinary",
      "\(Figures.count(result.ordinary.rowCount)) rows; left out: "
        + "\(Figures.count(result.specialCount)) special tokens, "
        + "\(Figures.count(result.sinkCount)) with 5 × the median norm or more")
    report.line()
    var table = Table(
      ["rows", "count", "L0", "FVU", "mean cosine", "features alive", "largest activation"])
    for (name, fit) in [("ordinary", result.ordinary), ("all", result.all)] {
      table.add([
        name, Figures.count(fit.rowCount), Figures.fixed(fit.l0, 2), Figures.fixed(fit.fvu, 5),
        Figures.fixed(fit.cosine, 5),
        "\(Figures.count(fit.aliveCount)) of \(Figures.count(dictionary.featureCount))",
        Figures.fixed(fit.maximumActivation, 3),
      ])
    }
    report.table(table)
    report.line()
    report.field("encoder", result.counts.summary(dictionary))
    report.line()
    if dictionary.kind == .transcoder {
      report.warning("a transcoder does not reconstruct its input, so there is no FVU or cosine")
    }
    if let first = result.undefinedRows.first {
      report.warning(
        "rows that cannot be normalised: \(Figures.count(result.undefinedRows.count)), row \(first) the"
          + " first; their features are NaN, and they are left out above")
    }
    report.written(result.outputPath, result.tensors)
    report.show()
  }
}

extension Report {
  /// What was written, or how to write it.
  mutating func written(_ path: String?, _ tensors: [String]) {
    guard let path else {
      dim("  nothing written: give --output FILE")
      return
    }
    line("  wrote \(OutputPath.label(path))")
    for tensor in tensors { dim("    \(tensor)") }
  }
}

extension EncodeCounts {
  /// How much of the encoder was read.
  func summary(_ dictionary: SparseDictionary) -> String {
    guard prunedRows > 0 else { return "all of its rows were read" }
    let whole = Double(prunedRows) * Double(dictionary.featureCount)
    let share = Figures.percent(Double(rescoredFeatures) / whole)
    let rest = prunedRows < rows ? "; all for \(Figures.count(rows - prunedRows)) of the rows" : ""
    return "\(share) of its rows were read, bounds ruled out the others\(rest)"
  }
}

extension EncodeReport.Fit {
  var json: JSONValue {
    .object([
      .init("rows", .int(rowCount)), .init("l0", .real(l0)), .init("fvu", .real(fvu)),
      .init("mean_cosine", .real(cosine)), .init("features_alive", .int(aliveCount)),
      .init("largest_activation", .real(maximumActivation)),
    ])
  }
}

extension EncodeReport {
  fileprivate func json(_ dictionary: SparseDictionary) -> JSONValue {
    .object([
      .init("dictionary", .string(dictionary.name)), .init("ordinary", ordinary.json),
      .init("all", all.json),
      .init("special_rows", .int(specialCount)), .init("sink_rows", .int(sinkCount)),
      .init("undefined_rows", .array(undefinedRows.map { .int($0) })),
      .init("pruned_rows", .int(counts.prunedRows)),
      .init("rescored_features", .int(counts.rescoredFeatures)),
      .init("output", .text(outputPath)),
      .init("tensors", .array(tensors.map { .string($0) })),
    ])
  }
}
