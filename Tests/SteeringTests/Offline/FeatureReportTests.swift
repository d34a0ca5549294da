import SAE
import Steering
import Tensors
import Testing
import TestSupport

@Suite struct FeatureReportTests {
  private let sample = Sample("jumpReLU", { .jumpReLU(threshold: $0.threshold) })
  private let feature = 11

  private func report(
    _ rows: [[Float]], positions: [Int]? = nil, count: Int = 8
  ) throws -> FeatureReport {
    let folder = try TemporaryFolder()
    var recording = Recording(.safetensors, .f32, rows)
    recording.positions = positions
    let activations = try Activations(try recording.write(folder))
    let dictionary = try sample.dictionary()
    return try FeatureReport(
      feature, of: dictionary, encoding: try ActivationEncoding(activations, with: dictionary),
      positions: activations, count: count)
  }

  @Test func aNegativeCountTraps() async {
    await #expect(processExitsWith: .failure) {
      let dictionary = try SparseDictionary(
        RandomDictionary(featureCount: 4, width: 3, seed: 1).parts(.relu))
      _ = try FeatureReport(0, of: dictionary, count: -1)
    }
  }

  /// Finite rows whose product no f32 holds still have a cosine.
  @Test func cosinesOfHugeAndTinyRows() throws {
    let parts = SparseDictionary.Parts(
      name: "huge",
      encoder: EncoderMatrix(
        RowMatrix(rowCount: 4, width: 2, values: [1, 0, 0, 1, 1, 1, 1, 0]), layout: .featureMajor),
      decoder: RowMatrix(
        rowCount: 4, width: 2, values: [1e30, 1e30, 1e30, -1e30, -2e30, -2e30, 1e-30, 1e-30]),
      encoderBias: [0, 0, 0, 0], decoderBias: [0, 0], activation: .relu)
    let report = try FeatureReport(0, of: try SparseDictionary(parts))
    #expect(report.nearest.map(\.feature) == [3, 1, 2])
    for (found, expected) in zip(report.nearest, [1.0, 0, -1]) {
      #expect(abs(found.cosine - expected) < 1e-6)
    }
  }

  @Test func weightsMatchTheOracle() throws {
    let report = try FeatureReport(feature, of: try sample.dictionary(), count: 5)
    let oracle = Oracle(sample: sample)
    let own = oracle.decoderRow(feature)
    let encoder = sample.weights.encoder[(feature * 37)..<(feature * 37 + 37)].map(Double.init)
    #expect(abs(report.encoderNorm - oracle.norm(encoder)) < 1e-6)
    #expect(abs(report.decoderNorm - oracle.norm(own)) < 1e-6)
    let cosine = try #require(report.encoderDecoderCosine)
    #expect(
      abs(cosine - oracle.dot(own, encoder) / oracle.norm(own) / oracle.norm(encoder)) < 1e-6)
    #expect(report.encoderBias == Double(sample.weights.encoderBias[feature]))
    #expect(report.threshold == Double(sample.weights.threshold[feature]))
    #expect(report.firing == nil)
    let cosines = (0..<48).filter { $0 != feature }.map { other in
      let row = oracle.decoderRow(other)
      return (other, oracle.dot(own, row) / oracle.norm(own) / oracle.norm(row))
    }.sorted { $0.1 > $1.1 }
    #expect(report.nearest.map(\.feature) == cosines.prefix(5).map(\.0))
    for (found, expected) in zip(report.nearest, cosines) {
      #expect(abs(found.cosine - expected.1) < 1e-5)
    }
    #expect(report.mostOpposite?.feature == cosines.last?.0)
  }

  @Test func firingMatchesTheOracle() throws {
    let rows = sample.rows(80)
    let positions = rows.indices.map { $0 % 16 }
    let firing = try #require(try report(rows, positions: positions, count: 4).firing)
    let oracle = Oracle(sample: sample)
    let f = rows.map { oracle.activations($0.map(Double.init)) }
    let active = rows.indices.filter { f[$0][feature] != 0 }
    #expect(active.count > 10)
    #expect(firing.rowCount == 80)
    #expect(firing.activeCount == active.count)
    let mean = active.reduce(0) { $0 + f[$1][feature] } / Double(active.count)
    #expect(abs((firing.mean ?? .nan) - mean) < 1e-5)
    let peaks = active.sorted { f[$0][feature] > f[$1][feature] }.prefix(4)
    #expect(firing.peaks.map(\.row) == Array(peaks))
    #expect(firing.peaks.map(\.position) == peaks.map { $0 % 16 })
    let top = f[peaks[0]][feature]
    #expect(abs((firing.maximum ?? .nan) - top) < 1e-5)
    var histogram = [Int](repeating: 0, count: 10)
    for row in active { histogram[min(9, Int(f[row][feature] / top * 10))] += 1 }
    #expect(firing.histogram == histogram)
    let companions = (0..<48).filter { $0 != feature }.compactMap { other -> (Int, Int, Double)? in
      let together = active.count { f[$0][other] != 0 }
      guard together >= 2 else { return nil }
      let base = Double(f.count { $0[other] != 0 }) / 80
      return (other, together, Double(together) / Double(active.count) / base)
    }.sorted { ($1.2 * Double($1.1), $0.0) < ($0.2 * Double($0.1), $1.0) }
    #expect(firing.companions.map(\.feature) == companions.prefix(4).map(\.0))
    for (found, expected) in zip(firing.companions, companions) {
      #expect(found.rowsTogether == expected.1)
      #expect(abs(found.share - Double(expected.1) / Double(active.count)) < 1e-12)
      #expect(abs(found.lift - expected.2) < 1e-9)
    }
  }

  @Test func aFeatureThatNeverFires() throws {
    // The bias alone stays below the threshold.
    try #require(sample.weights.encoderBias[feature] <= sample.weights.threshold[feature])
    let firing = try #require(try report([Array(repeating: 0, count: 37)]).firing)
    #expect(firing.activeCount == 0)
    #expect(firing.mean == nil)
    #expect(firing.maximum == nil)
    #expect(firing.peaks.isEmpty && firing.companions.isEmpty)
  }

  @Test(arguments: [-1, 48])
  func featureOutOfRangeIsRefused(_ feature: Int) throws {
    let dictionary = try sample.dictionary()
    let error = try #require(steeringError { _ = try FeatureReport(feature, of: dictionary) })
    #expect(error.code == .invalidArgument)
    #expect(error.message == "feature \(feature) does not exist, expected 0 to 47")
  }
}
