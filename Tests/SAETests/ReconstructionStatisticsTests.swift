import SAE
import TestSupport
import Tensors
import Testing

@Suite struct ReconstructionStatisticsTests {
  private struct Expected {
    var fvu: Double
    var cosine: Double
    var variance: Double
    var normRatio: Double
    var outputFactor: Double
  }

  /// Every figure in two passes over the data.
  private func oracle(_ rows: [[Float]], _ estimates: [[Float]]) -> Expected {
    let width = rows[0].count
    let count = Double(rows.count)
    let mean = (0..<width).map { column in
      rows.reduce(0.0) { $0 + Double($1[column]) } / count
    }
    var error = 0.0
    var variance = 0.0
    var cosine = 0.0
    var ratio = 0.0
    var products = 0.0
    var squares = 0.0
    for (row, estimate) in zip(rows, estimates) {
      var product = 0.0
      var xx = 0.0
      var yy = 0.0
      for column in 0..<width {
        let x = Double(row[column])
        let y = Double(estimate[column])
        error += (y - x) * (y - x)
        variance += (x - mean[column]) * (x - mean[column])
        product += x * y
        xx += x * x
        yy += y * y
      }
      cosine += product / (xx * yy).squareRoot()
      ratio += (yy / xx).squareRoot()
      products += product
      squares += yy
    }
    return Expected(
      fvu: error / variance, cosine: cosine / count, variance: variance,
      normRatio: ratio / count, outputFactor: products / squares)
  }

  @Test(arguments: [Float(0), 100, 100_000])
  func matchesTwoPasses(_ offset: Float) throws {
    var generator = SplitMix64(seed: 4)
    let rows = (0..<50).map { _ in generator.normals(13).map { $0 + offset } }
    let estimates = rows.map { row in row.map { $0 + generator.normal() * 0.3 } }
    var statistics = ReconstructionStatistics(featureCount: 3, width: 13)
    let codes = try exactOracle([1, 2, 3], .relu).dictionary().codes(of: [1], count: 1)
    for (row, estimate) in zip(rows, estimates) {
      statistics.add(row, codes: codes, row: 0, reconstruction: estimate)
    }
    let expected = oracle(rows, estimates)
    let fvu = try #require(statistics.fvu)
    let cosine = try #require(statistics.cosine)
    #expect(abs(fvu - expected.fvu) <= 1e-9 * expected.fvu)
    #expect(abs(cosine - expected.cosine) <= 1e-12)
    let variance = try #require(statistics.variance)
    #expect(abs(variance - expected.variance) <= 1e-9 * expected.variance)
    #expect(abs(try #require(statistics.normRatio) - expected.normRatio) <= 1e-12)
    #expect(abs(try #require(statistics.bestOutputFactor) - expected.outputFactor) <= 1e-12)
  }

  @Test func countsFeatures() throws {
    let dictionary = try exactOracle([1, -1, 0, 4], .relu).dictionary()
    let codes = try dictionary.codes(of: [1, -2, 3, 0], count: 4)
    var statistics = ReconstructionStatistics(featureCount: 4, width: 1)
    for row in 0..<4 { statistics.add([1], codes: codes, row: row, reconstruction: nil) }
    #expect(statistics.rowCount == 4)
    #expect(statistics.activeCount == 5)
    #expect(statistics.l0 == 1.25)
    #expect(statistics.firingCounts == [2, 1, 0, 2])
    #expect(statistics.aliveCount == 3)
    #expect(statistics.maximumActivation == 12)
    #expect(statistics.fvu == nil)
    #expect(statistics.cosine == nil)
  }

  @Test func signedActivationsCountByMagnitude() throws {
    let dictionary = try exactOracle([1, -7], .absTopK(k: 2)).dictionary()
    let codes = try dictionary.codes(of: [1], count: 1)
    var statistics = ReconstructionStatistics(featureCount: 2, width: 1)
    statistics.add([1], codes: codes, row: 0, reconstruction: nil)
    #expect(statistics.maximumActivation == 7)
  }

  @Test func saysNothingWithoutEvidence() throws {
    var statistics = ReconstructionStatistics(featureCount: 1, width: 2)
    #expect(statistics.l0 == nil)
    #expect(statistics.fvu == nil)
    #expect(statistics.variance == nil)
    #expect(statistics.normRatio == nil)
    #expect(statistics.bestOutputFactor == nil)
    let codes = try exactOracle([1], .relu).dictionary().codes(of: [0], count: 1)
    // Equal rows have no variance, zero rows no direction.
    statistics.add([3, 3], codes: codes, row: 0, reconstruction: [1, 1])
    statistics.add([3, 3], codes: codes, row: 0, reconstruction: [0, 0])
    #expect(statistics.fvu == nil)
    let cosine = try #require(statistics.cosine)
    #expect(abs(cosine - 1) < 1e-12)
    #expect(statistics.l0 == 0)
  }
}
