import ArgumentParser
import Formats
import SAE
import Steering

extension HookScheme: ExpressibleByArgument {}
extension HookTrap: ExpressibleByArgument {}

/// `steerctl hooks`: what place a name means, and what other tools call it.
struct Hooks: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "hooks",
    abstract: "Show which place in a model a hook's name means, and its name elsewhere.",
    discussion: """
      steerctl hooks blocks.12.hook_resid_post
      steerctl hooks model.layers.12.post_feedforward_layernorm.output --model google/gemma-3-270m

      Names that people take for another place are refused until --confirm: docs/hooks.md.
      """)

  @Argument(help: ArgumentHelp("The name, in any scheme.", valueName: "name"))
  var name: String

  @Option(help: "Read the name in this scheme only; direction.N needs one.")
  var scheme: HookScheme?

  @Option(
    help: ArgumentHelp("The model, where it decides what a name means.", valueName: "name"))
  var model: String?

  @Option(
    help: ArgumentHelp(
      "The model's number of blocks; negative indices of hidden_states need it.", valueName: "n"))
  var layers: Int?

  @Option(help: "Take the name as it is in spite of this trap (repeatable).")
  var confirm: [HookTrap] = []

  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    if let layers, !(1...100_000).contains(layers) {
      throw ValidationError("--layers is \(layers), expected 1 to 100000")
    }
  }

  func run() throws {
    let place = try Tap.Place(
      named: name, scheme: scheme, model: model, layerCount: layers, confirming: Set(confirm))
    let names = HookScheme.allCases.map {
      ($0, HookNames.name(of: place, in: $0, model: model, layerCount: layers))
    }
    guard !json else {
      JSONValue.object([
        .init("name", .string(name)), .init("model", .text(model)),
        .init("layer", .int(place.layer)), .init("site", .string(place.site.rawValue)),
        .init("side", .string(place.site.side.rawValue)),
        .init("residual_layer", place.residualLayer.map { .int($0) } ?? .null),
        .init("names", .object(names.map { .init($0.0.rawValue, .text($0.1)) })),
      ]).show()
      return
    }
    var report = Report()
    report.title("hooks · \(name)")
    report.field("place", place.site.words + (place.site == .embedding ? "" : " \(place.layer)"))
    if let block = place.residualLayer, place.site == .residualPre {
      report.field("the same as", "the residual stream after block \(block)")
    }
    report.line()
    var table = Table(["scheme", "name"], left: [1])
    for (scheme, name) in names { table.add([scheme.rawValue, name ?? "–"]) }
    report.table(table)
    let depends = [.mlpOut, .attentionOut, .residualMid].contains(place.site)
    if HookModel(model).norms == .unknown, depends {
      report.line()
      report.warning("some names depend on where the model's norms stand: give --model")
    }
    report.show()
  }
}

extension Tap.Place.Site {
  /// The place in words, to be followed by the block's number.
  fileprivate var words: String {
    switch self {
    case .embedding: "the token embedding"
    case .residualPre: "the residual stream before block"
    case .attentionHeads: "attention's concatenated heads in block"
    case .attentionRawOut: "attention's output before any norm after it, block"
    case .attentionOut: "what attention adds to the residual stream in block"
    case .residualMid: "the residual stream between attention and MLP of block"
    case .mlpNormalised: "the MLP's normalised input before the learned gain, block"
    case .mlpInput: "the MLP's input after any norm before it, block"
    case .mlpRawOut: "the MLP's output before any norm after it, block"
    case .mlpOut: "what the MLP adds to the residual stream in block"
    case .residualPost: "the residual stream after block"
    }
  }
}
