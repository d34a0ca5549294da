import ArgumentParser
import Formats
import Steering
import Watermark

/// Which bank of structures marks are chosen from.
struct BankOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Folder of the bank.", discussion: "Default: the bundled one, where there is one.",
      valueName: "folder"))
  var bank: String?

  /// The bank's folder: what was given, else the bundled one.
  func path() throws(SteeringError) -> String {
    if let bank { return bank }
    let bundle = try DefaultBundle.locate()
    guard let name = bundle.manifest["watermark"]?.asString else {
      throw SteeringError(
        .invalidArgument,
        "\(bundle.folder)/manifest.json names no watermark bank, expected --bank FOLDER")
    }
    return bundle.folder + "/" + name
  }

  func open() throws(SteeringError) -> WatermarkBank { try WatermarkBank(path: path()) }
}
