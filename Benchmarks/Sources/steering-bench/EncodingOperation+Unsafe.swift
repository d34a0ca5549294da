import CSteeringLibrary

/// `steer_encoder_encode`: all active features of a batch of rows.
final class EncodingOperation: Operation {
  private let dictionary: OpenDictionary
  private let encoder: OpaquePointer
  private let threads: Int
  private let features: Int
  private let rows: InputRows
  private let batch: Int
  private let offsets: Block<UInt64>
  private let indices: Block<UInt32>
  private let values: Block<Float>
  private var turn = 0

  init(_ request: OperationRequest, _ dictionaries: OpenDictionaries) throws {
    batch = request.batch ?? 1
    dictionary = try dictionaries.open(request)
    let info = try Library.inspect(dictionary.handle)
    rows = try InputRows(try request.need(\.rows, "rows"), width: Int(info.model_width))
    features = Int(info.feature_count)
    (encoder, threads) = try Library.encoder(
      dictionary.handle, threads: request.threads ?? 1, accelerate: request.accelerate ?? false)
    let capacity = batch * Int(info.k == 0 ? info.feature_count : info.k)
    offsets = Block(count: batch + 1, of: 0)
    indices = Block(count: capacity, of: 0)
    values = Block(count: capacity, of: 0)
  }

  deinit { steer_encoder_destroy(encoder) }

  var info: [String: Double] {
    let entries = Int(offsets.base[batch])
    var sum = 0.0
    for entry in 0..<entries { sum += Double(values.base[entry]) }
    var info = [
      "l0": Double(entries) / Double(batch), "sum": sum / Double(batch),
      "threads": Double(threads),
    ]
    info["rescored"] = try? Library.rescoredFraction(encoder, of: features)
    return info
  }

  func reset() { turn += 1 }

  func run() throws {
    try encode(try rows.batch(batch, turn: turn - 1), count: batch)
  }

  /// Encodes one row, so that weights are in memory before a batch is looked at.
  func runOneRow() throws { try encode(rows.values.base, count: 1) }

  private func encode(_ input: UnsafeMutablePointer<Float>, count: Int) throws {
    try Library.check {
      steer_encoder_encode(
        encoder, input, Int32(STEER_F32), count, rows.width, offsets.base, indices.base,
        values.base, values.count, nil, nil, $0)
    }
  }
}
