import Detector
import Foundation
import SAE
import Steering
import TestSupport
import Testing
import Watermark

@Suite struct BankCalibrationTests {
  private static func dictionary(seed: UInt64 = 3) throws -> SparseDictionary {
    try SparseDictionary(
      RandomDictionary(featureCount: 24, width: 8, seed: seed).parts(.relu))
  }

  private static func bank(_ dictionary: SparseDictionary) throws -> WatermarkBank {
    let features = [1, 4, 9]
    return try WatermarkBank(
      detector: FittedDetector(
        name: "rows", kind: .bank,
        dictionary: try FittedDetector.DictionaryReference(of: dictionary, features: features),
        masking: Masking(),
        structures: features.map {
          Structure(
            name: "feature-\($0)", readout: .linear(LinearReadout(terms: [.init(feature: $0)])),
            pooling: .mean)
        }, selection: SplitRecord([])),
      entries: [2, 5, 10].map { WatermarkBank.Entry(feature: $0, alpha: 4) }, defaultCount: 2
    ).bound(to: dictionary)
  }

  /// A shard of 30 documents of 5 to 12 rows, one in five of another split.
  private static func shard(_ folder: TemporaryFolder, _ name: String, seed: UInt64) throws
    -> String
  {
    var generator = SplitMix64(seed: seed)
    let lengths = (0..<30).map { 5 + $0 % 8 }
    let count = lengths.reduce(0, +)
    let numbers = lengths.enumerated().flatMap { Array(repeating: Int32($0), count: $1) }
    let path = folder.file("\(name).safetensors")
    try writeSafetensors(
      path,
      [
        TestTensor("activations", [count, 8], generator.normals(count * 8)),
        TestTensor("documents", numbers),
      ])
    try folder.write(
      lengths.indices.map {
        "{\"document\": \($0), \"split\": \"\($0 % 5 == 0 ? "held-out" : "calibration")\"}\n"
      }.joined(), to: "\(name).documents.jsonl")
    return path
  }

  @Test func scoresAreThoseOfTheDocuments() throws {
    let folder = try TemporaryFolder()
    let shards = [
      try Self.shard(folder, "one", seed: 1), try Self.shard(folder, "two", seed: 2),
    ]
    let dictionary = try Self.dictionary()
    let bank = try Self.bank(dictionary)
    let run = try bank.calibrated(shards: shards, source: .rows(dictionary), blockLength: 4)
    #expect(run.documentCount == 48)
    #expect(run.otherSplitCount == 12)
    #expect(run.emptyCount == 0)
    #expect(run.bank == (try bank.with(nulls: run.bank.nulls)))
    let nulls = try #require(run.bank.nulls)
    #expect(nulls.documentCount == 48)
    #expect(nulls.blockLength == 4)
    #expect(nulls.lengths.reduce(0, +) == run.tokens.kept)
    #expect(nulls.blockCounts == nulls.lengths.map { $0 / 4 })
    let scorer = try bank.detector.scorer()
    var seen = 0
    for shard in shards {
      let reader = try DocumentReader(shard, source: .rows(dictionary), masking: Masking())
      while let document = try reader.next() {
        guard document.split == "calibration" else { continue }
        let row = try #require(nulls.identities.firstIndex(of: document.identity))
        let scores = try #require(scorer.score(document))
        #expect(Array(nulls.scores[row * 3..<row * 3 + 3]) == scores.map { Float($0) })
        #expect(nulls.lengths[row] == document.counts.kept)
        let first = nulls.blockCounts[..<row].reduce(0, +)
        let blocks = scorer.blockScores(of: document, length: 4)
        #expect(
          Array(nulls.blocks[first * 3..<(first + blocks.count) * 3])
            == blocks.flatMap { $0.map { Float($0) } })
        seen += 1
      }
    }
    #expect(seen == 48)
    // Neither order nor workers change anything.
    let other = try bank.calibrated(
      shards: shards.reversed(), source: .rows(dictionary), blockLength: 4, workers: 3)
    #expect(other.bank == run.bank)
  }

  @Test func foreignDictionariesAndRepeatedDocumentsAreRefused() throws {
    let folder = try TemporaryFolder()
    let shard = try Self.shard(folder, "one", seed: 1)
    let dictionary = try Self.dictionary()
    let bank = try Self.bank(dictionary)
    #expect(refusal { () throws(SteeringError) in try bank.check(dictionary) } == nil)
    let foreign = try Self.dictionary(seed: 4)
    #expect(
      refusal { () throws(SteeringError) in try bank.check(foreign) }?.message
        .contains("has fingerprint") == true)
    #expect(
      refusal { () throws(SteeringError) in
        try bank.calibrated(shards: [shard], source: .rows(foreign))
      }?.message.contains("has fingerprint") == true)
    #expect(
      refusal { () throws(SteeringError) in
        try bank.calibrated(shards: [shard, shard], source: .rows(dictionary))
      }?.message.contains("is twice in the calibration") == true)
    #expect(
      refusal { () throws(SteeringError) in
        try bank.calibrated(shards: [shard], source: .rows(dictionary), split: "none")
      }?.message == "0 null documents with kept tokens, expected at least 1")
  }

  /// Steering along other rows is noticed, though what is read is the same.
  @Test func otherSteeredRowsAreRefused() throws {
    let parts = RandomDictionary(featureCount: 24, width: 8, seed: 3)
    let dictionary = try Self.dictionary()
    let bank = try Self.bank(dictionary)
    func changed(_ feature: Int) throws -> SparseDictionary {
      var other = parts
      other.decoder[feature * 8 + 2] += 0.5
      return try SparseDictionary(other.parts(.relu))
    }
    let foreign = try changed(5)
    #expect(
      refusal { () throws(SteeringError) in try bank.check(foreign) }?.message
        .contains("has steered rows of digest") == true)
    let other = try Self.bank(foreign)
    #expect(bank.fingerprint != other.fingerprint)
    let folder = try TemporaryFolder()
    try bank.write(to: folder.file("bank"))
    #expect(try WatermarkBank(path: folder.file("bank")) == bank)
    let key = try testKey(bank: bank.fingerprint, count: 2)
    #expect(
      refusal { () throws(SteeringError) in
        try KeyedBank(dictionary: foreign, bank: bank, key: key)
      } != nil)
    // A row that is not steered does not count.
    let same = try changed(3)
    #expect(refusal { () throws(SteeringError) in try bank.check(same) } == nil)
  }
}
