import ArgumentParser
import Detector
import Formats
import SAE
import Steering

extension FittedDetector.Kind: ExpressibleByArgument {
  /// A kind that can be fitted.
  public init?(argument: String) {
    guard Self.allValueStrings.contains(argument) else { return nil }
    self.init(rawValue: argument)
  }

  /// Watermark detectors are made of a bank and a key.
  public static var allValueStrings: [String] {
    allCases.filter { $0 != .watermark }.map(\.rawValue)
  }
}
extension Pooling: ExpressibleByArgument {}
extension BankWeighting: ExpressibleByArgument {}

/// `steerctl fit`: labelled documents to a detector.
struct Fit: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fit",
    abstract: "Choose features that tell a structure, from labelled documents.",
    discussion: """
      bank      features of contrast pairs, by how surely they tell the structure (FRC), with weights
      probe     logistic regression on the features whose means differ most
      feature   one feature: --feature, or the one that differs most
      profile   where the energy of documents with the structure is
      subspace  main directions of the features of documents with the structure
      dense     logistic regression on the mean row: the baseline of all others

      Shards are files of residual rows, or of codes with --codes; the documents file beside each has
      labels, pairs and splits: docs/formats/documents.md. Documents of another split than --split are
      left out. What is fitted here is remembered: calibrate and evaluate refuse these documents.

      steerctl fit bank pairs.safetensors --output bank.json
      steerctl fit dense pairs.safetensors --output dense.json
      """)

  @Argument(help: "How: bank, probe, feature, profile, subspace or dense.")
  var method: FittedDetector.Kind

  @Argument(help: ArgumentHelp("Shards of labelled documents.", valueName: "shard"))
  var shards: [String]

  @OptionGroup var dictionary: DictionaryOptions

  @Flag(help: "Shards hold codes of the dictionary that steerctl encode wrote, not residual rows.")
  var codes = false

  @Option(
    help: ArgumentHelp(
      "Look for this structure (repeatable).", discussion: "Default: all that are labelled.",
      valueName: "name"))
  var structure: [String] = []

  @Option(
    name: .customLong("count"),
    help: ArgumentHelp(
      "Features per structure.",
      discussion: "Default: 5 for bank, 16 for probe, 256 for profile, 128 for subspace.",
      valueName: "n"))
  var featureCount: Int?

  @Option(help: ArgumentHelp("The feature that feature reads.", valueName: "index"))
  var feature: Int?

  @Option(
    help: ArgumentHelp(
      "How a feature's activations become one number: max, mean, rate or last.",
      discussion: "Default: max; mean for profile and subspace.", valueName: "pooling"))
  var pooling: Pooling?

  @Option(
    help: ArgumentHelp(
      "Weights of a bank: equal, confidence or logistic.", valueName: "weights"))
  var weights = BankWeighting.logistic

  @Option(
    help: ArgumentHelp(
      "Inverse strength of the L2 penalty.",
      discussion: "Default: 1 for probe, 0.01 for dense and bank.", valueName: "c"))
  var regularisation: Double?

  @Option(help: ArgumentHelp("Documents of which split to fit on.", valueName: "name"))
  var split = FittingRun.defaultSplit

  @Option(
    help: ArgumentHelp(
      "Leave out rows with this norm or more.",
      discussion: "Default: 5 × the median norm of the shards' rows.", valueName: "norm"))
  var sinkNorm: Double?

  @Option(
    help: ArgumentHelp(
      "The detector's name.", discussion: "Default: the method's.", valueName: "name"))
  var name: String?

  @Option(
    name: [.short, .long],
    help: ArgumentHelp("Where to write the detector; - is standard output.", valueName: "file"))
  var output: String?

  @Option(help: ArgumentHelp("Threads that share the encoding.", valueName: "count"))
  var threads = 1

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    try Threads.check(threads)
    if let featureCount, featureCount < 1 {
      throw ValidationError("--count is \(featureCount), expected 1 or more")
    }
    if feature != nil, method != .feature {
      throw ValidationError("--feature goes with method feature, expected no \(method.rawValue)")
    }
    if featureCount != nil, method == .feature || method == .dense {
      throw ValidationError("--count does not go with method \(method.rawValue)")
    }
    if pooling != nil, method == .dense {
      throw ValidationError("--pooling does not go with method dense, which reads the mean row")
    }
    if let regularisation, !(regularisation > 0 && regularisation.isFinite) {
      throw ValidationError("--regularisation is \(regularisation), expected above 0")
    }
    if let sinkNorm, !(sinkNorm > 0 && sinkNorm.isFinite) {
      throw ValidationError("--sink-norm is \(sinkNorm), expected above 0")
    }
    if codes, method == .dense {
      throw ValidationError("method dense reads rows, expected no --codes")
    }
    if OutputPath.isStandardOutput(output), json {
      throw ValidationError("--json and --output - both want standard output")
    }
  }

  func run() throws {
    if let output {
      try OutputPath.check(
        output, isNot: shards + shards.map { ShardName.documentsPath(beside: $0) })
    }
    let options = FitOptions(
      kind: method, structures: structure.isEmpty ? nil : structure, pooling: pooling,
      featureCount: featureCount, feature: feature, inverseStrength: regularisation,
      weighting: weights)
    let progress = Progress("fitting")
    let fitted = try FittingRun(
      options, shards: shards, dictionary: try dictionary.open(), name: name ?? method.rawValue,
      readsCodes: codes, split: split, sinkNorm: sinkNorm, workers: threads,
      progress: progress.update)
    progress.clear()
    if let output { try fitted.detector.write(to: OutputPath.resolve(output)) }
    if json {
      fitted.json(output: output).show()
    } else {
      show(fitted)
    }
  }

  private func show(_ run: FittingRun) {
    var report = Report(dataOnStandardOutput: OutputPath.isStandardOutput(output))
    report.title("fit · \(run.detector.name) (\(run.detector.kind.rawValue))")
    report.field(
      "documents",
      "\(Figures.count(run.documentCount)) of split '\(split)' in"
        + " \(Figures.count(shards.count, "shard"))"
        + (run.emptyCount > 0
          ? "; \(Figures.count(run.emptyCount)) without a kept token" : "")
        + (run.otherSplitCount > 0
          ? "; left out: \(Figures.count(run.otherSplitCount)) of another split" : ""))
    report.field(
      "tokens",
      "\(Figures.count(run.tokens.kept)) kept; left out: \(Figures.count(run.tokens.special))"
        + " special, \(Figures.count(run.tokens.sink)) sinks,"
        + " \(Figures.count(run.tokens.undefined)) without codes")
    if let norm = run.detector.masking.sinkNorm {
      report.field(
        "sinks",
        "rows with a norm of \(Figures.short(norm)) or more"
          + (sinkNorm == nil
            ? run.medianNorm.map { ": 5 × the median, \(Figures.short($0))" } ?? "" : ""))
    } else {
      report.field("sinks", "none are left out")
    }
    report.line()
    report.table(run.table)
    report.line()
    report.dim("  chosen on these documents: how well it does, only others can say (evaluate)")
    if let output {
      report.line("  wrote \(OutputPath.label(OutputPath.resolve(output)))")
    } else {
      report.dim("  nothing written: give --output FILE")
    }
    report.show()
  }
}

