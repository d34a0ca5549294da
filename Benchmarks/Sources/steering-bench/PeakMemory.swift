import Foundation

/// What one run takes at most above what was resident before it.
enum PeakMemory {
  /// Bytes, for the first batch of an encoder that has encoded one row, so that weights are in memory.
  /// `info` has what the row and the encoder's creation left resident, `created`, in bytes: the weights
  /// and the int8 form where there is one.
  static func of(_ make: @autoclosure () throws -> EncodingOperation) throws -> Reply {
    let start = try kibibytes("VmRSS")
    let encoding = try make()
    try encoding.runOneRow()
    // 5 sets the peak back to what is resident now.
    try Data("5".utf8).write(to: URL(fileURLWithPath: "/proc/self/clear_refs"))
    let before = try kibibytes("VmHWM")
    encoding.reset()
    try encoding.run()
    let peak = try kibibytes("VmHWM")
    return Reply(info: ["created": Double(before - start) * 1024], bytes: (peak - before) * 1024)
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
