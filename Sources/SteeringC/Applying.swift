// What each function promises stands in steering.h.
// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation

public import CSteering
import Steering

@c @implementation
public func steer_session_apply(
  _ session: OpaquePointer?, _ rows: UnsafeMutableRawPointer?, _ type: steer_type_t,
  _ count: Int, _ stride: Int, _ outcomes: UnsafeMutablePointer<steer_outcome_t>?,
  _ error: UnsafeMutablePointer<steer_error_t>?
) -> steer_status_t {
  answer(error) { () throws(Refusal) in
    let session = try Handle.unmanaged(session, Session.self, "session")
    let width = session._withUnsafeGuaranteedRef { $0.width }
    let rows = try Rows(rows, type, count: count, stride: stride, width: width)
    let outcomes = try Outcomes(outcomes, count: count)
    guard let batch = rows.batch else { return }
    try Region.checkDisjoint(outcomes.region, rows.region)
    try apply(batch, outcomes, session: { _ in session }, position: { _ in nil })
  }
}

@c @implementation
public func steer_batch_apply(
  _ sessions: UnsafePointer<OpaquePointer?>?, _ positions: UnsafePointer<UInt64>?,
  _ rows: UnsafeMutableRawPointer?, _ type: steer_type_t, _ count: Int, _ stride: Int,
  _ outcomes: UnsafeMutablePointer<steer_outcome_t>?, _ error: UnsafeMutablePointer<steer_error_t>?
) -> steer_status_t {
  answer(error) { () throws(Refusal) in
    // Before sessions are looked at: an impossible count must not lead beyond their array.
    _ = try Rows(rows, type, count: count, stride: stride, width: 0)
    guard count > 0 else { return }
    guard let sessions else { throw .null("sessions") }
    let handles = try Region(
      sessions, count: count, size: MemoryLayout<OpaquePointer?>.stride, alignment: 8, "sessions")
    let places =
      positions == nil
      ? nil : try Region(positions, count: count, size: 8, alignment: 8, "positions")
    let width = try commonWidth(sessions, count: count)
    let rows = try Rows(rows, type, count: count, stride: stride, width: width ?? 0)
    let outcomes = try Outcomes(outcomes, count: count)
    try Region.checkDisjoint(outcomes.region, rows.region)
    try Region.checkDisjoint(outcomes.region, handles)
    try Region.checkDisjoint(outcomes.region, places)
    try Region.checkDisjoint(rows.region, handles)
    try Region.checkDisjoint(rows.region, places)
    if let positions {
      for row in 0..<count where sessions[row] != nil {
        _ = try checkedPosition(positions[row], row: row)
      }
    }
    guard let batch = rows.batch else { return }
    try apply(
      batch, outcomes,
      session: { row in
        sessions[row].map { Unmanaged<Session>.fromOpaque(UnsafeRawPointer($0)) }
      },
      position: { row in positions.map { Int($0[row]) } })
  }
}

@c @implementation
public func steer_session_covers(
  _ session: OpaquePointer?, _ position: UInt64, _ covers: UnsafeMutablePointer<Int32>?,
  _ error: UnsafeMutablePointer<steer_error_t>?
) -> steer_status_t {
  answer(error) { () throws(Refusal) in
    let session = try Handle.unmanaged(session, Session.self, "session")
    guard let covers else { throw .null("covers") }
    let position = try checkedPosition(position, row: -1)
    covers.pointee = session._withUnsafeGuaranteedRef { $0.covers(position) } ? 1 : 0
  }
}

/// The width of all plans of a batch; nil where no row has a session.
private func commonWidth(
  _ sessions: UnsafePointer<OpaquePointer?>, count: Int
) throws(Refusal) -> Int? {
  var common: Int?
  for row in 0..<count {
    guard let handle = sessions[row] else { continue }
    let session = Unmanaged<Session>.fromOpaque(UnsafeRawPointer(handle))
    let width = session._withUnsafeGuaranteedRef { $0.width }
    if let common, common != width {
      throw Refusal(
        .shapeMismatch,
        "row \(row) has a plan for width \(width), expected \(common) as the rows before it",
        row: row)
    }
    common = width
  }
  return common
}

@inline(__always)
private func apply(
  _ batch: RowBatch, _ outcomes: Outcomes, session: (Int) -> Unmanaged<Session>?,
  position: (Int) -> Int?
) throws(Refusal) {
  do throws(RowBatch.Failure) {
    try batch.apply(
      session: session, position: position, report: { row, outcome in outcomes.set(row, outcome) })
  } catch {
    throw Refusal(error.error, row: error.row)
  }
}
