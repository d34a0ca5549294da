import ArgumentParser
import Foundation
import Watermark

/// What a document is called when a key chooses its entries.
struct IdentifierOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The document's name, for keys of the scheme given.", valueName: "id"))
  var document: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "The exact prompt, for keys of the scheme prompt.", valueName: "text"))
  var prompt: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "When the text is made, in seconds since 1970 or 'now', for keys of the scheme window; to detect,"
        + " also FROM..TO.", valueName: "time"))
  var time: Time?

  func validate() throws {
    for (name, value) in [("--document", document), ("--prompt", prompt)] where value == "" {
      throw ValidationError("\(name) is empty, expected one character or more")
    }
  }

  /// The flags given.
  var given: [String] {
    [("--document", document != nil), ("--prompt", prompt != nil), ("--time", time != nil)]
      .filter(\.1).map(\.0)
  }

  /// `now`, a time, or `from..to`.
  struct Time: ExpressibleByArgument {
    var range: ClosedRange<Int>

    init?(argument: String) {
      func time(_ text: String) -> Int? { text == "now" ? Clock.now : Int(text) }
      let ends = argument.components(separatedBy: "..").map(time)
      guard (1...2).contains(ends.count), let first = ends[0], let last = ends[ends.count - 1],
        first <= last, Self.known.contains(first), Self.known.contains(last)
      else { return nil }
      range = first...last
    }

    /// What a window's arithmetic can take without a thought.
    private static let known = -(1 << 50)...(1 << 50)
  }

  var identifiers: MarkIdentifiers {
    MarkIdentifiers(name: document, prompt: prompt, times: time?.range)
  }
}

/// The time of the machine.
enum Clock {
  /// Seconds since 1970.
  static var now: Int { Int(Date().timeIntervalSince1970) }

  /// A time as people read it, in UTC.
  static func text(_ time: Int) -> String {
    let formatter = ISO8601DateFormatter()
    formatter.formatOptions = [.withInternetDateTime]
    return formatter.string(from: Date(timeIntervalSince1970: TimeInterval(time)))
  }
}

extension DocumentScheme: ExpressibleByArgument {
  /// `given`, `prompt`, `constant` or `window:SECONDS`, of 1 second to 1,000,000,000.
  public init?(argument: String) {
    switch argument {
    case "given": self = .given
    case "prompt": self = .prompt
    case "constant": self = .constant
    default:
      guard argument.hasPrefix("window:"), let seconds = Int(argument.dropFirst(7)),
        (1...Self.maximumSeconds).contains(seconds)
      else { return nil }
      self = .window(seconds: seconds)
    }
  }

  /// The form that the option takes.
  var text: String {
    if case .window(let seconds) = self { return "window:\(seconds)" }
    return name
  }
}
