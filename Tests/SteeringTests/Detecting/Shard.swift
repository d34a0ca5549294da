import Detector
import Foundation
import SAE
import Steering
import TestSupport

/// A shard of random rows in documents, beside what a reader must make of it.
struct Shard {
  var sample: Sample
  var lengths: [Int]
  var rows: [[Float]]
  /// Numbers of the documents, ascending.
  var numbers: [Int]
  var special: [Bool]?
  var positions: [Int]?
  var tokens: [Int]?
  var segments: [Int]?
  var lines: [String]?

  init(_ sample: Sample, lengths: [Int]) {
    self.sample = sample
    self.lengths = lengths
    rows = sample.rows(lengths.reduce(0, +))
    numbers = lengths.indices.map { 3 * $0 + 1 }
  }

  /// The document of each row, by place.
  var places: [Int] { lengths.enumerated().flatMap { Array(repeating: $0, count: $1) } }

  /// Rows of document `place`.
  func range(_ place: Int) -> Range<Int> {
    let start = lengths[..<place].reduce(0, +)
    return start..<(start + lengths[place])
  }

  /// Writes `shard.safetensors`, and `shard.documents.jsonl` where there are lines.
  func write(_ folder: TemporaryFolder, withDocuments: Bool = true) throws -> String {
    func column(_ name: String, _ values: [Int]) -> TestTensor {
      TestTensor(name, values.map { Int32(truncatingIfNeeded: $0) })
    }
    var tensors = [
      TestTensor("activations", [rows.count, sample.weights.width], rows.flatMap { $0 })
    ]
    if withDocuments { tensors.append(column("documents", places.map { numbers[$0] })) }
    if let special { tensors.append(column("special", special.map { $0 ? 1 : 0 })) }
    if let positions { tensors.append(column("positions", positions)) }
    if let tokens { tensors.append(column("tokens", tokens)) }
    if let segments { tensors.append(column("segments", segments)) }
    let path = folder.file("shard.safetensors")
    try writeSafetensors(path, tensors)
    try writeLines(folder)
    return path
  }

  func writeLines(_ folder: TemporaryFolder) throws {
    guard let lines else { return }
    try Data(lines.map { $0 + "\n" }.joined().utf8).write(
      to: URL(fileURLWithPath: folder.file("shard.documents.jsonl")))
  }
}

extension DocumentReader {
  /// All documents.
  func all() throws -> [DocumentCodes] {
    var documents: [DocumentCodes] = []
    while let document = try next() { documents.append(document) }
    return documents
  }
}
