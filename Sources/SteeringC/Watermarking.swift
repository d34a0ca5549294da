// What each function promises stands in steering.h.
// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation

public import CSteering
import Detector
import SAE
import Steering
import Watermark

@c @implementation
public func steer_watermark_open(
  _ dictionary: OpaquePointer?, _ bankFolder: UnsafePointer<CChar>?,
  _ keyFile: UnsafePointer<CChar>?, _ out: UnsafeMutablePointer<OpaquePointer?>?,
  _ error: UnsafeMutablePointer<steer_error_t>?
) -> steer_status_t {
  answer(error) { () throws(Refusal) in
    let dictionary = try Handle.object(dictionary, SparseDictionary.self, "dictionary")
    let bankPath = try Text.read(bankFolder, "bank_folder")
    let keyPath = try Text.read(keyFile, "key_file")
    guard let out else { throw .null("out") }
    out.pointee = Handle.make(
      try refusing { () throws(SteeringError) in
        try KeyedBank(dictionary: dictionary, bankPath: bankPath, keyPath: keyPath)
      })
  }
}

@c @implementation
public func steer_watermark_destroy(_ watermark: OpaquePointer?) {
  Handle.end(watermark, KeyedBank.self)
}

@c @implementation
public func steer_watermark_inspect(
  _ watermark: OpaquePointer?, _ info: UnsafeMutablePointer<steer_watermark_info_t>?,
  _ error: UnsafeMutablePointer<steer_error_t>?
) -> steer_status_t {
  answer(error) { () throws(Refusal) in
    let keyed = try Handle.object(watermark, KeyedBank.self, "watermark")
    var value = steer_watermark_info_t()
    var flags = 0
    if let retired = keyed.key.retired {
      flags |= STEER_WATERMARK_RETIRED
      value.retired = Int64(retired)
    }
    if keyed.bank.canDetect { flags |= STEER_WATERMARK_CALIBRATED }
    if keyed.bank.canDetectStreams { flags |= STEER_WATERMARK_CALIBRATED_STREAMS }
    if let replay = keyed.bank.replay {
      flags |= STEER_WATERMARK_CALIBRATED_REPLAY
      value.replay_strength = replay.strength
    }
    value.flags = UInt32(flags)
    value.n_entries = UInt64(keyed.bank.entries.count)
    value.count = UInt64(keyed.key.count)
    value.scheme = keyed.key.documents.code
    if case .window(let seconds) = keyed.key.documents { value.window_seconds = Int32(seconds) }
    value.created = Int64(keyed.key.created)
    try Struct.write(value, to: info, "info")
  }
}

@c @implementation
public func steer_watermark_key_id(
  _ watermark: OpaquePointer?, _ buffer: UnsafeMutablePointer<CChar>?, _ capacity: Int,
  _ required: UnsafeMutablePointer<Int>?, _ error: UnsafeMutablePointer<steer_error_t>?
) -> steer_status_t {
  answer(error) { () throws(Refusal) in
    let keyed = try Handle.object(watermark, KeyedBank.self, "watermark")
    try Text.write(keyed.key.id, to: buffer, capacity: capacity, required: required)
  }
}

@c @implementation
public func steer_watermark_plan(
  _ watermark: OpaquePointer?, _ document: UnsafePointer<steer_document_t>?, _ strength: Double,
  _ out: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<steer_error_t>?
) -> steer_status_t {
  make(watermark, document, strength, out, error) {
    keyed, identifier, strength throws(SteeringError) in
    try keyed.plan(of: identifier, strength: strength)
  }
}

@c @implementation
public func steer_watermark_replay_plan(
  _ watermark: OpaquePointer?, _ document: UnsafePointer<steer_document_t>?, _ strength: Double,
  _ out: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<steer_error_t>?
) -> steer_status_t {
  make(watermark, document, strength, out, error) {
    keyed, identifier, strength throws(SteeringError) in
    try keyed.replayPlan(of: identifier, strength: strength)
  }
}

