import Foundation
import Testing

/// The built `steerctl`, run as a process.
enum Tool {
  struct Result: Sendable {
    var status: Int32
    var data: Data
    var output: String
    var error: String
  }

  struct NotFound: Error, CustomStringConvertible {
    var places: [String]
    var description: String {
      "steerctl is not beside the test bundle, looked in \(places.joined(separator: ", "));"
        + " build it with: swift build --product steerctl"
    }
  }

  /// The checkout, found from this file.
  static let checkout = URL(fileURLWithPath: #filePath).appendingPathComponent("../../..")
    .standardized.path

  /// The executable, in the folder of the test bundle.
  static func path() throws -> String {
    var places = [Bundle.main.bundlePath, Bundle.main.executablePath ?? ""]
    places += CommandLine.arguments.prefix(1)
    places += [try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")]
      .compactMap { $0 }
    places += CommandLine.arguments.filter { $0.hasSuffix(".xctest") }
    var tried: [String] = []
    for place in places where !place.isEmpty {
      var folder = URL(fileURLWithPath: place)
      for _ in 0..<3 {
        let candidate = folder.appendingPathComponent("steerctl").path
        var isFolder: ObjCBool = false
        if FileManager.default.isExecutableFile(atPath: candidate),
          FileManager.default.fileExists(atPath: candidate, isDirectory: &isFolder),
          !isFolder.boolValue
        {
          return candidate
        }
        tried.append(candidate)
        folder = folder.deletingLastPathComponent()
      }
    }
    throw NotFound(places: tried)
  }

  /// Runs the tool in `folder`, with `environment` added and none of its own variables inherited.
  static func run(
    _ arguments: [String], in folder: String? = nil, environment: [String: String] = [:],
    input: String? = nil
  ) throws -> Result {
    try run(try path(), arguments, in: folder, environment: environment, input: input)
  }

  /// Runs any executable.
  static func run(
    _ executable: String, _ arguments: [String], in folder: String? = nil,
    environment: [String: String] = [:], input: String? = nil
  ) throws -> Result {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: executable)
    process.arguments = arguments
    if let folder { process.currentDirectoryURL = URL(fileURLWithPath: folder) }
    var all = ProcessInfo.processInfo.environment.filter {
      !$0.key.hasPrefix("STEERING_") && $0.key != "NO_COLOR"
    }
    all.merge(environment) { $1 }
    all["COLUMNS"] = "100"
    process.environment = all
    let scratch = FileManager.default.temporaryDirectory
      .appendingPathComponent("steerctl-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: scratch) }
    // Files instead of pipes: a full pipe cannot block the tool.
    func stream(_ name: String, _ text: String) throws -> FileHandle {
      let url = scratch.appendingPathComponent(name)
      try Data(text.utf8).write(to: url)
      return try FileHandle(forUpdating: url)
    }
    let output = try stream("out", "")
    let error = try stream("err", "")
    process.standardInput = try stream("in", input ?? "")
    process.standardOutput = output
    process.standardError = error
    try process.run()
    process.waitUntilExit()
    let data = try Data(contentsOf: scratch.appendingPathComponent("out"))
    let complaint = try Data(contentsOf: scratch.appendingPathComponent("err"))
    return Result(
      status: process.terminationStatus, data: data,
      output: String(decoding: data, as: UTF8.self),
      error: String(decoding: complaint, as: UTF8.self))
  }
}
