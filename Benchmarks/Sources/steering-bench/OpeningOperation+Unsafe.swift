import CSteeringLibrary

/// From a folder to a steered row: open, compile, create, apply. Ending all of it is not timed.
final class OpeningOperation: Operation {
  private let path: String
  private let input: InputRows
  private let row: Block<Float>
  private let features: Int
  private var handles: (dictionary: OpaquePointer, session: OpaquePointer)?

  init(_ request: OperationRequest) throws {
    path = try request.need(\.dictionary, "dictionary")
    let dictionary = try Library.open(path)
    defer { steer_dictionary_close(dictionary) }
    let width = Int(try Library.inspect(dictionary).model_width)
    input = try InputRows(try request.need(\.rows, "rows"), width: width)
    row = Block(count: width, of: 0)
    features = request.features ?? 3
  }

  deinit { end() }

  func reset() {
    end()
    row.base.update(from: input.values.base, count: row.count)
  }

  func run() throws {
    let dictionary = try Library.open(path)
    let total = Int(try Library.inspect(dictionary).feature_count)
    let session = try Library.clampingSession(
      dictionary, features: Library.features(features, plan: 0, of: total))
    handles = (dictionary, session)
    try Library.check {
      steer_session_apply(session, row.base, Int32(STEER_F32), 1, row.count, nil, $0)
    }
  }

  /// The same in a process that has done nothing else: seconds, without starting the process.
  static func firstRow(_ path: String) throws -> Double {
    let clock = ContinuousClock()
    var session: OpaquePointer?
    let elapsed = try clock.measure {
      let dictionary = try Library.open(path)
      let info = try Library.inspect(dictionary)
      let made = try Library.clampingSession(
        dictionary, features: Library.features(3, plan: 0, of: Int(info.feature_count)))
      session = made
      let row = Block<Float>(count: Int(info.model_width), of: 0.5)
      try Library.check {
        steer_session_apply(made, row.base, Int32(STEER_F32), 1, row.count, nil, $0)
      }
    }
    steer_session_destroy(session)
    return elapsed / .seconds(1)
  }

  private func end() {
    guard let handles else { return }
    steer_session_destroy(handles.session)
    steer_dictionary_close(handles.dictionary)
    self.handles = nil
  }
}
