import Formats

/// Documents as rows of a table of comma-separated values (RFC 4180).
package struct DocumentTable {
  private let structures: [String]

  /// A table with columns for each structure.
  package init(structures: [String]) { self.structures = structures }

  /// The names of the columns, with the end of the line.
  package var header: String {
    var cells = ["document", "shard", "source", "limit"]
    cells += ["kept", "special", "sink", "undefined", "flagged", "combined_p"]
    for structure in structures {
      cells += ["score", "p", "z", "flagged"].map { "\(structure).\($0)" }
    }
    return cells.map(CSVCell.text).joined(separator: ",") + "\r\n"
  }

  /// A document's line.
  package func line(_ record: DocumentRecord) -> String {
    var cells = [
      CSVCell.text(record.document), CSVCell.text(record.shard), CSVCell.text(record.source ?? ""),
      CSVCell.text(record.limit ?? ""), "\(record.tokens.kept)", "\(record.tokens.special)",
      "\(record.tokens.sink)", "\(record.tokens.undefined)",
      "\(record.findings.count(where: \.isFlagged))", Self.number(record.combinedP),
    ]
    // A document without kept tokens has no findings.
    for index in structures.indices {
      guard index < record.findings.count else {
        cells += ["", "", "", ""]
        continue
      }
      let finding = record.findings[index]
      cells += [
        Self.number(finding.score), Self.number(finding.p), Self.number(finding.z),
        finding.isFlagged ? "1" : "0",
      ]
    }
    return cells.joined(separator: ",") + "\r\n"
  }

  private static func number(_ value: Double?) -> String { value.map { $0.description } ?? "" }
}
