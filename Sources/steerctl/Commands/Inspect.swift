import ArgumentParser
import Formats
import SAE
import Steering

/// `steerctl inspect`: what a dictionary is, and every decision that was taken to read it.
struct Inspect: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Show what a dictionary is, and every decision taken to read it.")

  @Argument(help: ArgumentHelp("Folder of the dictionary; the same as --sae.", valueName: "dir"))
  var path: String?

  @OptionGroup var dictionary: DictionaryOptions

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    if path != nil, dictionary.sae != nil {
      throw ValidationError("give the folder once: as an argument or with --sae")
    }
  }

  func run() throws {
    if let transcoder = try dictionary.openCrossLayer(path) {
      if json { Self.json(transcoder).show() } else { show(transcoder) }
      return
    }
    let inspection = try DictionaryInspection(try dictionary.open(path))
    if json {
      inspection.json.show()
    } else {
      show(inspection)
    }
  }

  private func show(_ inspection: DictionaryInspection) {
    let dictionary = inspection.dictionary
    var report = Report()
    report.title(dictionary.summary)
    report.field("kind", "\(dictionary.kind.rawValue), \(dictionary.activationSummary)")
    report.field(
      "size",
      "\(Figures.count(dictionary.featureCount)) features, rows of \(dictionary.modelWidth)"
        + (dictionary.kind == .transcoder ? " to rows of \(dictionary.outputWidth)" : "")
        + ", \(dictionary.weightType.rawValue), \(Figures.bytes(dictionary.weightByteCount))")
    for (index, line) in dictionary.formula.enumerated() {
      report.field(index == 0 ? "computes" : "", line)
    }
    for (name, norms) in [
      ("encoder norms", inspection.encoderNorms), ("decoder norms", inspection.decoderNorms),
    ] {
      report.field(
        name,
        "\(Figures.short(norms.minimum)) \(Figures.bars(norms.histogram))"
          + " \(Figures.short(norms.maximum)), median \(Figures.short(norms.median))"
          + (norms.zeroCount > 0 ? ", \(Figures.count(norms.zeroCount)) zero rows" : ""))
    }
    report.field("accelerator", inspection.accelerator.text)
    report.line()
    report.line("  decided")
    show(inspection.ledger, into: &report)
    report.show()
  }

  /// As a table, or as a list where a terminal is too narrow for one.
  func show(_ ledger: [LedgerEntry], into report: inout Report) {
    var table = Table(["what", "holds", "because"], left: [0, 1, 2])
    for entry in ledger {
      table.add([entry.subject, entry.statement, entry.source.description])
    }
    let width = table.lines.map(\.count).max() ?? 0
    guard Terminal.out.isTerminal, width > Terminal.out.columns else {
      report.table(table)
      return
    }
    for entry in ledger {
      report.line("  \(entry.subject): \(entry.statement)")
      report.dim("      \(entry.source.description)")
    }
  }
}

extension DictionaryInspection {
  fileprivate var json: JSONValue {
    let d = dictionary
    func norms(_ norms: Norms) -> JSONValue {
      .object([
        .init("minimum", .real(norms.minimum)), .init("median", .real(norms.median)),
        .init("maximum", .real(norms.maximum)), .init("zero_rows", .int(norms.zeroCount)),
      ])
    }
    return .object([
      .init("name", .string(d.name)), .init("kind", .string(d.kind.rawValue)),
      .init("activation", .string(d.activation.name)),
      .init("k", d.activation.k.map { .int($0) } ?? .null),
      .init("formula", .array(d.formula.map { .string($0) })),
      .init("feature_count", .int(d.featureCount)), .init("model_width", .int(d.modelWidth)),
      .init("output_width", .int(d.outputWidth)),
      .init("weight_type", .string(d.weightType.rawValue)),
      .init("weight_bytes", .int(d.weightByteCount)),
      .init("normalisation", .string(d.normalisation.name)),
      .init("subtracts_decoder_bias", .bool(d.subtractsDecoderBias)),
      .init("rescales_by_decoder_norm", .bool(d.rescalesByDecoderNorm)),
      .init("decoder_norm_role", .string(d.decoderNormRole.rawValue)),
      .init("prefixes", .array(d.prefixes.map { .int($0) })),
      .init("has_skip", .bool(d.hasSkip)), .init("input", d.input.json),
      .init("output", d.output.json), .init("encoder_norms", norms(encoderNorms)),
      .init("decoder_norms", norms(decoderNorms)),
      .init("decoder_rows_are_unit", .bool(decoderNorms.areUnit())),
      .init("accelerator", accelerator.json),
      .init("ledger", ledger.json),
    ])
  }
}

extension DictionaryInspection.Accelerator {
  fileprivate var text: String {
    switch self {
    case .stored(let byteCount, let loss):
      "int8 rows, \(Figures.bytes(byteCount)), stored, loses \(Figures.fixed(100 * loss, 2)) % of a"
        + " row's length"
    case .madeInMemory: "none: made in memory when rows are encoded"
    case .unused(let what): "none: not for \(what)"
    }
  }

  fileprivate var json: JSONValue {
    switch self {
    case .stored(let byteCount, let loss):
      .object([
        .init("state", "stored"), .init("bytes", .int(byteCount)), .init("mean_loss", .real(loss)),
      ])
    case .madeInMemory: .object([.init("state", "made-in-memory")])
    case .unused(let what):
      .object([.init("state", "unused"), .init("because", .string("not for \(what)"))])
    }
  }
}

extension [LedgerEntry] {
  var json: JSONValue {
    .array(
      map {
        .object([
          .init("subject", .string($0.subject)), .init("statement", .string($0.statement)),
          .init("source", .string($0.source.description)),
        ])
      })
  }
}

extension Tap {
  var json: JSONValue {
    .object([
      .init("model", .text(model)), .init("hook", .text(hook)),
      .init("module_hook", .text(moduleHook)),
    ])
  }
}
