import Detector
import SAE
import Steering
import Testing
import TestSupport

@Suite struct DocumentReaderTests {
  private static let sample = Sample.all[0]
  private let everything = Masking(skipsSpecial: false)

  private func shard() -> Shard {
    // Longer than a block of rows, so that documents cross its end.
    Shard(Self.sample, lengths: [5, 700, 1, 340, 12])
  }

  @Test(arguments: [1, 2])
  func documentsHoldTheCodesOfTheirRows(workers: Int) throws {
    let folder = try TemporaryFolder()
    let shard = shard()
    let dictionary = try shard.sample.dictionary()
    let reader = try DocumentReader(
      try shard.write(folder), source: .rows(dictionary), masking: everything, workers: workers)
    #expect(reader.rowCount == 1058 && reader.documentCount == 0)
    let documents = try reader.all()
    #expect(documents.map(\.tokenCount) == shard.lengths)
    #expect(documents.map(\.id) == shard.numbers.map { "shard#\($0)" })
    #expect(reader.documentCount == 5 && reader.rowsRead == 1058)
    for (place, document) in documents.enumerated() {
      let codes = try dictionary.codes(Array(shard.rows[shard.range(place)]))
      #expect(document.offsets == codes.rowOffsets)
      #expect(document.features == codes.indices)
      #expect(bits(document.values) == bits(codes.values))
      #expect(document.featureCount == 48)
      #expect(document.counts.kept == shard.lengths[place])
    }
    #expect(Set(documents.map(\.identity)).count == 5)
  }

  @Test func withoutDocumentsTheShardIsOne() throws {
    let folder = try TemporaryFolder()
    let shard = shard()
    let path = try shard.write(folder, withDocuments: false)
    let documents = try DocumentReader(
      path, source: .rows(try shard.sample.dictionary()), masking: everything
    ).all()
    #expect(documents.map(\.tokenCount) == [1058])
    #expect(documents.map(\.id) == ["shard#0"])
  }

  @Test func specialTokensAreThoseOfTheMarksElseOfPositionZero() throws {
    let folder = try TemporaryFolder()
    var shard = Shard(Self.sample, lengths: [3, 2])
    shard.positions = [0, 1, 2, 0, 1]
    let dictionary = try shard.sample.dictionary()
    func uses() throws -> [[TokenUse]] {
      try DocumentReader(
        try shard.write(folder), source: .rows(dictionary), masking: Masking()
      ).all().map(\.uses)
    }
    #expect(try uses() == [[.special, .kept, .kept], [.special, .kept]])
    shard.special = [false, true, false, false, false]
    #expect(try uses() == [[.kept, .special, .kept], [.kept, .kept]])
  }

  @Test func sinksAndMeansAreOfTheRows() throws {
    let folder = try TemporaryFolder()
    var shard = Shard(Self.sample, lengths: [4, 1])
    shard.rows[1] = shard.rows[1].map { $0 * 100 }
    shard.rows[4] = shard.rows[4].map { $0 * 100 }
    let documents = try DocumentReader(
      try shard.write(folder), source: .rows(try shard.sample.dictionary()),
      masking: Masking(sinkNorm: 300), needsDenseMean: true
    ).all()
    #expect(documents.map(\.uses) == [[.kept, .sink, .kept, .kept], [.sink]])
    #expect(documents[0].offsets[1] == documents[0].offsets[2])
    #expect(documents[1].denseMean == nil)
    let mean = try #require(documents[0].denseMean)
    for column in 0..<37 {
      let sum = [0, 2, 3].reduce(0.0) { $0 + Double(shard.rows[$1][column]) }
      #expect(mean[column] == Float(sum / 3))
    }
  }

