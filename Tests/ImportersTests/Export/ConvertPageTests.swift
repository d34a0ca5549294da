import Foundation
import Importers
import SAE
import TestSupport
import Testing

/// `docs/convert.md` says what the code does.
@Suite struct ConvertPageTests {
  private func cell(_ example: ExportCase, _ target: ExportTarget) throws -> String {
    let folder = try TemporaryFolder()
    switch exportFailure(try example.dictionary(), target, folder.file("copy"))?.reason {
    case nil: return "exact"
    case .cannotHold(_, _, let why): return "refused: \(why)"
    case .wouldRound(_, let why): return "with `--allow-rounding`: \(why)"
    case let reason: return "\(String(describing: reason))"
    }
  }

  @Test func theTableIsTheCodes() throws {
    var table = ["| dictionary | saelens | native |", "|---|---|---|"]
    for example in ExportCase.all {
      table.append(
        "| \(example.subject) | \(try cell(example, .saelens)) | \(try cell(example, .native)) |")
    }
    let path = URL(fileURLWithPath: #filePath).appendingPathComponent("../../../../docs/convert.md")
    let page = try String(contentsOf: path.standardized, encoding: .utf8)
    let expected = table.joined(separator: "\n")
    #expect(page.contains(expected), "docs/convert.md should have\n\(expected)")
  }
}
