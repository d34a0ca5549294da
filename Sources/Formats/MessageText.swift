/// Makes text from files fit to be shown: short, on one line, without control characters.
package enum MessageText {
  private static let limit = 100

  /// `text` with control and invisible formatting characters escaped, at full length.
  package static func printable(_ text: String) -> String {
    var output = ""
    for scalar in text.unicodeScalars { append(scalar, to: &output) }
    return output
  }

  /// `text` with control and invisible formatting characters escaped, cut to about 100 characters.
  package static func plain(_ text: String) -> String {
    var output = ""
    var count = 0
    for scalar in text.unicodeScalars {
      guard count < limit else {
        output.append("...")
        break
      }
      count += 1
      append(scalar, to: &output)
    }
    return output
  }

  private static func append(_ scalar: Unicode.Scalar, to output: inout String) {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned:
      output.append("\\u{\(String(scalar.value, radix: 16))}")
    default: output.unicodeScalars.append(scalar)
    }
  }

  static func quoted(_ text: String) -> String { "'\(plain(text))'" }

  /// The first ten, and how many more there are.
  package static func list(_ texts: [String]) -> String {
    let shown = texts.prefix(10).map(plain).joined(separator: ", ")
    return texts.count > 10 ? "\(shown) and \(texts.count - 10) more" : shown
  }

  /// `[2, 3]`; long shapes are cut.
  static func shape(_ shape: [Int]) -> String { "[\(list(shape.map(String.init)))]" }
}
