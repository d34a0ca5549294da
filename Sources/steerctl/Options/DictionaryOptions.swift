import ArgumentParser
import Importers
import SAE
import Steering

extension DictionaryFormat: ExpressibleByArgument {}
extension ImportOptions.ActivationUnits: ExpressibleByArgument {}
extension ImportOptions.DeclaredKind: ExpressibleByArgument {}

/// Which dictionary, and what is decided where its files leave a question open.
struct DictionaryOptions: ParsableArguments {
  @OptionGroup var reading: ReadingOptions

  @Option(help: ArgumentHelp("The layer to read, of files that hold several.", valueName: "n"))
  var layer: Int?

  func validate() throws {
    if let layer, layer < 0 { throw ValidationError("--layer is \(layer), expected 0 or more") }
  }

  var sae: String? { reading.sae }

  /// The flags given.
  var given: [String] {
    (sae == nil ? [] : ["--sae"]) + reading.given + (layer == nil ? [] : ["--layer"])
  }

  /// The options as the library takes them.
  var importOptions: ImportOptions { reading.importOptions(layer: layer) }

  /// Opens the dictionary at `path`, else `--sae`, else the bundled one.
  func open(_ path: String? = nil) throws(SteeringError) -> SparseDictionary {
    try reading.open(path, layer: layer)
  }
}

/// The same, for verbs of which `--layer` says something else.
struct ReadingOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Folder or file of the dictionary, in any published layout: see docs/importers.",
      discussion: "Default: the bundled one.", valueName: "path"))
  var sae: String?

  @Option(
    help: ArgumentHelp(
      "The layout, where the files fit several.",
      discussion: "Default: recognised by the files.", valueName: "name"))
  var format: DictionaryFormat?

  @Option(
    help: ArgumentHelp(
      "How many features are kept per row, where the files do not say.", valueName: "k"))
  var topK: Int?

  @Option(
    help: ArgumentHelp("What the dictionary is, where the files do not say.", valueName: "kind"))
  var kind: ImportOptions.DeclaredKind?

  @Option(
    help: ArgumentHelp(
      "The publisher's name of the architecture, where the files do not say; for example a class.",
      valueName: "name"))
  var architecture: String?

  @Option(
    help: ArgumentHelp(
      "Units of activations, where the layout leaves a choice: those of training, or of the rows.",
      valueName: "units"))
  var activationUnits: ImportOptions.ActivationUnits?

  @Option(
    help: ArgumentHelp(
      "Multiply rows by this before encoding, where the dictionary was trained so and its files "
        + "do not hold the factor.", valueName: "factor"))
  var activationScale: Double?

  @Flag(help: "The rows are rescaled already; fold nothing.")
  var rowsAlreadyScaled = false

  @Option(
    help: ArgumentHelp(
      "Accept this unknown key of the configuration (repeatable).", valueName: "key"))
  var ignoreConfigKey: [String] = []

  @Flag(help: "Check every weight for NaN and infinity before anything else.")
  var checkWeights = false

  func validate() throws {
    if let activationScale, !(activationScale > 0 && activationScale.isFinite) {
      throw ValidationError("--activation-scale is \(activationScale), expected a positive number")
    }
    if activationScale != nil, rowsAlreadyScaled {
      throw ValidationError("--activation-scale and --rows-already-scaled exclude each other")
    }
    if let topK, topK < 1 { throw ValidationError("--top-k is \(topK), expected 1 or more") }
  }

  /// The flags given that say how a dictionary is read.
  var given: [String] {
    [
      ("--format", format != nil), ("--top-k", topK != nil), ("--kind", kind != nil),
      ("--architecture", architecture != nil), ("--activation-units", activationUnits != nil),
      ("--activation-scale", activationScale != nil), ("--rows-already-scaled", rowsAlreadyScaled),
      ("--ignore-config-key", !ignoreConfigKey.isEmpty), ("--check-weights", checkWeights),
    ].filter(\.1).map(\.0)
  }

  func importOptions(layer: Int?) -> ImportOptions {
    var options = ImportOptions()
    options.format = format
    options.layer = layer
    options.k = topK
    options.kind = kind
    options.architecture = architecture
    options.activationUnits = activationUnits
    if let activationScale { options.activationScale = .factor(activationScale) }
    if rowsAlreadyScaled { options.activationScale = .alreadyApplied }
    options.ignoredConfigKeys = Set(ignoreConfigKey)
    options.weightCheck = checkWeights ? .whole : .automatic
    return options
  }

  /// Where the dictionary is: `path`, else `--sae`, else the bundled one.
  func location(_ path: String? = nil) throws(SteeringError) -> String {
    if let given = path ?? sae { return given }
    return try DefaultBundle.locate().dictionary
  }

  func open(_ path: String? = nil, layer: Int?) throws(SteeringError) -> SparseDictionary {
    try SparseDictionary.open(
      try location(path), options: importOptions(layer: layer),
      kernels: try KernelChoice.current())
  }
}
