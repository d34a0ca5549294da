import Foundation

/// What the kernel says about this process.
enum ProcessCost {
  /// Pages that were brought in so far, from memory or disk.
  static func pageFaults() -> Int {
    var usage = rusage()
    guard getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 else { return 0 }
    return usage.ru_minflt + usage.ru_majflt
  }

  /// Sets the peak of resident memory back to its present value; false where that is not allowed.
  static func resetPeak() -> Bool {
    guard let handle = FileHandle(forWritingAtPath: "/proc/self/clear_refs") else { return false }
    defer { try? handle.close() }
    do {
      try handle.write(contentsOf: Data("5".utf8))
      return true
    } catch {
      return false
    }
  }

  /// A line of /proc/self/status in bytes, for example `VmHWM`.
  static func status(_ name: String) throws -> Int {
    let text = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    for line in text.split(separator: "\n") where line.hasPrefix(name + ":") {
      let digits = line.filter(\.isNumber)
      return (Int(digits) ?? 0) * 1024
    }
    return 0
  }
}

/// Writes a large file piece by piece, repeating `block`.
func writeRepeating(_ path: String, head: [UInt8], block: [UInt8], byteCount: Int) throws {
  try Data(head).write(to: URL(fileURLWithPath: path))
  let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
  defer { try? handle.close() }
  try handle.seekToEnd()
  var left = byteCount
  let data = Data(block)
  while left > 0 {
    try handle.write(contentsOf: left >= data.count ? data : data.prefix(left))
    left -= min(left, data.count)
  }
}
