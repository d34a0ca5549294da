import Detector
import Foundation
import Formats
import Reports
import Steering
import TestSupport

/// Shards of text for tests of runs: each line is a document, `id score [with|without]`; `!` is damage.
final class LineStream: DocumentStream {
  let rowCount: Int
  private(set) var rowsRead = 0
  private let path: String
  private let lines: [Substring]

  init(_ path: String) throws(SteeringError) {
    let bytes = try SteeringError.rendering { () throws(FormatError) in
      try ByteStream.readAll(path: path, limit: 1 << 20, what: "bytes")
    }
    self.path = path
    lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
    rowCount = lines.count
    if lines.first == "closed" { throw SteeringError(.malformedFile, "\(path): is closed") }
  }

  func next() throws(SteeringError) -> DocumentCodes? {
    guard rowsRead < lines.count else { return nil }
    let words = lines[rowsRead].split(separator: " ")
    guard words.count >= 2, let score = Float(words[1]) else {
      throw SteeringError(.malformedFile, "\(path): row \(rowsRead) is damaged")
    }
    rowsRead += 1
    var document = DocumentCodes(
      id: String(words[0]), identity: DocumentIdentity(bits: UInt64(rowsRead)), featureCount: 4)
    document.append(features: [Int32](), values: [Float](), use: .special)
    document.append(features: [1], values: [score], use: .kept)
    document.pieces = ["<bos>", "a,\"pieces\":[\u{202E}"]
    document.source = "lines"
    if words.count > 2 { document.labels = ["first": words[2] == "with"] }
    return document
  }
}

/// A folder of shards, a detector that reads them, and runs over them.
final class LineRuns {
  let folder: TemporaryFolder
  /// Documents that were judged.
  private(set) var judged = 0
  /// What documents without a name were to be called after, for each shard that was opened.
  private(set) var defaultNames: [String?] = []
  /// A shard that cannot be opened now.
  var awayShard: String?

  static let detector = FittedDetector(
    name: "lines", kind: .bank,
    dictionary: FittedDetector.DictionaryReference(
      name: "none", fingerprint: "", featureCount: 4, modelWidth: 2, hook: nil),
    masking: Masking(),
    structures: ["first", "=second"].map {
      Structure(
        name: $0, readout: .linear(LinearReadout(terms: [.init(feature: 1)])), pooling: .maximum)
    }, selection: SplitRecord([DocumentIdentity]()),
    calibration: Calibration(
      buckets: [], correlation: [1, 0, 0, 1], record: SplitRecord([DocumentIdentity]()),
      sequential: nil))

  init() throws { folder = try TemporaryFolder() }

  /// Writes shards of `count` documents each, with seeded scores from 0 to 1.
  func writeShards(_ shards: Int, of count: Int, seed: UInt64 = 1) throws -> [String] {
    var generator = SplitMix64(seed: seed)
    return try (0..<shards).map { shard in
      var text = ""
      for document in 0..<count {
        let score = Double(generator.next() >> 44) / Double(1 << 20)
        let label = ["", " with", " without"][Int(generator.next() % 3)]
        text += "s\(shard)d\(document) \(score)\(label)\n"
      }
      let name = "shard\(shard).txt"
      try folder.write(text, to: name)
      return folder.file(name)
    }
  }

  func run(
    _ shards: [String], to name: String, _ change: (inout DetectionRun.Options) -> Void = { _ in }
  ) throws(SteeringError) -> DetectionRun {
    var options = DetectionRun.Options()
    options.documentsPerPart = 4
    options.rate = 0.25
    change(&options)
    return try DetectionRun(
      shards: shards, detector: Self.detector, detectorDigest: "0", dictionaryDigest: nil,
      options: options, folder: folder.file(name),
      work: RunWork(
        open: { (path, name) throws(SteeringError) in
          self.defaultNames.append(name)
          if path == self.awayShard {
            throw SteeringError(.inputOutput, "\(path): the disk does not answer")
          }
          return try LineStream(path)
        },
        judge: { (document, localises) throws(SteeringError) in
          self.judge(document, localises, rate: options.rate)
        }))
  }

  /// p of the first structure is the score, that of the second a step function of it.
  private func judge(
    _ document: DocumentCodes, _ localises: Bool, rate: Double
  ) -> Verdict {
    if !localises { judged += 1 }
    let score = Double(document.values[0])
    let ps = [max(score, 1e-9), score < 0.5 ? 0.125 : 1]
    let names = Self.detector.structures.map(\.name)
    return Verdict(
      document: document.id, tokens: document.counts,
      findings: zip(names, ps).map { name, p in
        Verdict.Finding(
          structure: name, score: 1 - p, p: p, threshold: 1 - rate, isFlagged: p <= rate,
          contributions: localises ? [0, Float(score)] : nil, segments: [])
      }, combinedP: ps[0], rate: rate, limit: nil)
  }

  /// The bytes of the three results.
  func results(_ name: String) throws -> [[UInt8]] {
    try ["verdicts.jsonl", "documents.csv", "summary.json"].map {
      try folder.bytes("\(name)/\($0)")
    }
  }

  func names(_ name: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.file(name)).sorted()
  }

  func summary(_ name: String) throws -> JSONValue {
    try JSONValue.parse(try folder.bytes("\(name)/summary.json"))
  }
}
