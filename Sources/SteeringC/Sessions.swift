// What each function promises stands in steering.h.
// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation

public import CSteering
import Steering

@c @implementation
public func steer_session_create(
  _ plan: OpaquePointer?, _ promptLength: UInt64, _ out: UnsafeMutablePointer<OpaquePointer?>?,
  _ error: UnsafeMutablePointer<steer_error_t>?
) -> steer_status_t {
  answer(error) { () throws(Refusal) in
    let plan = try Handle.object(plan, Plan.self, "plan")
    guard let out else { throw .null("out") }
    let length = try checked(promptLength, plan)
    out.pointee = Handle.make(Session(plan, promptLength: length))
  }
}

@c @implementation
public func steer_session_destroy(_ session: OpaquePointer?) {
  Handle.end(session, Session.self)
}

@c @implementation
public func steer_session_fork(
  _ session: OpaquePointer?, _ out: UnsafeMutablePointer<OpaquePointer?>?,
  _ error: UnsafeMutablePointer<steer_error_t>?
) -> steer_status_t {
  answer(error) { () throws(Refusal) in
    let session = try Handle.object(session, Session.self, "session")
    guard let out else { throw .null("out") }
    out.pointee = Handle.make(session.fork())
  }
}

@c @implementation
public func steer_session_assign(
  _ from: OpaquePointer?, _ to: OpaquePointer?, _ error: UnsafeMutablePointer<steer_error_t>?
) -> steer_status_t {
  answer(error) { () throws(Refusal) in
    let source = try Handle.object(from, Session.self, "from")
    let target = try Handle.object(to, Session.self, "to")
    guard source.plan === target.plan else {
      throw Refusal(
        .invalidArgument, "from and to have different plans, expected sessions of one plan")
    }
    target.assign(source)
  }
}

@c @implementation
public func steer_session_reset(
  _ session: OpaquePointer?, _ promptLength: UInt64, _ error: UnsafeMutablePointer<steer_error_t>?
) -> steer_status_t {
  answer(error) { () throws(Refusal) in
    let session = try Handle.object(session, Session.self, "session")
    session.reset(promptLength: try checked(promptLength, session.plan))
  }
}

@c @implementation
public func steer_session_seek(
  _ session: OpaquePointer?, _ position: UInt64, _ error: UnsafeMutablePointer<steer_error_t>?
) -> steer_status_t {
  answer(error) { () throws(Refusal) in
    let session = try Handle.unmanaged(session, Session.self, "session")
    let position = try checkedPosition(position, row: -1)
    session._withUnsafeGuaranteedRef { $0.seek(to: position) }
  }
}

@c @implementation
public func steer_session_inspect(
  _ session: OpaquePointer?, _ info: UnsafeMutablePointer<steer_session_info_t>?,
  _ error: UnsafeMutablePointer<steer_error_t>?
) -> steer_status_t {
  answer(error) { () throws(Refusal) in
    let session = try Handle.object(session, Session.self, "session")
    var value = steer_session_info_t()
    value.position = UInt64(session.position)
    value.prompt_length = session.promptLength == .max ? .max : UInt64(session.promptLength)
    value.rows = UInt64(session.counts.rows)
    value.rows_in_scope = UInt64(session.counts.rowsInScope)
    value.rows_edited = UInt64(session.counts.rowsEdited)
    value.rows_undefined = UInt64(session.counts.rowsUndefined)
    try Struct.write(value, to: info, "info")
  }
}

/// The prompt's length for sessions of `plan`, which may need to know it.
private func checked(_ promptLength: UInt64, _ plan: Plan) throws(Refusal) -> Int {
  guard promptLength != .max else {
    guard !plan.document.needsPromptLength else {
      throw Refusal(
        .invalidArgument,
        "prompt_length is STEER_PROMPT_LENGTH_UNKNOWN, expected the prompt's length: the plan has a"
          + " phase")
    }
    return .max
  }
  guard let length = Int(exactly: promptLength), length < .max else {
    throw Refusal(
      .invalidArgument,
      "prompt_length is \(promptLength), expected at most \(Int.max - 1), or"
        + " STEER_PROMPT_LENGTH_UNKNOWN")
  }
  return length
}

/// A position that leaves room for the next one.
func checkedPosition(_ position: UInt64, row: Int) throws(Refusal) -> Int {
  guard let value = Int(exactly: position), value < .max else {
    throw Refusal(
      .invalidArgument, "position is \(position), expected at most \(Int.max - 1)", row: row)
  }
  return value
}
