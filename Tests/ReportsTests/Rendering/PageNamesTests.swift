import Formats
import Reports
import TestSupport
import Testing

@Suite struct PageNamesTests {
  /// Names past the limit stand in their rows; those before it keep their places.
  @Test func namesThatDoNotRepeatStandInTheirRows() throws {
    let limit = 1 << 16
    let lines = (0..<(limit + 2)).map { number in
      PageRun.line("d", pieces: nil).replacing(
        "\"source\":null", with: "\"source\":\"s\(number == limit + 1 ? 7 : number)\"")
    }
    let page = try PageRun(lines).write().text
    #expect(try PageRun.block("names-data", of: page)["sources"]?.asArray?.count == limit)
    let rows = try PageRun.block("rows-data", of: page).asArray ?? []
    let found = [0, limit - 1, limit, limit + 1].map { rows[$0].asArray?[2] }
    #expect(found == [.integer(0), .integer(Int64(limit - 1)), .string("s\(limit)"), .integer(7)])
  }
}
