import Detector
import Formats
import Foundation
import SAE
import Steering
import Tensors
import Testing
import TestSupport

@Suite struct StoredCodesTests {
  /// Codes of `shard`, as ``ActivationEncoding`` writes them.
  private func encode(_ shard: Shard, _ folder: TemporaryFolder) throws -> String {
    var encoding = try ActivationEncoding(
      try Activations(try shard.write(folder), tensor: "activations"),
      with: try shard.sample.dictionary())
    let path = folder.file("codes.safetensors")
    try encoding.write(to: path, dense: false, decode: false)
    return path
  }

  @Test(arguments: Sample.all)
  func codesGiveTheDocumentsOfTheirRows(_ sample: Sample) throws {
    let folder = try TemporaryFolder()
    var shard = Shard(sample, lengths: [3, 600, 40])
    shard.positions = shard.lengths.flatMap { Array(0..<$0) }
    shard.special = (0..<643).map { $0 % 50 == 0 }
    shard.tokens = (0..<643).map { $0 * 7 % 1000 }
    shard.segments = (0..<643).map { $0 / 100 - 2 }
    for row in [5, 200, 642] { shard.rows[row] = shard.rows[row].map { $0 * 50 } }
    shard.rows[7] = shard.rows[7].map { _ in 0 }
    let codes = try encode(shard, folder)
    let masking = Masking(sinkNorm: 200)
    let expected = try DocumentReader(
      folder.file("shard.safetensors"), source: .rows(try sample.dictionary()), masking: masking
    ).all()
    #expect(expected.reduce(0) { $0 + $1.counts.sink } >= 2)
    let reader = try DocumentReader(codes, source: .codes(featureCount: nil), masking: masking)
    #expect(reader.featureCount == 48 && reader.rowCount == 643)
    let found = try reader.all()
    #expect(found.map(\.id) == ["codes#1", "codes#4", "codes#7"])
    for (one, other) in zip(found, expected) {
      #expect(one.identity == other.identity)
      #expect(one.offsets == other.offsets && one.features == other.features)
      #expect(bits(one.values) == bits(other.values))
      #expect(one.uses == other.uses && one.segments == other.segments)
    }
  }

  @Test func codesOfAnotherDictionaryAreRefused() throws {
    let folder = try TemporaryFolder()
    let shard = Shard(Sample.all[0], lengths: [3])
    let codes = try encode(shard, folder)
    let name = try shard.sample.dictionary().name
    func reader(_ dictionary: String?, named: String? = nil) throws -> DocumentReader {
      try DocumentReader(
        codes, name: named, source: .codes(featureCount: nil, dictionary: dictionary),
        masking: Masking())
    }
    for accepted in [nil, name] { #expect(try reader(accepted).rowCount == 3) }
    #expect(try reader(nil, named: "a/codes").next()?.id.hasPrefix("a/codes#") == true)
    let error = try #require(steeringError { _ = try reader("quite-another") })
    #expect(error.code == .malformedFile)
    #expect(
      error.message.hasSuffix(
        "'metadata dictionary' is '\(name)', expected 'quite-another', whose features are read"))
  }

  @Test func sinksNeedNormsUnlessToldOtherwise() throws {
    let folder = try TemporaryFolder()
    try writeSafetensors(
      folder.file("old.safetensors"),
      [
        TestTensor(i64: "row_offsets", [3], [0, 1, 2]), TestTensor("indices", [4, 9]),
        TestTensor("values", [2], [0.5, 2]),
      ])
    func reader(_ masking: Masking, _ count: Int? = 10, allows: Bool = false) throws
      -> DocumentReader
    {
      try DocumentReader(
        folder.file("old.safetensors"), source: .codes(featureCount: count), masking: masking,
        allowsUnknownNorms: allows)
    }
    let error = try #require(steeringError { _ = try reader(Masking(sinkNorm: 3)) })
    #expect(error.code == .invalidArgument && error.message.contains("without norms"))
    let documents = try reader(Masking(sinkNorm: 3), allows: true).all()
    #expect(documents.map(\.features) == [[4, 9]])
    #expect(try reader(Masking()).all()[0].counts.kept == 2)
    #expect(
      steeringError { _ = try reader(Masking(), nil) }?.message.contains("feature_count") == true)
    #expect(
      steeringError { _ = try reader(Masking(), 9).all() }?.message
        == "\(folder.path)/old.safetensors: 'indices of row 1' is 9 after -1, expected"
        + " ascending features below 9")
  }

  @Test(arguments: [
    ([0, 2, 1], [1, 2, 3], [1, 1, 1], "row_offsets"),
    ([0, 1, 4], [1, 2, 3], [1, 1, 1], "row_offsets"),
    ([1, 2, 3], [1, 2, 3], [1, 1, 1], "row_offsets"),
    ([0, 2, 3], [2, 1, 3], [1, 1, 1], "indices"),
    ([0, 2, 3], [1, 1, 3], [1, 1, 1], "indices"), ([0, 2, 3], [-1, 1, 3], [1, 1, 1], "indices"),
    ([0, 2, 3], [1, 2, 3], [1, .nan, 1], "values[1]"), ([0, 2, 3], [1, 2, 3], [1, 1], "values"),
  ])
  func malformedCodesAreRefused(
    _ offsets: [Int64], _ indices: [Int32], _ values: [Float], _ field: String
  ) throws {
    let folder = try TemporaryFolder()
    let path = folder.file("codes.safetensors")
    try writeSafetensors(
      path,
      [
        TestTensor(i64: "row_offsets", [3], offsets), TestTensor("indices", indices),
        TestTensor("values", [values.count], values),
      ])
    let error = try #require(
      steeringError {
        _ = try DocumentReader(path, source: .codes(featureCount: 10), masking: Masking()).all()
      })
    #expect(error.code == .malformedFile)
    #expect(error.message.hasPrefix(path) && error.message.contains("'\(field)"))
  }
}
