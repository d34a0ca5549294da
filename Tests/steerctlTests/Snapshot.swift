import Foundation
import Testing

/// Compares text with a golden file, after what differs from run to run has been replaced.
///
/// `STEERING_UPDATE_SNAPSHOTS=1` rewrites the golden files; never with `CI=true`.
enum Snapshot {
  struct UpdateInCI: Error, CustomStringConvertible {
    var description: String { "STEERING_UPDATE_SNAPSHOTS is set with CI=true, expected it unset" }
  }

  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("Snapshots")

  /// Whether golden files are to be rewritten.
  static func isUpdating(_ environment: [String: String]) throws -> Bool {
    guard environment["STEERING_UPDATE_SNAPSHOTS"] == "1" else { return false }
    guard environment["CI"] != "true" else { throw UpdateInCI() }
    return true
  }

  static func expect(
    _ text: String, _ name: String, replacing paths: [String: String] = [:],
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let found = normalised(text, replacing: paths)
    let url = folder.appendingPathComponent(name)
    if try isUpdating(ProcessInfo.processInfo.environment) {
      try Data(found.utf8).write(to: url)
      return
    }
    let golden = try? String(contentsOf: url, encoding: .utf8)
    let expected = try #require(
      golden, "no snapshot \(name); write it with STEERING_UPDATE_SNAPSHOTS=1",
      sourceLocation: sourceLocation)
    let a = found.split(separator: "\n", omittingEmptySubsequences: false)
    let b = expected.split(separator: "\n", omittingEmptySubsequences: false)
    let line = zip(a, b).enumerated().first { $1.0 != $1.1 }?.offset ?? min(a.count, b.count)
    #expect(
      found == expected, "\(name) differs from line \(line + 1) on",
      sourceLocation: sourceLocation)
  }

  /// Paths by their stand-ins, longest first, and times and page faults by #.
  static func normalised(_ text: String, replacing paths: [String: String]) -> String {
    var result = text
    for path in paths.keys.sorted(by: { $0.count > $1.count }) {
      result = result.replacingOccurrences(of: path, with: paths[path] ?? "")
    }
    result.replace(/"milliseconds": [-+0-9.e]+/, with: "\"milliseconds\": #")
    result.replace(/"page_faults": [0-9]+/, with: "\"page_faults\": #")
    return result
  }
}