@c @implementation
public func steer_watermark_detector(
  _ watermark: OpaquePointer?, _ document: UnsafePointer<steer_document_t>?,
  _ out: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<steer_error_t>?
) -> steer_status_t {
  answer(error) { () throws(Refusal) in
    let keyed = try Handle.object(watermark, KeyedBank.self, "watermark")
    let identifier = try DocumentInput.identifier(document, of: keyed.key)
    guard let out else { throw .null("out") }
    out.pointee = Handle.make(
      try refusing { () throws(SteeringError) in try keyed.detector(of: identifier) })
  }
}

@c @implementation
public func steer_watermark_replay_verdict(
  _ watermark: OpaquePointer?, _ replay: UnsafePointer<steer_replay_t>?, _ rate: Double,
  _ verdict: UnsafeMutablePointer<steer_verdict_t>?, _ error: UnsafeMutablePointer<steer_error_t>?
) -> steer_status_t {
  answer(error) { () throws(Refusal) in
    let keyed = try Handle.object(watermark, KeyedBank.self, "watermark")
    let reading = try reading(replay)
    guard rate >= 0, rate < 1 else {
      throw Refusal(
        .invalidArgument, "rate is \(rate), expected above 0 and below 1, or 0 for the usual one")
    }
    let found = try refusing { () throws(SteeringError) in
      try keyed.verdict(of: reading, rate: rate > 0 ? rate : Verdict.defaultRate)
    }
    var value = steer_verdict_t()
    var flags = 0
    if reading.tokens > 0 {
      flags |= STEER_VERDICT_HAS_SCORE
      value.score = found.z
    }
    if let p = found.p {
      flags |= STEER_VERDICT_HAS_P
      value.p = p
    }
    if found.isFlagged { flags |= STEER_VERDICT_FLAGGED }
    if found.limit == .tooLong { flags |= STEER_VERDICT_BEYOND_CALIBRATION }
    value.flags = UInt32(flags)
    value.log_wealth = reading.logRatio
    value.anytime_p = found.anytimeP
    value.tokens_kept = UInt64(reading.tokens)
    try Struct.write(value, to: verdict, "verdict")
  }
}

/// Hands out the plan that `plan` makes of the caller's document and strength.
private func make(
  _ watermark: OpaquePointer?, _ document: UnsafePointer<steer_document_t>?, _ strength: Double,
  _ out: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<steer_error_t>?,
  _ plan: (KeyedBank, DocumentIdentifier, Double) throws(SteeringError) -> Plan
) -> steer_status_t {
  answer(error) { () throws(Refusal) in
    let keyed = try Handle.object(watermark, KeyedBank.self, "watermark")
    let identifier = try DocumentInput.identifier(document, of: keyed.key)
    let strength = try usable(strength)
    guard let out else { throw .null("out") }
    out.pointee = Handle.make(
      try refusing { () throws(SteeringError) in try plan(keyed, identifier, strength) })
  }
}

/// The caller's strength, 0 for its default.
private func usable(_ strength: Double, _ name: String = "strength") throws(Refusal) -> Double {
  guard strength >= 0, strength.isFinite else {
    throw Refusal(
      .invalidArgument,
      "\(name) is \(strength), expected a finite number above 0, or 0 for the bank's own amounts")
  }
  return strength > 0 ? strength : 1
}

/// The caller's reading, all of it in range.
private func reading(_ replay: UnsafePointer<steer_replay_t>?) throws(Refusal) -> ReplayReading {
  guard let replay else { throw .null("replay") }
  var value = steer_replay_t()
  try Struct.read(replay, into: &value, "replay")
  guard value.reserved == 0 else {
    throw Refusal(.invalidArgument, "replay.reserved is \(value.reserved), expected 0")
  }
  guard let tokens = Int(exactly: value.n_tokens) else {
    throw Refusal(
      .invalidArgument, "replay.n_tokens is \(value.n_tokens), expected a text's length")
  }
  for (name, number) in [
    ("innovation", value.innovation), ("variance", value.variance), ("log_ratio", value.log_ratio),
    ("strength", value.strength),
  ] where !number.isFinite {
    throw Refusal(.nonFinite, "replay.\(name) is \(number), expected a finite number")
  }
  guard value.variance >= 0 else {
    throw Refusal(.invalidArgument, "replay.variance is \(value.variance), expected 0 or more")
  }
  return ReplayReading(
    tokens: tokens, innovation: value.innovation, variance: value.variance,
    logRatio: value.log_ratio, strength: try usable(value.strength, "replay.strength"))
}
