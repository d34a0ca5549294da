import Foundation

/// The two output streams, and whether a person is looking.
enum Terminal {
  /// One stream.
  struct Stream {
    let handle: FileHandle
    let isTerminal: Bool

    func write(_ text: String) { handle.write(Data(text.utf8)) }
  }

  static let out = Stream(handle: .standardOutput, isTerminal: isatty(STDOUT_FILENO) == 1)
  static let error = Stream(handle: .standardError, isTerminal: isatty(STDERR_FILENO) == 1)

  private static let allowsColour: Bool = {
    let environment = ProcessInfo.processInfo.environment
    return environment["NO_COLOR"].map(\.isEmpty) ?? true && environment["TERM"] != "dumb"
  }()

  /// Escape sequences, used only where a terminal shows them.
  enum Style: String {
    case bold = "1"
    case dim = "2"
    case yellow = "33"
    case red = "31"
  }

  static func styled(_ text: String, _ style: Style, on stream: Stream) -> String {
    guard stream.isTerminal, allowsColour else { return text }
    return "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m"
  }

  /// One line about what went wrong.
  static func complain(_ message: String) {
    error.write("steerctl: \(styled("error:", .red, on: error)) \(message)\n")
  }
}
