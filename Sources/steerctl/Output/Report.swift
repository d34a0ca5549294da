import Formats
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

  mutating func title(_ line: String) { add(line, .bold); text += "\n" }

  mutating func line(_ line: String = "") { add(line) }

  mutating func field(_ name: String, _ value: String) {
    add("  " + name + String(repeating: " ", count: max(1, 14 - name.count)) + value)
  }

  mutating func dim(_ line: String) { add(line, .dim) }

  mutating func warning(_ line: String) {
    text += "  " + Terminal.styled("note:", .yellow, on: stream) + " "
    add(line)
  }

  mutating func table(_ table: Table) {
    for (index, line) in table.lines.enumerated() {
      add(line, index == 0 ? .dim : nil)
    }
  }

  /// Names and paths come from files: what could steer a terminal is escaped.
  private mutating func add(_ line: String, _ style: Terminal.Style? = nil) {
    let plain = MessageText.printable(line)
    text += (style.map { Terminal.styled(plain, $0, on: stream) } ?? plain) + "\n"
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
    "\(Figures.count(rowCount)) × \(Figures.count(width)) \(elementType.rawValue) "
      + (path.hasPrefix("/") && path == (try? DefaultBundle.locate())?.activations
        ? "(bundled)" : "from \(path) (\(description))")
  }
}
