import Formats
import Testing
import TestSupport

@Suite struct LineReaderTests {
  private func lines(_ text: String, limit: Int = 1 << 20) throws -> [String] {
    let folder = try TemporaryFolder()
    try folder.write(text, to: "a.jsonl")
    let reader = try #require(
      try LineReader.open(ifPresent: folder.file("a.jsonl"), limit: limit))
    var lines: [String] = []
    while let line = try reader.next() {
      lines.append(String(decoding: line, as: UTF8.self))
      #expect(reader.lineNumber == lines.count)
    }
    #expect(try reader.next() == nil)
    return lines
  }

  @Test func linesComeWithoutTheirEnds() throws {
    #expect(try lines("") == [])
    #expect(try lines("a") == ["a"])
    #expect(try lines("a\n") == ["a"])
    #expect(try lines("a\r\n\n b \nc\r") == ["a", "", " b ", "c"])
  }

  @Test func linesMayBeLongerThanABlock() throws {
    let long = [70_000, 3, 131_072, 65_536, 65_535, 0, 1].map { String(repeating: "x", count: $0) }
    #expect(try lines(long.joined(separator: "\n")) == long)
  }

  @Test func linesCanBeReadAgain() throws {
    let folder = try TemporaryFolder()
    let long = String(repeating: "x", count: 70_000)
    try folder.write("a\r\n\n\(long)\nlast", to: "a.jsonl")
    let reader = try LineReader.open(folder.file("a.jsonl"), limit: 1 << 20)
    var ranges: [Range<Int>] = []
    while try reader.next() != nil { ranges.append(reader.lineRange) }
    #expect(ranges == [0..<1, 3..<3, 4..<70_004, 70_005..<70_009])
    let again = try ranges.map { String(decoding: try reader.bytes(of: $0), as: UTF8.self) }
    #expect(again == ["a", "", long, "last"])
    try folder.write("a", to: "a.jsonl")
    let error = #expect(throws: FormatError.self) { try reader.bytes(of: ranges[3]) }
    #expect(error?.description.contains("expected 70009") == true, "\(String(describing: error))")
    #expect(throws: FormatError.self) { try LineReader.open(folder.file("none"), limit: 9) }
  }

  @Test func longLinesAndFoldersAreRefused() throws {
    #expect(throws: FormatError.self) { _ = try lines("abc\nabcd\n", limit: 3) }
    #expect(try lines("abc\nabc\n", limit: 3) == ["abc", "abc"])
    let folder = try TemporaryFolder()
    #expect(try LineReader.open(ifPresent: folder.file("none"), limit: 9) == nil)
    #expect(throws: FormatError.self) {
      _ = try LineReader.open(ifPresent: folder.path, limit: 9)
    }
  }
}
