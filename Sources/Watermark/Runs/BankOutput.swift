import Formats
import Steering

extension WatermarkBank {
  /// The files that ``write(to:)`` replaces, removes or makes in a bank's folder: `bank.json`, and null scores
  /// by whatever name.
  package static func files(in folder: String) -> [String] {
    // A folder that is not there, or cannot be listed, has none.
    let names = (try? FileSystem.names(in: folder)) ?? []
    let nulls = names.filter { $0.hasPrefix("null-") && $0.hasSuffix(".safetensors") }.sorted()
    return ([BankFile.bank, BankFile.plainNulls] + nulls).map { FileSystem.join(folder, $0) }
  }

  /// Throws what ``write(to:)`` would for a folder that cannot take a bank, and writes nothing.
  ///
  /// - Throws: `invalidArgument` for a folder that holds something else than a bank; `inputOutput`.
  package static func check(output path: String) throws(SteeringError) {
    let files = files(in: path)
    let isRefused = try SteeringError.rendering { () throws(FormatError) in
      if try OutputFolder.isFree(path) {
        try OutputFolder.create(path).discard()
        return false
      }
      guard try FileSystem.kind(files[0]) == .other else { return true }
      for file in files { try OutputFile.check(file) }
      return false
    }
    guard !isRefused else {
      throw SteeringError(
        .invalidArgument,
        "\(path) exists and holds no \(BankFile.bank), expected the name of a new folder or a bank's"
      )
    }
  }
}
