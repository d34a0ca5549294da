import SAE
import Steering

/// `SparseDictionary.decode`: rows from codes that were made before.
final class DecodingOperation: Operation {
  private let dictionary: SparseDictionary
  private let rows: [Float]
  private let codes: SparseCodes
  private var sum = 0.0

  init(_ request: OperationRequest) throws {
    let batch = request.batch ?? 1
    dictionary = try SparseDictionary.open(try request.need(\.dictionary, "dictionary"))
    let input = try InputRows(try request.need(\.rows, "rows"), width: dictionary.modelWidth)
    rows = try input.array(batch)
    codes = try dictionary.encode(rows)
  }

  var info: [String: Double] {
    ["l0": Double(codes.values.count) / Double(codes.rowCount), "threads": 1]
  }

  func run() throws {
    let decoded = try dictionary.decode(codes, of: rows)
    sum += Double(decoded[0])
  }
}
