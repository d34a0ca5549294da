import Formats
import Foundation
import Glibc

/// The two output streams, and whether a person is looking.
enum Terminal {
  /// One stream.
  struct Stream {
    let descriptor: Int32
    let isTerminal: Bool

    /// Whether escape sequences work here.
    var takesEscapes: Bool { isTerminal && !Terminal.isDumb }

    /// Width of the terminal, 80 where it does not say.
    var columns: Int {
      var size = winsize()
      guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
      return Int(size.ws_col)
    }

    /// Writes all of `text`; a stream that takes no more ends the tool with exit code 4.
    func write(_ text: String) {
      var rest = Array(text.utf8)[...]
      while !rest.isEmpty {
        let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        if count > 0 {
          rest = rest.dropFirst(count)
        } else if errno != EINTR {
          if descriptor != STDERR_FILENO {
            Terminal.complain("standard output: write: \(String(cString: strerror(errno)))")
          }
          exit(4)
        }
      }
    }
  }

  static let out = Stream(descriptor: STDOUT_FILENO, isTerminal: isatty(STDOUT_FILENO) == 1)
  static let error = Stream(descriptor: STDERR_FILENO, isTerminal: isatty(STDERR_FILENO) == 1)

  private static let isDumb = ProcessInfo.processInfo.environment["TERM"] == "dumb"

  private static let allowsColour: Bool =
    ProcessInfo.processInfo.environment["NO_COLOR"].map(\.isEmpty) ?? true

  /// Escape sequences, used only where a terminal shows them.
  enum Style: String {
    case bold = "1"
    case dim = "2"
    case yellow = "33"
    case red = "31"
  }

  static func styled(_ text: String, _ style: Style, on stream: Stream) -> String {
    guard stream.takesEscapes, allowsColour else { return text }
    return "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m"
  }

  /// One line about what went wrong.
  static func complain(_ message: String) {
    let plain = MessageText.printable(message)
    error.write("steerctl: \(styled("error:", .red, on: error)) \(plain)\n")
  }
}
