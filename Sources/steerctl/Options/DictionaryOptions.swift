import ArgumentParser
import Importers
import SAE
import Steering

/// Which dictionary, and what is decided where its files leave a question open.
struct DictionaryOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Folder of the dictionary (SAELens: cfg.json and sae_weights.safetensors).",
      discussion: "Default: the bundled one.", valueName: "dir"))
  var sae: String?

  @Option(
    help: ArgumentHelp(
      "Multiply rows by this before encoding, where the dictionary was trained so and its files "
        + "do not hold the factor.", valueName: "factor"))
  var activationScale: Double?

  @Flag(help: "The rows are rescaled already; fold nothing.")
  var rowsAlreadyScaled = false

  @Option(
    help: ArgumentHelp(
      "Accept this unknown key of cfg.json (repeatable).", valueName: "key"))
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
  }

  /// The flags given that say how a dictionary is read.
  var given: [String] {
    [
      ("--activation-scale", activationScale != nil), ("--rows-already-scaled", rowsAlreadyScaled),
      ("--ignore-config-key", !ignoreConfigKey.isEmpty), ("--check-weights", checkWeights),
    ].filter(\.1).map(\.0)
  }

  /// The options as the library takes them.
  var importOptions: ImportOptions {
    var options = ImportOptions()
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

  /// Opens the dictionary at `path`, else `--sae`, else the bundled one.
  func open(_ path: String? = nil) throws(SteeringError) -> SparseDictionary {
    try SparseDictionary.open(
      try location(path), options: importOptions, kernels: try KernelChoice.current())
  }
}
