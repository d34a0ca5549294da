import Steering

/// Strings that cross the border.
enum Text {
  /// A NUL-terminated UTF-8 string of the caller.
  static func read(_ pointer: UnsafePointer<CChar>?, _ name: String) throws(Refusal) -> String {
    guard let pointer else {
      throw Refusal(.invalidArgument, "\(name) is NULL, expected a string")
    }
    guard let text = String(validatingCString: pointer) else {
      throw Refusal(.invalidArgument, "\(name) is not UTF-8, expected UTF-8")
    }
    return text
  }

  /// Writes `text` and a NUL to the caller's buffer, or says how much room it takes.
  static func write(
    _ text: String, to buffer: UnsafeMutablePointer<CChar>?, capacity: Int,
    required: UnsafeMutablePointer<Int>?
  ) throws(Refusal) {
    let bytes = Array(text.utf8)
    guard capacity >= 0, capacity == 0 || buffer != nil else {
      throw Refusal(.invalidArgument, "buffer is NULL or too large, expected capacity bytes")
    }
    required?.pointee = bytes.count + 1
    guard let buffer, capacity > bytes.count else {
      throw Refusal(
        .insufficientCapacity, "capacity is \(capacity) bytes, expected \(bytes.count + 1)")
    }
    for (index, byte) in bytes.enumerated() { buffer[index] = CChar(bitPattern: byte) }
    buffer[bytes.count] = 0
  }
}
