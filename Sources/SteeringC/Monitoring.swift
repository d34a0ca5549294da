// What each function promises stands in steering.h.
// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation

public import CSteering
import Detector
import Steering

@c @implementation
public func steer_monitor_create(
  _ detector: OpaquePointer?, _ out: UnsafeMutablePointer<OpaquePointer?>?,
  _ error: UnsafeMutablePointer<steer_error_t>?
) -> steer_status_t {
  answer(error) { () throws(Refusal) in
    let streams = try Handle.object(detector, StreamDetector.self, "detector")
    guard let out else { throw .null("out") }
    out.pointee = Handle.make(FeatureMonitor(streams))
  }
}

@c @implementation
public func steer_monitor_destroy(_ monitor: OpaquePointer?) {
  Handle.end(monitor, FeatureMonitor.self)
}

@c @implementation
public func steer_monitor_fork(
  _ monitor: OpaquePointer?, _ out: UnsafeMutablePointer<OpaquePointer?>?,
  _ error: UnsafeMutablePointer<steer_error_t>?
) -> steer_status_t {
  answer(error) { () throws(Refusal) in
    let monitor = try Handle.object(monitor, FeatureMonitor.self, "monitor")
    guard let out else { throw .null("out") }
    out.pointee = Handle.make(monitor.fork())
  }
}

@c @implementation
public func steer_monitor_assign(
  _ from: OpaquePointer?, _ to: OpaquePointer?, _ error: UnsafeMutablePointer<steer_error_t>?
) -> steer_status_t {
  answer(error) { () throws(Refusal) in
    let source = try Handle.object(from, FeatureMonitor.self, "from")
    let target = try Handle.object(to, FeatureMonitor.self, "to")
    guard source.streams === target.streams else {
      throw Refusal(
        .invalidArgument,
        "from and to have different detectors, expected monitors of one detector")
    }
    target.assign(from: source)
  }
}

@c @implementation
public func steer_monitor_reset(
  _ monitor: OpaquePointer?, _ error: UnsafeMutablePointer<steer_error_t>?
) -> steer_status_t {
  answer(error) { () throws(Refusal) in
    try Handle.object(monitor, FeatureMonitor.self, "monitor").reset()
  }
}

@c @implementation
public func steer_monitor_observe(
  _ monitor: OpaquePointer?, _ rows: UnsafeRawPointer?, _ type: steer_type_t, _ count: Int,
  _ stride: Int, _ special: UnsafePointer<UInt8>?, _ error: UnsafeMutablePointer<steer_error_t>?
) -> steer_status_t {
  answer(error) { () throws(Refusal) in
    let monitor = try Handle.unmanaged(monitor, FeatureMonitor.self, "monitor")
    let width = monitor._withUnsafeGuaranteedRef { $0.width }
    let rows = try Rows(rows, type, count: count, stride: stride, width: width)
    guard let batch = rows.batch else { return }
    try observe(batch, special) { _ in monitor }
  }
}

@c @implementation
public func steer_monitor_observe_batch(
  _ monitors: UnsafePointer<OpaquePointer?>?, _ rows: UnsafeRawPointer?, _ type: steer_type_t,
  _ count: Int, _ stride: Int, _ special: UnsafePointer<UInt8>?,
  _ error: UnsafeMutablePointer<steer_error_t>?
) -> steer_status_t {
  answer(error) { () throws(Refusal) in
    // Before monitors are looked at: an impossible count must not lead beyond their array.
    _ = try Rows(rows, type, count: count, stride: stride, width: 0)
    guard count > 0 else { return }
    guard let monitors else { throw .null("monitors") }
    _ = try Region(
      monitors, count: count, size: MemoryLayout<OpaquePointer?>.stride, alignment: 8, "monitors")
    let rows = try Rows(
      rows, type, count: count, stride: stride,
      width: try commonWidth(monitors, count: count) ?? 0)
    guard let batch = rows.batch else { return }
    try observe(batch, special) { row in
      monitors[row].map { Unmanaged<FeatureMonitor>.fromOpaque(UnsafeRawPointer($0)) }
    }
  }
}