  @Test func undefinedRowsAreCountedAndHaveNoFeatures() throws {
    let folder = try TemporaryFolder()
    var shard = Shard(
      Sample("relu, norm", { _ in .relu }, .rootWidthOverNorm), lengths: [2])
    shard.rows[0] = shard.rows[0].map { _ in 0 }
    let document = try #require(
      try DocumentReader(
        try shard.write(folder), source: .rows(try shard.sample.dictionary()),
        masking: everything
      ).next())
    #expect(document.uses == [.undefined, .kept])
    #expect(document.offsets[1] == 0 && document.offsets[2] > 0)
  }

  @Test func theDocumentsFileNamesAndLabels() throws {
    let folder = try TemporaryFolder()
    var shard = Shard(Self.sample, lengths: [2, 1])
    shard.lines = [
      #"{"document":1,"id":"a","pieces":["x"," y"],"segments":[7,8],"source":"s","pair":"p","#
        + #""labels":{"past":true,"plural":false},"own":{"anything":[1]}}"#,
      "", #"{"document":4,"pieces":["z"],"pair":null}"#,
    ]
    let path = try shard.write(folder)
    let dictionary = try shard.sample.dictionary()
    let documents = try DocumentReader(
      path, source: .rows(dictionary), masking: everything
    ).all()
    #expect(documents.map(\.id) == ["a", "shard#4"])
    #expect(documents.map(\.pieces) == [["x", " y"], ["z"]])
    #expect(documents[0].segments == [7, 8] && documents[1].segments == [0])
    #expect(documents[0].labels == ["past": true, "plural": false])
    #expect(documents.map(\.pair) == ["p", nil] && documents.map(\.source) == ["s", nil])
    let bare = try DocumentReader(
      path, source: .rows(dictionary), masking: everything, keepsPieces: false
    ).all()
    #expect(bare.map(\.pieces) == [nil, nil])
    #expect(bare.map(\.identity) == documents.map(\.identity))
  }

  @Test func identitiesAreOfTokensThenOfPiecesThenOfCodes() throws {
    let folder = try TemporaryFolder()
    let dictionary = try Self.sample.dictionary()
    func identities(_ shard: Shard, _ masking: Masking) throws -> [DocumentIdentity] {
      try DocumentReader(
        try shard.write(folder), source: .rows(dictionary), masking: masking
      ).all().map(\.identity)
    }
    var first = Shard(Self.sample, lengths: [2, 2])
    let byCodes = try identities(first, everything)
    #expect(try identities(first, Masking(sinkNorm: 0.1)) == byCodes)
    first.tokens = [5, 6, 5, 6]
    let byTokens = try identities(first, everything)
    #expect(byTokens[0] == byTokens[1] && byTokens[0] != byCodes[0])
    // SHA-256 of the tag, then the ids as little-endian 64-bit integers, from Python's hashlib.
    #expect(byTokens[0].bits == 0x0CC3687EB745B948)
    first.tokens = nil
    first.lines = [#"{"document":1,"pieces":["a","bc"]}"#, #"{"document":4,"pieces":["ab","c"]}"#]
    let byPieces = try identities(first, everything)
    #expect(byPieces[0] != byPieces[1])
    var other = first
    other.rows = other.sample.rows(4, seed: 5)
    #expect(try identities(other, everything) == byPieces)
  }

  @Test func linesCutRowsWhereNoTensorDoes() throws {
    let folder = try TemporaryFolder()
    var shard = Shard(Self.sample, lengths: [2, 3, 4])
    shard.lines = [
      #"{"document":1,"pieces":["a","b"]}"#, #"{"document":2,"rows":3}"#, #"{"id":"rest"}"#,
    ]
    let path = try Recording(.npy, .f32, shard.rows).write(folder, "shard")
    try shard.writeLines(folder)
    let documents = try DocumentReader(
      path, source: .rows(try shard.sample.dictionary()), masking: everything
    ).all()
    #expect(documents.map(\.tokenCount) == [2, 3, 4])
    #expect(documents.map(\.id) == ["shard#1", "shard#2", "rest"])
  }
}
