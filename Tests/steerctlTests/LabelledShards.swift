import Detector
import Foundation
import Steering
import TestSupport

/// Labelled and ordinary documents of rows for `fit` and `evaluate` to work on.
///
/// Documents with `loud` have large values in column 1, those without in column 3, both with exceptions.
/// The numbers are small binary fractions, so that every kernel gives the same bits.
struct LabelledShards {
  let sandbox: Sandbox

  init() throws {
    sandbox = try Sandbox()
    try writePairs("pairs", count: 30, heldOut: 25, seed: 3)
    try writeOrdinary("null", count: 240, seed: 4)
    try writeOrdinary("ordinary", count: 200, seed: 5)
  }

  /// A shard of contrast pairs: the first `count` of split `selection`, the others `held-out`.
  func writePairs(_ name: String, count: Int, heldOut: Int, seed: UInt64) throws {
    var generator = SplitMix64(seed: seed)
    var shard = Shard()
    for pair in 0..<(count + heldOut) {
      for isPresent in [true, false] {
        var rows = shard.noise(3 + pair % 4, &generator)
        let isException = generator.next() % 5 == 0
        let column = isPresent != isException ? 1 : 3
        rows[1][column] += 2
        shard.add(
          rows,
          #""id":"pair-\#(pair)-\#(isPresent ? "with" : "without")","pair":"pair-\#(pair)","#
            + #""split":"\#(pair < count ? "selection" : "held-out")","#
            + #""labels":{"loud":\#(isPresent)}"#)
      }
    }
    try shard.write(to: sandbox.folder, name)
  }

  /// A shard of documents without labels.
  func writeOrdinary(_ name: String, count: Int, seed: UInt64) throws {
    var generator = SplitMix64(seed: seed)
    var shard = Shard()
    for number in 0..<count {
      var rows = shard.noise(3 + number % 4, &generator)
      rows[1][generator.next() % 2 == 0 ? 1 : 3] += Float(generator.next() % 17) / 8
      shard.add(rows, #""id":"\#(name)-\#(number)""#)
    }
    try shard.write(to: sandbox.folder, name)
  }

  func run(_ arguments: [String]) throws -> Tool.Result { try sandbox.run(arguments) }

  /// Fits `method` on the pairs, to `method`.json.
  @discardableResult
  func fit(_ method: String, _ more: [String] = []) throws -> Tool.Result {
    try run(
      ["fit", method, "pairs.safetensors", "--sae", "sae", "-o", "\(method).json"] + more)
  }

  func detector(_ name: String) throws -> FittedDetector {
    try FittedDetector(path: sandbox.folder.file("\(name).json"))
  }

  private struct Shard {
    var values: [Float] = []
    var documents: [Int32] = []
    var positions: [Int32] = []
    var lines = ""
    private var count: Int32 = 0

    /// Rows whose first is BOS, far larger than the others; columns 1 and 3 are silent.
    func noise(_ length: Int, _ generator: inout SplitMix64) -> [[Float]] {
      (0..<length).map { row in
        (0..<4).map { column -> Float in
          let value = Float(generator.next() % 9) / 16
          return row == 0 && column == 0 ? 64 : column % 2 == 0 ? value : -value
        }
      }
    }

    mutating func add(_ rows: [[Float]], _ members: String) {
      for (position, row) in rows.enumerated() {
        values += row
        documents.append(count)
        positions.append(Int32(position))
      }
      lines += "{\"document\":\(count),\(members)}\n"
      count += 1
    }

    func write(to folder: TemporaryFolder, _ name: String) throws {
      try writeSafetensors(
        folder.file(name + ".safetensors"),
        [
          TestTensor("activations", [documents.count, 4], values),
          TestTensor("documents", documents), TestTensor("positions", positions),
        ])
      try folder.write(lines, to: name + ".documents.jsonl")
    }
  }
}