@c @implementation
public func steer_monitor_verdict(
  _ monitor: OpaquePointer?, _ structure: Int, _ rate: Double,
  _ verdict: UnsafeMutablePointer<steer_verdict_t>?, _ error: UnsafeMutablePointer<steer_error_t>?
) -> steer_status_t {
  answer(error) { () throws(Refusal) in
    let monitor = try Handle.object(monitor, FeatureMonitor.self, "monitor")
    try check(structure: structure, of: monitor.streams)
    guard rate >= 0, rate < 1 else {
      throw Refusal(
        .invalidArgument, "rate is \(rate), expected above 0 and below 1, or 0 for the usual one")
    }
    let finding = monitor.finding(
      ofStructure: structure, rate: rate > 0 ? rate : Verdict.defaultRate)
    var value = steer_verdict_t()
    var flags = 0
    if finding.score != nil { flags |= STEER_VERDICT_HAS_SCORE }
    if finding.p != nil { flags |= STEER_VERDICT_HAS_P }
    if finding.threshold != nil { flags |= STEER_VERDICT_HAS_THRESHOLD }
    if finding.isFlagged { flags |= STEER_VERDICT_FLAGGED }
    if finding.limit == .beyondCalibration { flags |= STEER_VERDICT_BEYOND_CALIBRATION }
    value.flags = UInt32(flags)
    value.score = finding.score ?? 0
    value.p = finding.p ?? 0
    value.log_wealth = finding.logWealth
    value.anytime_p = finding.anytimeP
    value.threshold = finding.threshold ?? 0
    value.n_blocks = UInt64(finding.blockCount)
    value.crossed_at = UInt64(finding.crossedAtToken ?? 0)
    let tokens = monitor.tokens
    value.tokens_kept = UInt64(tokens.kept)
    value.tokens_special = UInt64(tokens.special)
    value.tokens_sink = UInt64(tokens.sink)
    value.tokens_undefined = UInt64(tokens.undefined)
    try Struct.write(value, to: verdict, "verdict")
  }
}

@c @implementation
public func steer_session_set_monitor(
  _ session: OpaquePointer?, _ monitor: OpaquePointer?,
  _ error: UnsafeMutablePointer<steer_error_t>?
) -> steer_status_t {
  answer(error) { () throws(Refusal) in
    let session = try Handle.object(session, Session.self, "session")
    let watching =
      try monitor == nil ? nil : Handle.object(monitor, FeatureMonitor.self, "monitor")
    try refusing { () throws(SteeringError) in try session.watch(with: watching) }
  }
}

@inline(__always)
private func observe(
  _ batch: RowBatch, _ special: UnsafePointer<UInt8>?,
  _ monitor: (Int) -> Unmanaged<FeatureMonitor>?
) throws(Refusal) {
  _ = try special.map { pointer throws(Refusal) in
    try Region(pointer, count: batch.count, size: 1, alignment: 1, "special")
  }
  do throws(RowBatch.Failure) {
    try batch.observe(monitor: monitor, isSpecial: { row in special.map { $0[row] != 0 } })
  } catch {
    throw Refusal(error.error, row: error.row)
  }
}

/// The width of the rows that all monitors of a batch read; nil where no row has a monitor.
private func commonWidth(
  _ monitors: UnsafePointer<OpaquePointer?>, count: Int
) throws(Refusal) -> Int? {
  var common: Int?
  for row in 0..<count {
    guard let handle = monitors[row] else { continue }
    let monitor = Unmanaged<FeatureMonitor>.fromOpaque(UnsafeRawPointer(handle))
    let width = monitor._withUnsafeGuaranteedRef { $0.width }
    if let common, common != width {
      throw Refusal(
        .shapeMismatch,
        "row \(row) has a monitor for width \(width), expected \(common) as the rows before it",
        row: row)
    }
    common = width
  }
  return common
}
