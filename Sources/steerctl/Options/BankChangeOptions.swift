import ArgumentParser
import Formats
import SAE
import Steering
import Watermark

/// A bank, and the folder that it is written to again.
struct BankChangeOptions: ParsableArguments {
  @OptionGroup var bank: BankOptions

  @Option(
    name: [.short, .long],
    help: ArgumentHelp(
      "Folder for the bank that comes of it.",
      discussion: "Default: the folder that --bank names.", valueName: "folder"))
  var output: String?

  /// Refuses what says nowhere to write; verbs call it behind their own checks.
  func check() throws {
    if output == nil, bank.bank == nil {
      throw ValidationError("the bundled bank is not changed, expected --output FOLDER")
    }
    if output == "" { throw ValidationError("--output is empty, expected a folder's name") }
  }

  /// Where the bank goes; refuses a folder that cannot be written, or whose files are read, before any work.
  ///
  /// The bank's own files are meant to be replaced, unless they are given as `files` too.
  func target(
    reading files: [String] = [], _ dictionary: SparseDictionary?
  ) throws(SteeringError) -> String {
    let target = if let output { output } else { try bank.path() }
    let inputs =
      files + files.map { ShardName.documentsPath(beside: $0) } + (dictionary?.files ?? [])
    for file in WatermarkBank.files(in: target) {
      guard !inputs.contains(where: { FileSystem.isSame(file, $0) }) else {
        throw SteeringError(
          .invalidArgument, "\(file) is a file being read, expected another --output")
      }
    }
    try WatermarkBank.check(output: target)
    return target
  }
}
