import Formats
import Foundation
import SAE
import Steering
import Watermark

/// The files that a verb about marks reads, which no result may replace.
enum MarkInputs {
  /// Keys, everything in the bank's folder, the dictionary, the bundle's list, and texts with their documents.
  static func files(
    keys: [String] = [], bank folder: String, dictionary: SparseDictionary? = nil,
    texts: [String] = []
  ) -> [String] {
    var files = keys + WatermarkBank.files(in: folder)
    let found = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    files += found.map { FileSystem.join(folder, $0) }
    files += dictionary?.files ?? []
    if let bundle = try? DefaultBundle.locate() {
      files.append(FileSystem.join(bundle.folder, "manifest.json"))
    }
    return files + texts + texts.map { ShardName.documentsPath(beside: $0) }
  }
}
