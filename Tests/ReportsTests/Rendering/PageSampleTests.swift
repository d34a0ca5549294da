import Formats
import Foundation
import Reports
import TestSupport
import Testing

@Suite struct PageSampleTests {
  /// Rows that are shown, by reason.
  private func chosen(_ lines: [String], limit: Int) throws -> [Int: [Int]] {
    let page = try PageRun(lines).write(.init(documentLimit: limit)).text
    let samples = try PageRun.block("samples-data", of: page).asArray ?? []
    return Dictionary(grouping: samples, by: { $0["why"]?.asInt ?? -1 })
      .mapValues { $0.compactMap { $0["row"]?.asInt } }
  }

  /// A score of a million says nothing against z, which other documents have.
  @Test func scoresDoNotCompeteWithZ() throws {
    let lines = (0..<20).map {
      PageRun.line("d\($0)", z: $0 % 2 == 0 ? Double($0) / 10 : nil, score: 1e6 - Double($0))
    }
    #expect(try chosen(lines, limit: 4)[0] == [16, 18])
    // Not even where the only z is of a document that cannot be shown.
    let one =
      [PageRun.line("z", z: 1, pieces: nil)] + (0..<5).map { PageRun.line("d\($0)", z: nil) }
    #expect(try chosen(one, limit: 2)[0] == nil)
  }

  @Test func withoutAnyZTheHighestScoresAreShown() throws {
    let lines = (0..<20).map { PageRun.line("d\($0)", z: nil, score: Double(($0 * 7) % 20)) }
    let chosen = try chosen(lines, limit: 4)
    #expect(chosen[0] == [14, 17])
    #expect(chosen[1] == nil)
  }

  /// Keys that fall, rise and repeat; among equals the earlier documents.
  @Test func theHighestOfManyAreKept() throws {
    let z = (0..<400).map { Double(($0 * 97) % 50) / 10 - 4 }
    let lines = z.enumerated().map { PageRun.line("d\($0)", z: $1) }
    let best = z.indices.sorted { (-z[$0], $0) < (-z[$1], $1) }.prefix(30).sorted()
    #expect(try chosen(lines, limit: 60)[0] == best)
  }
}
