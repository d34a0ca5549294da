import SAE
import TestSupport
import Testing

/// Co-firing of features, against Pearson's correlation of indicators.
@Suite struct FeaturePairsTests {
  private func correlation(_ a: [Double], _ b: [Double]) -> Double? {
    let n = Double(a.count)
    let meanA = a.reduce(0, +) / n
    let meanB = b.reduce(0, +) / n
    var (ab, aa, bb) = (0.0, 0.0, 0.0)
    for (x, y) in zip(a, b) {
      ab += (x - meanA) * (y - meanB)
      aa += (x - meanA) * (x - meanA)
      bb += (y - meanB) * (y - meanB)
    }
    return aa > 0 && bb > 0 ? ab / (aa * bb).squareRoot() : nil
  }

  @Test(arguments: [Sigma.relu, .absTopK, .batchTopK])
  func phiIsTheCorrelationOfIndicators(_ sigma: Sigma) throws {
    let oracle = sigma.oracle(featureCount: 20, width: 6, k: 7, seed: 3)
    let dictionary = try oracle.dictionary()
    var generator = SplitMix64(seed: 4)
    let codes = try dictionary.codes(of: generator.normals(200 * 6), count: 200)
    let features = [19, 3, 0, 7, 12]
    var pairs = try FeaturePairs(features, featureCount: 20)
    try pairs.add(codes)
    let indicators = features.map { feature in
      (0..<200).map { codes.activation(of: feature, row: $0) != 0 ? 1.0 : 0 }
    }
    var sum = 0.0
    var defined = 0
    for first in features.indices {
      #expect(pairs.firingCount(first) == indicators[first].count { $0 > 0 })
      for second in features.indices {
        let expected = correlation(indicators[first], indicators[second])
        let actual = pairs.phi(first, second)
        #expect((actual == nil) == (expected == nil))
        if let actual, let expected { #expect(abs(actual - expected) <= 1e-12) }
        if let expected, first < second {
          sum += abs(expected)
          defined += 1
        }
      }
    }
    #expect(defined > 5)
    #expect(abs(try #require(pairs.meanAbsolutePhi) - sum / Double(defined)) <= 1e-12)
  }

  /// Codes whose firing is known: feature 0 on +, 1 on −, 2 on +, 3 never, 4 always.
  @Test func extremesAreExact() throws {
    var oracle = exactOracle([1, -1, 2, 0, 0], .relu)
    oracle.encoderBias = [0, 0, 0, 0, 1]
    let codes = try oracle.dictionary().codes(of: [1, -1, 1, -1], count: 4)
    var pairs = try FeaturePairs([0, 1, 2, 3, 4], featureCount: 5)
    try pairs.add(codes)
    try pairs.add(codes)
    #expect(pairs.rowCount == 8)
    #expect(pairs.phi(0, 1) == -1)
    #expect(pairs.phi(0, 2) == 1)
    #expect(pairs.phi(0, 3) == nil)
    #expect(pairs.phi(4, 0) == nil)
    #expect(pairs.jointCount(4, 0) == 4)
    #expect(pairs.meanAbsolutePhi == 1)
  }

  @Test func undefinedRowsAreNotCounted() throws {
    var oracle = exactOracle([1, -1], .relu)
    oracle.normalisation = .rootWidthOverNorm
    let codes = try oracle.dictionary().codes(of: [1, 0, -1], count: 3)
    #expect(codes.undefinedRows == [1])
    var pairs = try FeaturePairs([0, 1], featureCount: 2)
    #expect(pairs.meanAbsolutePhi == nil)
    try pairs.add(codes)
    #expect((pairs.rowCount, pairs.undefinedCount) == (2, 1))
    #expect(pairs.phi(0, 1) == -1)
  }

  @Test func misuseIsNamed() throws {
    for feature in [-1, 5] {
      #expect(
        dictionaryFailure { () throws(DictionaryError) in
          _ = try FeaturePairs([0, feature], featureCount: 5)
        } == .featureOutOfRange(found: feature, count: 5))
    }
    #expect(
      dictionaryFailure { () throws(DictionaryError) in
        _ = try FeaturePairs([3, 0, 3], featureCount: 5)
      } == .field(name: "features", found: "3 twice", expected: "each feature once"))
    #expect(
      dictionaryFailure { () throws(DictionaryError) in
        _ = try FeaturePairs(Array(0...4096), featureCount: 10_000)
      } == .field(name: "features", found: "4097", expected: "at most 4096"))
    var pairs = try FeaturePairs([0], featureCount: 5)
    #expect(
      dictionaryFailure { () throws(DictionaryError) in
        try pairs.add(SparseCodes(featureCount: 4))
      } == .shape(tensor: "codes", found: [4], expected: [5]))
  }
}
