import ArgumentParser
import Formats
import SAE
import Steering

/// `steerctl import`: a control vector as dictionaries that every verb reads.
struct Import: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import",
    abstract: "Turn a control vector into dictionaries of one feature, one for each layer.",
    discussion: """
      steerctl import --control-vector in.gguf --output vector
      steerctl apply --sae vector/layer12 --feature 0 --alpha 1 --activations FILE

      Feature 0 of each dictionary is the layer's direction as it is; its activation is the row's
      projection on it, in units of the direction, where that is positive.
      With --sae, shows which features of that dictionary point the same way.
      """)

  @Option(help: ArgumentHelp("The GGUF file to read.", valueName: "file"))
  var controlVector: String

  @Option(
    help: ArgumentHelp(
      "Folder to make; must be new. Holds a folder layerN for the output of block N.",
      valueName: "dir"))
  var output: String

  @Option(
    help: ArgumentHelp(
      "What direction.N in the file means: the output of block N (repeng), or of block N - 1 "
        + "(llama.cpp's own generator)."))
  var layerConvention: ControlVector.LayerConvention = .repeng

  @Option(
    help: ArgumentHelp(
      "Only the output of this block, counted from 0 (repeatable).",
      discussion: "Default: all that the file has.", valueName: "n"))
  var layer: [Int] = []

  @OptionGroup(title: "Dictionary to compare with, only where --sae is given")
  var dictionary: ReadingOptions

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
    if let bad = layer.first(where: { $0 < 0 }) {
      throw ValidationError("--layer is \(bad), expected 0 or more")
    }
    guard !output.isEmpty else { throw ValidationError("--output is empty, expected a folder") }
    let given = dictionary.given + (saeLayer == nil ? [] : ["--sae-layer"])
    if dictionary.sae == nil, let option = given.first {
      throw ValidationError("\(option) is for the dictionary to compare with, expected --sae too")
    }
  }

  func run() throws {
    try ControlVector.checkFree(output)
    let vector = try ControlVector(contentsOf: controlVector, convention: layerConvention)
    let dictionary = self.dictionary.sae == nil ? nil : try self.dictionary.open(layer: saeLayer)
    let block = dictionary?.output.place?.residualLayer
    var nearest: [FeatureReport.Neighbour]?
    if let dictionary, let block, let direction = vector.directions[block],
      layer.isEmpty || layer.contains(block)
    {
      nearest = try dictionary.nearestFeatures(to: direction)
    }
    let made = try vector.writeDictionaries(
      to: output, blocks: layer.isEmpty ? nil : layer, convention: layerConvention,
      source: controlVector)
    let comparison = dictionary.map { Comparison(dictionary: $0, block: block, nearest: nearest) }
    if json {
      self.json(vector, made, comparison).show()
    } else {
      show(vector, made, comparison)
    }
  }

  /// A dictionary, and what in it points where the direction of its block does.
  private struct Comparison {
    var dictionary: SparseDictionary
    /// The block after which its rows lie; nil when its hook does not say so.
    var block: Int?
    /// Nil where no direction that was made is there.
    var nearest: [FeatureReport.Neighbour]?
  }

  private func tensor(_ made: ControlVector.MadeDictionary) -> String {
    ControlVector.tensorName(ofBlock: made.block, convention: layerConvention)
  }

  private func path(_ folder: String) -> String {
    (output.hasSuffix("/") ? output : output + "/") + folder
  }

  private func show(
    _ vector: ControlVector, _ made: [ControlVector.MadeDictionary], _ comparison: Comparison?
  ) {
    var report = Report()
    report.title(
      "import · \(controlVector)" + (vector.modelHint.map { " for \(MessageText.plain($0))" } ?? "")
    )
    let longest = made.map(\.norm).max() ?? 0
    var table = Table(["layer", "tensor", "width", "norm", "", "dictionary"], left: [1, 4, 5])
    for item in made {
      table.add([
        String(item.block), tensor(item), Figures.count(vector.width), Figures.short(item.norm),
        Figures.bar(longest > 0 ? item.norm / longest : 0),
        item.folder.map(path) ?? "none: the direction is zero",
      ])
    }
    report.table(table)
    report.line()
    if let comparison { show(comparison, into: &report) }
    for note in notes(vector, comparison) { report.warning(note) }
    let folders = made.compactMap(\.folder)
    report.field(
      "wrote",
      "\(output) (\(folders.count == 1 ? "1 dictionary" : "\(folders.count) dictionaries"))")
    if let folder = folders.first,
      let line = OutputPath.line([
        "steerctl", "apply", "--sae", OutputPath.argument(path(folder)),
        "--feature", "0", "--alpha", "1", "--activations", "FILE",
      ])
    {
      report.field("run", line)
    }
    report.show()
  }

  private func notes(_ vector: ControlVector, _ comparison: Comparison?) -> [String] {
    var notes: [String] = []
    if let comparison, let reason = reason(comparison, vector) {
      notes.append("nothing to compare: \(reason)")
    }
    if let declared = vector.declaredLayerCount, declared != vector.directions.count {
      notes.append(
        "the file declares \(Figures.count(declared, "layer")) and holds "
          + Figures.count(vector.directions.count, "direction"))
    }
    if let hint = vector.modelHint, !vector.isModelHintRecorded {
      notes.append(
        "the model hint has \(Figures.count(hint.utf8.count)) bytes and is left out of cfg.json, which"
          + " takes up to \(ControlVector.recordedHintLimit)")
    }
    return notes
  }

  /// Why there are no neighbours to show; nil where there are some.
  private func reason(_ comparison: Comparison, _ vector: ControlVector) -> String? {
    let summary = comparison.dictionary.summary
    guard let block = comparison.block else {
      return "\(summary) is at the output of no block, as far as its hook says"
    }
    guard let nearest = comparison.nearest else {
      return "\(summary) is at the output of block \(block), for which nothing was imported"
    }
    guard nearest.isEmpty else { return nil }
    return vector.norm(ofBlock: block) > 0
      ? "every decoder row of \(summary) is zero"
      : "the direction of layer \(block) is zero, and a direction of zeros has no neighbours"
  }

  private func show(_ comparison: Comparison, into report: inout Report) {
    guard let nearest = comparison.nearest, !nearest.isEmpty, let block = comparison.block else {
      return
    }
    report.line("  layer \(block): nearest decoder directions of \(comparison.dictionary.summary)")
    var table = Table(["feature", "cosine", ""], left: [2])
    for neighbour in nearest {
      table.add([
        String(neighbour.feature), Figures.fixed(neighbour.cosine, 4),
        Figures.bar(neighbour.cosine),
      ])
    }
    report.table(table)
    report.line()
  }

  private func json(
    _ vector: ControlVector, _ made: [ControlVector.MadeDictionary], _ comparison: Comparison?
  ) -> JSONValue {
    func nearest(_ block: Int) -> JSONValue {
      guard let comparison, comparison.block == block, let found = comparison.nearest else {
        return .null
      }
      return .array(
        found.map {
          .object([.init("feature", .int($0.feature)), .init("cosine", .real($0.cosine))])
        })
    }
    return .object([
      .init("file", .string(controlVector)),
      .init("layer_convention", .string(layerConvention.rawValue)),
      .init("model_hint", .text(vector.modelHint)),
      .init("declared_layers", vector.declaredLayerCount.map { .int($0) } ?? .null),
      .init("width", .int(vector.width)), .init("output", .string(output)),
      .init("compared_with", .text(comparison?.dictionary.name)),
      .init("notes", .array(notes(vector, comparison).map { .string($0) })),
      .init(
        "layers",
        .array(
          made.map {
            .object([
              .init("layer", .int($0.block)), .init("tensor", .string(tensor($0))),
              .init("norm", .real($0.norm)), .init("folder", .text($0.folder)),
              .init("nearest", nearest($0.block)),
            ])
          })),
    ])
  }
}
