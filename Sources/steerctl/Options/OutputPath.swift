import Foundation
import Steering

/// Where results go.
enum OutputPath {
  /// The file to write; `-` is standard output.
  static func resolve(_ path: String) -> String { path == "-" ? "/dev/stdout" : path }

  /// Refuses to replace the file that is being read.
  static func check(_ path: String?, isNot input: Activations) throws(SteeringError) {
    guard let path, path != "-" else { return }
    func real(_ path: String) -> String {
      URL(fileURLWithPath: path).resolvingSymlinksInPath().standardized.path
    }
    guard real(path) != real(input.path) else {
      throw SteeringError(
        .invalidArgument, "\(path) is the file being read, expected another --output")
    }
  }

  /// `name.steered.ext` in the current folder, for activations in `name.ext`.
  static func steered(_ input: String) -> String {
    let url = URL(fileURLWithPath: input)
    let stem = url.deletingPathExtension().lastPathComponent
    return url.pathExtension.isEmpty ? stem + ".steered" : "\(stem).steered.\(url.pathExtension)"
  }
}
