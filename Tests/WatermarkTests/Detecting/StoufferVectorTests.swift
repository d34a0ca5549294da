import Detector
import Formats
import Foundation
import Steering
import Testing
import Watermark

/// vectors/watermark/stouffer: the same definitions in NumPy.
@Suite struct StoufferVectorTests {
  private static func numbers(_ value: JSONValue?) throws -> [Double] {
    try #require(value?.asArray).map { try #require($0.asDouble) }
  }

  private static func vector() throws -> JSONValue {
    let root =
      ProcessInfo.processInfo.environment["STEERING_VECTORS"]
      ?? URL(fileURLWithPath: #filePath).appendingPathComponent("../../../../vectors")
      .standardized.path
    return try JSONValue.read(path: "\(root)/watermark/stouffer/stouffer.json")
  }

  /// Entry i is what feature i reads, whichever its sign.
  private static func bank(_ vector: JSONValue, count: Int) throws -> WatermarkBank {
    let rows = try #require(vector["nulls"]?.asArray).map { try numbers($0) }
    // Null scores are of bound banks; nobody looks at what this one is bound to.
    let digest = String(repeating: "0f", count: 32)
    return try WatermarkBank(
      detector: FittedDetector(
        name: "vector", kind: .bank,
        dictionary: FittedDetector.DictionaryReference(
          name: "none", fingerprint: digest, featureCount: count, modelWidth: 1, hook: nil),
        masking: Masking(),
        structures: (0..<count).map { feature in
          Structure(
            name: "\(feature)",
            readout: .linear(
              LinearReadout(terms: [
                .init(feature: feature), .init(feature: feature, reading: .negative, weight: -1),
              ])), pooling: .mean)
        }, selection: SplitRecord([])),
      entries: (0..<count).map { WatermarkBank.Entry(feature: $0, alpha: 1) }, defaultCount: 1,
      steering: digest,
      nulls: try NullScores(
        entryCount: count, blockLength: 16,
        identities: rows.indices.map { DocumentIdentity(bits: UInt64($0)) },
        lengths: try numbers(vector["lengths"]).map { Int($0) },
        scores: rows.flatMap { $0.map { Float($0) } }, blockCounts: rows.map { _ in 0 },
        blocks: []))
  }

  @Test func everyVectorIsMet() throws {
    let vector = try Self.vector()
    let texts = try #require(vector["texts"]?.asArray).map { try Self.numbers($0) }
    let lengths = try Self.numbers(vector["text_lengths"]).map { Int($0) }
    let count = try #require(texts.first).count
    let bank = try Self.bank(vector, count: count)
    let options = CalibrationOptions(
      minimumPerBucket: try #require(vector["minimum_per_bucket"]?.asInt),
      maximumBuckets: try #require(vector["maximum_buckets"]?.asInt))
    let search = try MarkSearch(bank, options: options)
    let cases = try #require(vector["cases"]?.asArray)
    #expect(cases.count == 5)
    for value in cases {
      let selection = try MarkSelection(
        entries: try Self.numbers(value["entries"]).map { Int($0) },
        signs: try Self.numbers(value["signs"]).map { Int($0) })
      let detector = try bank.detector(of: selection, options: options)
      let calibration = try #require(detector.calibration)
      #expect(
        calibration.buckets.map { [$0.lengths.lowerBound, $0.lengths.upperBound] }
          == (try #require(vector["buckets"]?.asArray).map {
            try Self.numbers($0).map { Int($0) }
          }))
      let nulls = calibration.buckets.flatMap { $0.nulls[0].sorted }.sorted()
      for (one, other) in zip(nulls, try Self.numbers(value["null"]).sorted()) {
        #expect(abs(one - other) < 1e-5)
      }
      let scorer = try detector.scorer()
      let statistics = try Self.numbers(value["statistic"])
      let p = try #require(value["p"]?.asArray)
      for (place, text) in texts.enumerated() {
        var document = DocumentCodes(
          id: "\(place)", identity: DocumentIdentity(bits: UInt64(1000 + place)),
          featureCount: count)
        for _ in 0..<lengths[place] {
          document.append(
            features: (0..<count).map { Int32($0) }, values: text.map { Float($0) }, use: .kept)
        }
        let finding = try #require(scorer.verdict(of: document).findings.first)
        let expected = statistics[place]
        #expect(abs(finding.score - expected) <= 1e-10 * max(1, abs(expected)))
        #expect(finding.p == p[place].asDouble)
        let verdict = try search.verdict(
          of: document,
          candidates: [MarkCandidate(key: "a", identifier: .constant, selection: selection)])
        #expect(abs(verdict.candidates[0].score - expected) <= 1e-10 * max(1, abs(expected)))
        #expect(verdict.candidates[0].p == p[place].asDouble)
      }
    }
  }
}
