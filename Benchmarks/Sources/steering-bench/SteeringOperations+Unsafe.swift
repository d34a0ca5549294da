import CSteeringLibrary

/// `steer_session_apply`: some features clamped in place.
final class ApplyingOperation: Operation {
  private let dictionary: OpenDictionary
  private let sessions: [OpaquePointer]
  private let width: Int
  private let batch: Int
  private let input: InputRows
  private let rows: Block<Float>
  private var turn = 0
  let callsPerRun: Int

  init(_ request: OperationRequest, _ dictionaries: OpenDictionaries) throws {
    dictionary = try dictionaries.open(request)
    let handle = dictionary.handle
    let info = try Library.inspect(handle)
    width = Int(info.model_width)
    batch = request.batch ?? 1
    input = try InputRows(try request.need(\.rows, "rows"), width: width)
    let count = try request.need(\.features, "features")
    sessions = try (0..<(request.plans ?? 1)).map { plan in
      try Library.clampingSession(
        handle, features: Library.features(count, plan: plan, of: Int(info.feature_count)))
    }
    // A call takes less than a microsecond: several for each look at the clock.
    callsPerRun = batch == 1 && info.k == 0 ? 16 : 1
    rows = Block(count: callsPerRun * batch * width, of: 0)
  }

  deinit {
    for session in sessions { steer_session_destroy(session) }
  }

  func reset() {
    turn += 1
    let places = max(1, input.count - callsPerRun * batch)
    rows.base.update(
      from: input.values.base + turn * callsPerRun * batch % places * width,
      count: min(rows.count, input.values.count))
  }

  func run() throws {
    for call in 0..<callsPerRun {
      // A stride prime to the count visits all plans in an order that no prefetcher follows.
      let session = sessions[(turn * callsPerRun + call) * 617 % sessions.count]
      let status = steer_session_apply(
        session, rows.base + call * batch * width, Int32(STEER_F32), batch, width, nil, nil)
      guard status == Int32(STEER_OK) else { throw BenchError("apply: status \(status)") }
    }
  }
}

/// `steer_reader_read`: the activations of some features.
final class ReadingOperation: Operation {
  private let dictionary: OpenDictionary
  private let reader: OpaquePointer
  private let rows: InputRows
  private let batch: Int
  private let activations: Block<Float>
  private let features: Int
  private var turn = 0
  let callsPerRun: Int

  init(_ request: OperationRequest, _ dictionaries: OpenDictionaries) throws {
    dictionary = try dictionaries.open(request)
    let handle = dictionary.handle
    let info = try Library.inspect(handle)
    rows = try InputRows(try request.need(\.rows, "rows"), width: Int(info.model_width))
    batch = request.batch ?? 1
    features = try request.need(\.features, "features")
    let wanted = Library.features(features, plan: 0, of: Int(info.feature_count))
    var out: OpaquePointer?
    try Library.check { steer_reader_create(handle, wanted, wanted.count, &out, $0) }
    reader = try Library.some(out)
    activations = Block(count: batch * features, of: 0)
    callsPerRun = batch == 1 && info.k == 0 ? 16 : 1
  }

  deinit {
    steer_reader_destroy(reader)
  }

  func reset() { turn += 1 }

  func run() throws {
    for call in 0..<callsPerRun {
      let input = try rows.batch(batch, turn: turn * callsPerRun + call)
      let status = steer_reader_read(
        reader, input, Int32(STEER_F32), batch, rows.width, activations.base, features, nil)
      guard status == Int32(STEER_OK) else { throw BenchError("read: status \(status)") }
    }
  }
}
