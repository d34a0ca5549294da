import Formats
import Foundation
import SAE
import Steering

/// Where results go.
enum OutputPath {
  /// The file to write; `-` is standard output.
  static func resolve(_ path: String) -> String {
    isStandardOutput(path) ? "/dev/stdout" : path
  }

  /// Whether results go where reports would go.
  static func isStandardOutput(_ path: String?) -> Bool {
    ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"].contains(path)
  }

  /// How the file is called in reports.
  static func label(_ path: String) -> String { path == "/dev/stdout" ? "standard output" : path }

  /// Refuses, before any work is done, what cannot be written or would replace something that is read.
  static func check(
    _ path: String, isNot input: Activations, _ dictionary: SparseDictionary,
    _ plan: String? = nil
  ) throws(SteeringError) {
    try check(path, isNot: [input.path] + dictionary.files + (plan.map { [$0] } ?? []))
  }

  /// The same for any files that are read; `option` is the flag that names the path.
  static func check(
    _ path: String, isNot inputs: [String], option: String = "--output"
  ) throws(SteeringError) {
    guard !isStandardOutput(path) else {
      guard !Terminal.out.isTerminal else {
        throw SteeringError(
          .invalidArgument, "standard output is a terminal, expected a file or a pipe")
      }
      return
    }
    guard !path.isEmpty else {
      throw SteeringError(.invalidArgument, "\(option) is empty, expected a file name")
    }
    for other in inputs where FileSystem.isSame(path, other) {
      throw SteeringError(
        .invalidArgument, "\(path) is a file being read, expected another \(option)")
    }
    try SteeringError.rendering { () throws(FormatError) in try OutputFile.check(path) }
  }

  /// The path as an argument that is not taken for an option.
  static func argument(_ path: String) -> String { path.hasPrefix("-") ? "./" + path : path }

  /// A command for a shell; nil where a report would escape some of its characters, which then names
  /// another file.
  static func line(_ arguments: [String]) -> String? {
    let line = arguments.map(quoted).joined(separator: " ")
    return MessageText.printable(line) == line ? line : nil
  }

  /// The argument as a shell takes it.
  static func quoted(_ argument: String) -> String {
    let plain = argument.utf8.allSatisfy {
      switch UInt8($0) {
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "-"), UInt8(ascii: "."),
        UInt8(ascii: "/"), UInt8(ascii: "_"):
        true
      default: false
      }
    }
    guard !plain || argument.isEmpty else { return argument }
    return "'" + argument.replacing("'", with: "'\\''") + "'"
  }

  /// `name.steered.ext` in the current folder, for activations in `name.ext`.
  static func steered(_ input: String) -> String {
    let url = URL(fileURLWithPath: input)
    let stem = url.deletingPathExtension().lastPathComponent
    return url.pathExtension.isEmpty ? stem + ".steered" : "\(stem).steered.\(url.pathExtension)"
  }
}
