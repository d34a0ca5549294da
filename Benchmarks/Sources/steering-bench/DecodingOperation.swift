import SAE
import Steering

/// `SparseDictionary.decode`: rows from codes that were made before, another batch of them each time, so
/// that decoder rows are not those of the last call.
final class DecodingOperation: Operation {
  /// 64 features of 2,304 elements in each of so many rows are 38 MB of bf16, more than a cache holds.
  private static let mostBatches = 128

  private let dictionary: SparseDictionary
  private let batches: [(rows: [Float], codes: SparseCodes)]
  private var turn = 0
  private var sum = 0.0

  init(_ request: OperationRequest) throws {
    let batch = request.batch ?? 1
    let dictionary = try SparseDictionary.open(try request.need(\.dictionary, "dictionary"))
    let input = try InputRows(try request.need(\.rows, "rows"), width: dictionary.modelWidth)
    batches = try (0..<min(Self.mostBatches, input.count / batch)).map { turn in
      let rows = try input.array(batch, turn: turn)
      return (rows, try dictionary.encode(rows))
    }
    guard !batches.isEmpty else { throw BenchError("\(input.count) rows, expected \(batch)") }
    self.dictionary = dictionary
  }

  /// Of the first batch, as peers tell theirs.
  var info: [String: Double] {
    let codes = batches[0].codes
    return ["l0": Double(codes.values.count) / Double(codes.rowCount), "threads": 1]
  }

  func reset() { turn += 1 }

  func run() throws {
    // As EncodingOperation: the first run has the first batch.
    let (rows, codes) = batches[(turn - 1) % batches.count]
    let decoded = try dictionary.decode(codes, of: rows)
    sum += Double(decoded[0])
  }
}
