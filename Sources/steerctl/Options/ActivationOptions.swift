import ArgumentParser
import SAE
import Steering

/// Which activations, and how to read them.
struct ActivationOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "File of residual rows: safetensors, npy, or raw f32 with --shape.",
      discussion: "Default: the bundled one, for the bundled dictionary.", valueName: "file"))
  var activations: String?

  @Option(
    help: ArgumentHelp(
      "Which tensor of a safetensors file; needed when it holds several float matrices.",
      valueName: "name"))
  var tensor: String?

  @Option(
    help: ArgumentHelp("Rows and width of a raw f32 file.", valueName: "rows,width"))
  var shape: Shape?

  /// `rows,width` on the command line.
  struct Shape: ExpressibleByArgument {
    var values: [Int]

    init?(argument: String) {
      let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
      let numbers = parts.compactMap { Int($0) }
      guard numbers.count == 2, parts.count == 2 else { return nil }
      values = numbers
    }
  }

  /// What the flags alone show to be wrong; `isRequired` when the verb works on activations only.
  func check(with dictionary: DictionaryOptions, isRequired: Bool) throws {
    guard activations == nil else { return }
    if tensor != nil || shape != nil {
      throw ValidationError("--tensor and --shape need --activations")
    }
    if isRequired, dictionary.sae != nil {
      throw ValidationError(
        "--sae needs --activations: the bundled activations belong to the bundled dictionary")
    }
  }

  /// Opens the file that was given, or the bundled one when the dictionary is bundled too.
  func open(for dictionary: DictionaryOptions) throws(SteeringError) -> Activations {
    if let opened = try openIfGiven(for: dictionary) { return opened }
    return try Activations(try DefaultBundle.locate().activations)
  }

  /// As ``open(for:)``, but nil where no activations go with the dictionary.
  func openIfGiven(for dictionary: DictionaryOptions) throws(SteeringError) -> Activations? {
    if let activations {
      return try Activations(
        activations == "-" ? "/dev/stdin" : activations, tensor: tensor, shape: shape?.values)
    }
    guard dictionary.sae == nil else { return nil }
    return try Activations(try DefaultBundle.locate().activations)
  }
}
