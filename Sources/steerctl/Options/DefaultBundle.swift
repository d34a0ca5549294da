import Foundation
import Formats
import Steering

/// The dictionary and activations that come with the tool.
///
/// Looked for in `$STEERING_DEFAULT`, in `share/steering/default` beside an installed tool, and in the
/// checkout that the tool was built in.
struct DefaultBundle {
  let folder: String
  /// Folder of the dictionary.
  let dictionary: String
  /// File of activations.
  let activations: String
  let manifest: JSONValue

  static func locate() throws(SteeringError) -> DefaultBundle {
    let places = candidates()
    for folder in places where FileManager.default.fileExists(atPath: folder + "/manifest.json") {
      return try DefaultBundle(folder)
    }
    throw SteeringError(
      .inputOutput,
      "no bundled default found (looked in \(places.joined(separator: ", "))): give --sae and"
        + " --activations, or set STEERING_DEFAULT to the folder with its manifest.json")
  }

  private static func candidates() -> [String] {
    if let given = ProcessInfo.processInfo.environment["STEERING_DEFAULT"], !given.isEmpty {
      return [given]
    }
    let executable = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    var folder = executable.deletingLastPathComponent()
    var places = [folder.appendingPathComponent("../share/steering/default").standardized.path]
    // A checkout's build puts the tool at .build/<triple>/<configuration>/.
    for _ in 0..<4 {
      folder = folder.deletingLastPathComponent()
      if FileManager.default.fileExists(atPath: folder.path + "/Package.swift") {
        places.append(folder.path + "/default")
      }
    }
    return places
  }

  private init(_ folder: String) throws(SteeringError) {
    let path = folder + "/manifest.json"
    let manifest = try SteeringError.rendering { () throws(FormatError) in
      try JSONValue.read(path: path)
    }
    guard let dictionary = manifest["dictionary"]?.asString,
      let activations = manifest["activations"]?.asString, let files = manifest["files"]?.asArray
    else {
      throw SteeringError(
        .malformedFile, "\(path): expected the keys dictionary, activations and files")
    }
    self.folder = folder
    self.dictionary = folder + "/" + dictionary
    self.activations = folder + "/" + activations
    self.manifest = manifest
    for file in files {
      guard let name = file["path"]?.asString, let bytes = file["bytes"]?.asInt else {
        throw SteeringError(.malformedFile, "\(path): expected path and bytes for every file")
      }
      let attributes = try? FileManager.default.attributesOfItem(atPath: folder + "/" + name)
      guard let size = attributes?[.size] as? Int else {
        throw SteeringError(.inputOutput, "\(folder)/\(name) is missing, expected from \(path)")
      }
      guard size == bytes else {
        throw SteeringError(
          .malformedFile,
          "\(folder)/\(name) has \(size) bytes, expected \(bytes) from manifest.json")
      }
    }
  }
}
