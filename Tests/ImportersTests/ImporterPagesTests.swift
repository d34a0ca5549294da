import Foundation
import Importers
import Testing

/// The pages on publishers' layouts name all that the importers accept.
@Suite struct ImporterPagesTests {
  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("docs/importers").path

  @Test(arguments: DictionaryImporter.formats)
  func everyLayoutHasItsPage(_ format: DictionaryFormat) throws {
    // The library's own form is described where formats are.
    let path = Self.folder + (format == .native ? "/../formats/" : "/") + "\(format.rawValue).md"
    let page = try String(contentsOfFile: path, encoding: .utf8)
    #expect(page.contains("--format \(format.rawValue)"), "\(path)")
    let names = DictionaryImporter.acceptedNames(of: format)
    try #require(!names.isEmpty)
    let missing = names.filter { !page.contains("`\($0)") }
    #expect(missing.isEmpty, "\(path) lacks \(missing)")
  }

  @Test func noLayoutIsListedTwice() {
    let formats = DictionaryImporter.formats
    #expect(Set(formats).count == formats.count)
  }
}