extension FittingRun {
  /// Features that the report names per structure.
  private static let namedFeatures = 5

  fileprivate var table: Table {
    let isBank = detector.kind == .bank
    var table = Table(
      ["structure", "with", "without", "reads"] + (isBank ? ["best FRC", "95 % interval"] : []),
      left: [0, 3])
    for (structure, counts) in zip(detector.structures, labelCounts) {
      var cells = [
        structure.name, Figures.count(counts.with), Figures.count(counts.without),
        Self.summary(structure),
      ]
      if isBank, case .linear(let readout) = structure.readout,
        let best = readout.terms.compactMap(\.evidence).max(by: { $0.confidence < $1.confidence })
      {
        cells.append(Figures.fixed(best.confidence, 3))
        cells.append(best.interval.text)
      }
      table.add(cells)
    }
    return table
  }

  /// `max of 1234 (+0.41), 77 (−0.2), …`
  private static func summary(_ structure: Structure) -> String {
    switch structure.readout {
    case .linear(let readout):
      let terms = readout.terms.sorted {
        (abs($1.weight), $0.feature) < (abs($0.weight), $1.feature)
      }
      let named = terms.prefix(namedFeatures).map { term in
        let side = term.reading == .negative ? "−" : ""
        return
          "\(side)\(term.feature) (\(term.weight < 0 ? "−" : "+")\(Figures.short(abs(term.weight))))"
      }
      let more = terms.count - named.count
      return "\(structure.pooling.rawValue) of " + named.joined(separator: ", ")
        + (more > 0 ? " and \(Figures.count(more)) more" : "")
    case .profile(let readout):
      let held = Figures.percent(readout.shares.reduce(0, +))
      return "\(structure.pooling.rawValue) of \(Figures.count(readout.features.count, "feature")),"
        + " \(held) of the energy"
    case .subspace(let readout):
      return "\(Figures.count(readout.rank, "direction")) of"
        + " \(Figures.count(readout.features.count, "feature")), by \(structure.pooling.rawValue)"
    case .dense(let readout):
      return "the mean row, \(Figures.count(readout.weights.count)) wide"
    }
  }

  fileprivate func json(output: String?) -> JSONValue {
    .object([
      .init("detector", .string(detector.name)), .init("kind", .string(detector.kind.rawValue)),
      .init("documents", .int(documentCount)),
      .init("empty_documents", .int(emptyCount)),
      .init("other_split_documents", .int(otherSplitCount)),
      .init(
        "tokens",
        .object([
          .init("kept", .int(tokens.kept)), .init("special", .int(tokens.special)),
          .init("sink", .int(tokens.sink)), .init("undefined", .int(tokens.undefined)),
        ])),
      .init("median_norm", .real(medianNorm)),
      .init("sink_norm", .real(detector.masking.sinkNorm)),
      .init(
        "structures",
        .array(
          zip(detector.structures, labelCounts).map { structure, counts in
            var members: [JSONValue.Member] = [
              .init("name", .string(structure.name)), .init("with", .int(counts.with)),
              .init("without", .int(counts.without)),
              .init("pooling", .string(structure.pooling.rawValue)),
            ]
            if case .linear(let readout) = structure.readout {
              members.append(.init("intercept", .real(readout.intercept)))
              members.append(.init("terms", .array(readout.terms.map(\.json))))
            }
            return .object(members)
          })),
      .init("output", .text(output.map(OutputPath.resolve))),
    ])
  }
}

extension LinearReadout.Term {
  fileprivate var json: JSONValue {
    var members: [JSONValue.Member] = [
      .init("feature", .int(feature)), .init("reading", .string(reading.rawValue)),
      .init("weight", .real(weight)),
    ]
    if let evidence {
      members.append(.init("confidence", .real(evidence.confidence)))
      members.append(
        .init(
          "interval", .array([.real(evidence.interval.lower), .real(evidence.interval.upper)])))
    }
    return .object(members)
  }
}
