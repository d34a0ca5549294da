import SAE
import Steering

/// Collects the lines of a human report and prints them at once.
struct Report {
  private var text = ""
  private let stream: Terminal.Stream

  /// A report for standard output, or for standard error when data goes to standard output.
  init(dataOnStandardOutput: Bool = false) {
    stream = dataOnStandardOutput ? Terminal.error : Terminal.out
  }

  mutating func title(_ line: String) { text += Terminal.styled(line, .bold, on: stream) + "\n\n" }

  mutating func line(_ line: String = "") { text += line + "\n" }

  mutating func field(_ name: String, _ value: String) {
    text += "  " + name + String(repeating: " ", count: max(1, 14 - name.count)) + value + "\n"
  }

  mutating func dim(_ line: String) { text += Terminal.styled(line, .dim, on: stream) + "\n" }

  mutating func warning(_ line: String) {
    text += "  " + Terminal.styled("note:", .yellow, on: stream) + " " + line + "\n"
  }

  mutating func table(_ table: Table) {
    for (index, line) in table.lines.enumerated() {
      text += (index == 0 ? Terminal.styled(line, .dim, on: stream) : line) + "\n"
    }
  }

  func show() { stream.write(text) }
}

extension SparseDictionary {
  /// One line: what it is and where it sits.
  var summary: String {
    var parts = [name]
    if let hook = input.hook { parts.append("at \(hook)") }
    if kind == .transcoder, let hook = output.hook { parts.append("to \(hook)") }
    if let model = input.model { parts.append("of \(model)") }
    return parts.joined(separator: " ")
  }

  /// σ with its parameter.
  var activationSummary: String {
    activation.k.map { "\(activation.name), k = \($0)" } ?? activation.name
  }
}

extension Activations {
  /// One line: shape, type and file.
  var summary: String {
    "\(Figures.count(rowCount)) × \(Figures.count(width)) \(elementType.rawValue) from \(path)"
      + " (\(description))"
  }
}
