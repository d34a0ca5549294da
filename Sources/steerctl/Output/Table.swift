/// Rows of text in columns: the first column and `left` ones flush left, the others flush right.
struct Table {
  private let header: [String]
  private let left: Set<Int>
  private var rows: [[String]] = []

  init(_ header: [String], left: Set<Int> = [0]) {
    self.header = header
    self.left = left
  }

  mutating func add(_ cells: [String]) { rows.append(cells) }

  /// The lines, indented by two, the header first.
  var lines: [String] {
    let all = [header] + rows
    let widths = header.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
    return all.map { cells in
      let padded = cells.enumerated().map { column, cell in
        let space = String(repeating: " ", count: widths[column] - cell.count)
        return left.contains(column) ? cell + space : space + cell
      }
      var line = "  " + padded.joined(separator: "   ")
      while line.last == " " { line.removeLast() }
      return line
    }
  }
}
