import ArgumentParser
import Formats
import SAE
import Steering

extension ControlVector.LayerConvention: ExpressibleByArgument {}

/// `steerctl export`: a plan as a file that another runtime applies.
struct Export: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Write a plan as a control vector, which llama.cpp adds while a model runs.",
    discussion: """
      steerctl export --control-vector out.gguf --feature 1234 --alpha 4
      llama-cli -m model.gguf --control-vector out.gguf

      A control vector is added to every row, so only plans that do that can be written: add, with
      the strength decoder, unit or max-activation, and no scope.
      """)

  @Option(
    help: ArgumentHelp("The GGUF file to write; - is standard output.", valueName: "file"))
  var controlVector: String

  @Option(
    help: ArgumentHelp(
      "Add it to the output of this block, counted from 0.",
      discussion: "Default: where the dictionary's hook name says.", valueName: "n"))
  var layer: Int?

  @Option(
    help: ArgumentHelp(
      "What direction.N in the file means: the output of block N, as llama.cpp applies it, or of "
        + "block N - 1, as llama.cpp's own generator counts."))
  var layerConvention: ControlVector.LayerConvention = .repeng

  @Option(
    help: ArgumentHelp(
      "Which model it is for: a note in the file, which repeng wants and nothing checks.",
      discussion: "Default: the model that the dictionary names.", valueName: "text"))
  var modelHint: String?

  @OptionGroup(title: "Plan") var plan: PlanOptions
  @OptionGroup(title: "Dictionary") var dictionary: ReadingOptions

  @Option(
    help: ArgumentHelp(
      "The layer of the dictionary to read, where its files hold several.", valueName: "n"))
  var saeLayer: Int?

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    if let saeLayer, saeLayer < 0 {
      throw ValidationError("--sae-layer is \(saeLayer), expected 0 or more")
    }
    if let layer, layer < 0 {
      throw ValidationError("--layer is \(layer), expected 0 or more")
    }
    if modelHint?.isEmpty == true {
      throw ValidationError("--model-hint is empty, expected text")
    }
    if OutputPath.isStandardOutput(controlVector), json {
      throw ValidationError("--json and --control-vector - both want standard output")
    }
  }

  func run() throws {
    let document = try plan.document()
    let dictionary = try self.dictionary.open(layer: saeLayer)
    try OutputPath.check(
      controlVector, isNot: dictionary.files + (plan.plan.map { [$0] } ?? []),
      option: "--control-vector")
    let vector = try explaining { () throws(SteeringError) in
      try ControlVector(
        try Plan(document, dictionary: dictionary), block: layer, modelHint: modelHint)
    }
    let byteCount = try vector.write(
      to: OutputPath.resolve(controlVector), convention: layerConvention)
    if json {
      self.json(vector, dictionary, document, byteCount).show()
    } else {
      show(vector, dictionary, document, byteCount)
    }
  }

  /// Runs `body` and names flags where the library names fields.
  private func explaining<R>(_ body: () throws(SteeringError) -> R) throws(SteeringError) -> R {
    do throws(SteeringError) {
      return try plan.explaining(body)
    } catch {
      let message =
        plan.plan == nil
        ? error.message.replacing("'scope'", with: "--skip-first, --range or --phase")
        : error.message
      throw SteeringError(error.code, message.replacing("give the layer", with: "give --layer"))
    }
  }

  /// Arguments that make llama.cpp apply the file; nil where it takes no file of that name.
  private var command: [String]? {
    let path = OutputPath.isStandardOutput(controlVector) ? "out.gguf" : controlVector
    guard !path.contains(",") else { return nil }
    return ["llama-cli", "-m", "model.gguf", "--control-vector", OutputPath.argument(path)]
  }

  private func show(
    _ vector: ControlVector, _ dictionary: SparseDictionary, _ document: PlanDocument,
    _ byteCount: Int
  ) {
    var report = Report(dataOnStandardOutput: OutputPath.isStandardOutput(controlVector))
    report.title("export · \(dictionary.summary)")
    for block in vector.blocks {
      let tensor = ControlVector.tensorName(ofBlock: block, convention: layerConvention)
      report.field(
        tensor,
        "\(Figures.count(vector.width)) wide, ‖v‖ \(Figures.short(vector.norm(ofBlock: block)))")
      report.field(
        "belongs to",
        "the output of block \(block), as "
          + (layer == nil ? "the dictionary's hook says" : "--layer says"))
    }
    report.field("model hint", vector.modelHint.map(MessageText.plain) ?? "none")
    report.line()
    var table = Table(["feature", "edit"], left: [1])
    for intervention in document.interventions {
      table.add([String(intervention.feature), intervention.summary])
    }
    report.table(table)
    report.line()
    for note in notes(vector, dictionary) { report.warning(note) }
    report.field(
      "wrote",
      "\(OutputPath.label(OutputPath.resolve(controlVector))) (\(Figures.bytes(byteCount)))")
    if let line = command.flatMap(OutputPath.line) { report.field("run", line) }
    report.show()
  }

  private func notes(_ vector: ControlVector, _ dictionary: SparseDictionary) -> [String] {
    var notes = ["llama.cpp adds it to every position of every sequence, BOS and prompt too"]
    for block in vector.blocks {
      if layerConvention == .cvectorGenerator {
        notes.append(
          "llama.cpp applies direction.\(block + 1) to the output of block \(block + 1), one block"
            + " later than it belongs")
      }
      if layer != nil, let hook = dictionary.output.hook,
        dictionary.output.place?.residualLayer != block
      {
        notes.append("the dictionary is at \(hook), which is not the output of block \(block)")
      }
    }
    if controlVector.contains(",") {
      notes.append("llama.cpp takes a comma for the end of a name: rename the file")
    }
    if vector.modelHint == nil {
      notes.append("repeng reads no file without a model hint: give --model-hint")
    }
    return notes
  }

  private func json(
    _ vector: ControlVector, _ dictionary: SparseDictionary, _ document: PlanDocument,
    _ byteCount: Int
  ) -> JSONValue {
    .object([
      .init("dictionary", .string(dictionary.name)), .init("plan", document.jsonValue),
      .init("layer_convention", .string(layerConvention.rawValue)),
      .init("model_hint", .text(vector.modelHint)), .init("width", .int(vector.width)),
      .init(
        "layers",
        .array(
          vector.blocks.map {
            .object([
              .init("layer", .int($0)),
              .init(
                "tensor",
                .string(ControlVector.tensorName(ofBlock: $0, convention: layerConvention))),
              .init("norm", .real(vector.norm(ofBlock: $0))),
            ])
          })),
      .init("notes", .array(notes(vector, dictionary).map { .string($0) })),
      .init("command", command.map { .array($0.map { .string($0) }) } ?? .null),
      .init("output", .string(controlVector)), .init("output_bytes", .int(byteCount)),
    ])
  }
}
