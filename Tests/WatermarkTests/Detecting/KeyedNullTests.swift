import Detector
import Glibc
import Steering
import TestSupport
import Testing
import Watermark

/// Null documents against new ones.
@Suite struct KeyedNullTests {
  /// Σ sᵢ zᵢ / √(s′Rs) by the moments of `rows`, with R written out.
  static func statistic(
    _ selection: MarkSelection, _ rows: [[Double]]
  ) -> ([Double]) -> Double {
    let columns = selection.entries.map { entry in rows.map { $0[entry] } }
    let means = columns.map { $0.reduce(0, +) / Double($0.count) }
    let deviations = zip(columns, means).map { column, mean in
      (column.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(column.count)).squareRoot()
    }
    var variance = 0.0
    for (one, sign) in selection.signs.enumerated() {
      for (other, second) in selection.signs.enumerated() {
        var product = 0.0
        for row in rows.indices {
          product += (columns[one][row] - means[one]) * (columns[other][row] - means[other])
        }
        variance +=
          Double(sign * second) * product / Double(rows.count)
          / (deviations[one] * deviations[other])
      }
    }
    return { scores in
      var sum = 0.0
      for (place, entry) in selection.entries.enumerated() {
        sum +=
          Double(selection.signs[place]) * (scores[entry] - means[place]) / deviations[place]
      }
      return sum / variance.squareRoot()
    }
  }

  private static func nulls(_ scores: [Float], width: Int) throws -> NullScores {
    let count = scores.count / width
    return try NullScores(
      entryCount: width, blockLength: 16,
      identities: (0..<count).map { DocumentIdentity(bits: UInt64($0)) },
      lengths: Array(repeating: 10, count: count), scores: scores,
      blockCounts: Array(repeating: 0, count: count), blocks: [])
  }

  /// Features that one document in twenty has, now and then very strongly: what an outlier does to mean and
  /// deviation must not make room for the next one.
  @Test func smallPAreNotTooFrequent() throws {
    let (count, width, draws) = (400, 7, 6_000)
    let selection = try MarkSelection(
      entries: Array(0..<width), signs: Array(repeating: 1, count: width))
    var generator = SplitMix64(seed: 41)
    var found = (least: 0, four: 0)
    var inSample = 0
    for _ in 0..<draws {
      let scores = (0..<(count + 1) * width).map { _ -> Float in
        UInt64.random(in: 0..<20, using: &generator) > 0
          ? 0 : expf(1.5 * generator.normal())
      }
      let statistic = try KeyedStatistic(
        selection, try Self.nulls(Array(scores[..<(count * width)]), width: width))
      let value = statistic.value(of: scores[(count * width)...].map { Double($0) })
      let rank = 1 + (try statistic.documents(withBlocks: false)).count { $0.scores[0] >= value }
      if rank <= 1 { found.least += 1 }
      if rank <= 4 { found.four += 1 }
      let fitted = (0..<count).contains { row in
        statistic.value(of: scores[row * width..<(row + 1) * width].map { Double($0) }) >= value
      }
      if !fitted { inSample += 1 }
    }
    // 0.1 % of binomial(6000, 1/401) is above 28, and of binomial(6000, 4/401) above 85.
    #expect(found.least <= 28, "\(found)")
    #expect((20...85).contains(found.four), "\(found)")
    // Null documents measured by moments that they take part in would not hold it.
    #expect(inSample > 28, "\(inSample)")
  }

  /// One document that makes nearly all of an entry's spread: what is left is still exact.
  @Test func outliersAreLeftOutExactly() throws {
    var generator = SplitMix64(seed: 5)
    var scores = generator.normals(60 * 3)
    scores[17 * 3 + 1] = 3e7
    scores[40 * 3] = 500
    let nulls = try Self.nulls(scores, width: 3)
    let rows = (0..<60).map { row in scores[row * 3..<row * 3 + 3].map { Double($0) } }
    let selection = try MarkSelection(entries: [1, 0, 2], signs: [1, -1, 1])
    let documents = try KeyedStatistic(selection, nulls).documents(withBlocks: false)
    let all = Self.statistic(selection, rows)
    for row in rows.indices {
      var others = rows
      others.remove(at: row)
      let expected = max(all(rows[row]), Self.statistic(selection, others)(rows[row]))
      #expect(
        abs(documents[row].scores[0] - expected) <= 1e-6 * max(1, abs(expected)), "row \(row)")
    }
    #expect(documents[17].scores[0] > 1e6)
  }

  /// An entry that one document alone has cannot be standardised without it.
  @Test func entriesOfOneDocumentAreRefused() throws {
    let one = try MarkSelection(entries: [0], signs: [1])
    for scores: [Float] in [[0, 0, 0, 4], [4, 0, 0, 0], [1, 1, 1, 1], [1, 2]] {
      #expect(throws: SteeringError.self) {
        try KeyedStatistic(one, try Self.nulls(scores, width: 1)).documents(withBlocks: false)
      }
    }
    for scores: [Float] in [[0, 0, 4, 4], [1, 0, 2, 0], [1, 2, 3]] {
      let statistic = try KeyedStatistic(one, try Self.nulls(scores, width: 1))
      #expect(try statistic.documents(withBlocks: false).count == scores.count)
    }
  }
}
