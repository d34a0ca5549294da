import Foundation

/// What one run takes at most above what was resident before it.
enum PeakMemory {
  /// Bytes, for an operation of which one row was encoded before, so that weights are in memory.
  static func of(_ operation: any Operation) throws -> Int {
    guard let encoding = operation as? EncodingOperation else {
      throw BenchError("peak memory is measured of 'encode' alone")
    }
    try encoding.runOneRow()
    // 5 sets the peak back to what is resident now.
    try Data("5".utf8).write(to: URL(fileURLWithPath: "/proc/self/clear_refs"))
    let before = try kibibytes("VmHWM")
    encoding.reset()
    try encoding.run()
    return (try kibibytes("VmHWM") - before) * 1024
  }

  private static func kibibytes(_ field: String) throws -> Int {
    let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    for line in status.split(separator: "\n") where line.hasPrefix(field + ":") {
      if let number = line.split(whereSeparator: { " \t".contains($0) }).dropFirst().first,
        let value = Int(number)
      {
        return value
      }
    }
    throw BenchError("no \(field) in /proc/self/status")
  }
}
