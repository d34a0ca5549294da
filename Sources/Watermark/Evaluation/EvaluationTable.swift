import Formats

/// A table of an evaluation, as text: for terminals and for Markdown.
package struct EvaluationTable: Sendable, Equatable {
  /// What it shows, in one line.
  package var title: String
  /// Names of the columns.
  package var header: [String]
  /// Columns that hold names, not numbers: the first ones.
  package var nameCount: Int
  /// Cells, row by row.
  package var rows: [[String]] = []

  /// The table as GitHub's Markdown, with its title above it.
  package var markdown: String {
    let rule = header.indices.map { $0 < nameCount ? ":--" : "--:" }
    let names = rows.map { row in
      row.enumerated().map { $0.offset < nameCount ? Self.escaped($0.element) : $0.element }
    }
    let lines = ([header, rule] + names).map { "| " + $0.joined(separator: " | ") + " |" }
    return ([title + ":", ""] + lines).joined(separator: "\n") + "\n"
  }

  /// Names come from files: nothing of them may end a cell or a line, or begin markup.
  private static func escaped(_ text: String) -> String {
    var output = ""
    for character in MessageText.printable(text) {
      if "|\\`*_[]<>&#".contains(character) { output.append("\\") }
      output.append(character)
    }
    return output
  }
}
