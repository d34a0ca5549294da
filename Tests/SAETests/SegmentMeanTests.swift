import SAE
import TestSupport
import Tensors
import Testing

/// Means of segments, streamed.
@Suite struct SegmentMeanTests {
  private func mean(_ segment: SegmentMean) -> [Float]? {
    var out = [Float](repeating: -777, count: segment.width)
    guard segment.mean(into: &out) else {
      #expect(out.allSatisfy { $0 == -777 })
      return nil
    }
    return out
  }

  /// The f64 mean, rounded once; rows of very different sizes, so that f32 sums would differ.
  @Test func equalsTheF64MeanRoundedOnce() throws {
    var generator = SplitMix64(seed: 1)
    var naive = 0
    for (rows, width) in [(1, 1), (3, 2), (200, 7), (1000, 33)] {
      let input = (0..<(rows * width)).map { _ in
        generator.normal() * (Bool.random(using: &generator) ? 1e4 : 1e-3)
      }
      let segment = try SegmentMean(width: width)
      try segment.add(input, count: rows, stride: width)
      let actual = try #require(mean(segment))
      for column in 0..<width {
        var sum = 0.0
        var single: Float = 0
        for row in 0..<rows {
          sum += Double(input[row * width + column])
          single += input[row * width + column]
        }
        #expect(actual[column] == Float(sum / Double(rows)))
        naive += actual[column] == single / Float(rows) ? 0 : 1
      }
      #expect(segment.rowCount == rows)
    }
    #expect(naive > 10, "the inputs must tell f64 sums from f32 ones")
  }

  @Test func chunksDoNotMatter() throws {
    var generator = SplitMix64(seed: 2)
    let stride = 6
    let input = generator.normals(50 * stride, scale: 100)
    let excluded = (0..<50).map { _ in Int.random(in: 0..<4, using: &generator) == 0 }
    let whole = try SegmentMean(width: 5)
    try whole.add(input, count: 50, stride: stride, excluding: excluded)
    for seed in 0..<8 {
      var cuts = SplitMix64(seed: UInt64(seed))
      let segment = try SegmentMean(width: 5)
      var row = 0
      while row < 50 {
        let count = min(50 - row, Int.random(in: 0...9, using: &cuts))
        try segment.add(
          Array(input[(row * stride)...]), count: count, stride: stride,
          excluding: Array(excluded[row...]))
        row += count
      }
      #expect(mean(segment)?.map(\.bitPattern) == mean(whole)?.map(\.bitPattern))
      #expect(segment.rowCount == whole.rowCount)
      #expect(segment.excludedCount == excluded.count { $0 })
    }
  }

  /// Excluded rows count for nothing, whatever they hold.
  @Test func excludedRowsAreNotLookedAt() throws {
    let segment = try SegmentMean(width: 2)
    try segment.add(
      [1, 2, .nan, .infinity, 3, 6], count: 3, stride: 2, excluding: [false, true, false])
    #expect(mean(segment) == [2, 4])
    #expect((segment.rowCount, segment.excludedCount) == (2, 1))
  }

  @Test func forksAreIndependent() throws {
    let segment = try SegmentMean(width: 1)
    try segment.add([1, 3], count: 2, stride: 1)
    let fork = segment.fork()
    #expect(mean(fork) == [2])
    try fork.add([8], count: 1, stride: 1)
    #expect(mean(fork) == [4])
    #expect(mean(segment) == [2])
    segment.assign(fork)
    #expect(mean(segment) == [4])
    #expect(segment.rowCount == 3)
    fork.reset()
    #expect(mean(fork) == nil)
    #expect(mean(segment) == [4])
    try fork.add([5], count: 1, stride: 1)
    #expect(mean(fork) == [5])
  }

  @Test func refusalsLeaveTheMean() throws {
    let segment = try SegmentMean(width: 2)
    try segment.add([1, 2], count: 1, stride: 2)
    func failure(_ body: () throws(DictionaryError) -> Void) -> DictionaryError.Reason? {
      let reason = dictionaryFailure(body)
      #expect(mean(segment) == [1, 2])
      #expect(segment.rowCount == 1)
      return reason
    }
    #expect(
      failure { () throws(DictionaryError) in
        try segment.add([5, 5, 5, .nan], count: 2, stride: 2)
      } == .nonFiniteInput(row: 1, column: 1))
    #expect(
      failure { () throws(DictionaryError) in try segment.add([5, 5], count: 1, stride: 1) }
        == .width(found: 1, expected: 2))
    #expect(
      failure { () throws(DictionaryError) in try segment.add([5, 5], count: -1, stride: 2) }
        == .field(name: "row count", found: "-1", expected: "0 or more"))
    #expect(
      dictionaryFailure { () throws(DictionaryError) in _ = try SegmentMean(width: 0) }
        == .width(found: 0, expected: 1))
  }

  /// A segment's codes are those of its mean; a segment without rows has none.
  @Test func segmentsAreEncodedWhenTheyEnd() throws {
    let oracle = Sigma.batchTopK.oracle(featureCount: 60, width: 9, seed: 4)
    let dictionary = try oracle.dictionary()
    let encoder = try SegmentEncoder(dictionary)
    let segment = try SegmentMean(width: 9)
    var generator = SplitMix64(seed: 5)
    var codes = SparseCodes(featureCount: 60)
    var means: [Float] = []
    for rows in [3, 0, 5] {
      let input = generator.normals(rows * 9 + 1)
      try segment.add(input, count: rows, stride: 9)
      if rows == 0 {
        try segment.add([.nan], count: 1, stride: 9, excluding: [true])
      } else {
        means += try #require(mean(segment))
      }
      try encoder.end(segment, into: &codes)
      #expect((segment.rowCount, segment.excludedCount) == (0, 0))
    }
    #expect(codes.rowCount == 3)
    #expect(codes.undefinedRows == [1])
    let expected = try dictionary.codes(of: means, count: 2)
    #expect(codes.dense(row: 0) == expected.dense(row: 0))
    #expect(codes.dense(row: 2) == expected.dense(row: 1))
    #expect(!expected.indices.isEmpty)
  }

  @Test func segmentsOfAnotherDictionaryAreRefused() throws {
    let dictionary = try Sigma.relu.oracle(featureCount: 4, width: 3, seed: 1).dictionary()
    let encoder = try SegmentEncoder(dictionary)
    var codes = SparseCodes(featureCount: 4)
    let narrow = try SegmentMean(width: 2)
    #expect(
      dictionaryFailure { () throws(DictionaryError) in try encoder.end(narrow, into: &codes) }
        == .width(found: 2, expected: 3))
    var other = SparseCodes(featureCount: 5)
    let segment = try SegmentMean(width: 3)
    #expect(
      dictionaryFailure { () throws(DictionaryError) in try encoder.end(segment, into: &other) }
        == .shape(tensor: "codes", found: [5], expected: [4]))
    // An overflow keeps the segment.
    try segment.add([3e38, 3e38, 3e38], count: 1, stride: 3)
    var huge = Sigma.relu.oracle(featureCount: 4, width: 3, seed: 1)
    huge.encoder[0] = 1e30
    let loud = try SegmentEncoder(huge.dictionary())
    #expect(
      dictionaryFailure { () throws(DictionaryError) in try loud.end(segment, into: &codes) }
        == .nonFiniteResult(row: 0))
    #expect((segment.rowCount, codes.rowCount) == (1, 0))
  }
}
