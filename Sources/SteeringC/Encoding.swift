// What each function promises stands in steering.h.
// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation

public import CSteering
import SAE
import Steering

@c @implementation
public func steer_encoder_create(
  _ dictionary: OpaquePointer?, _ out: UnsafeMutablePointer<OpaquePointer?>?,
  _ error: UnsafeMutablePointer<steer_error_t>?
) -> steer_status_t {
  answer(error) { () throws(Refusal) in try makeEncoder(of: dictionary, EncodeOptions(), out) }
}

@c @implementation
public func steer_encoder_create_with_options(
  _ dictionary: OpaquePointer?, _ options: UnsafePointer<steer_encoder_options_t>?,
  _ out: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<steer_error_t>?
) -> steer_status_t {
  answer(error) { () throws(Refusal) in
    var given = steer_encoder_options_t()
    if let options { try Struct.read(options, into: &given, "options") }
    let limit = EncodeOptions.workerCounts.upperBound
    guard given.workers <= limit else {
      throw Refusal(
        .invalidArgument, "options.workers is \(given.workers), expected at most \(limit)")
    }
    guard given.reserved == 0 else {
      throw Refusal(.invalidArgument, "options.reserved is \(given.reserved), expected 0")
    }
    try makeEncoder(
      of: dictionary,
      EncodeOptions(workers: max(Int(given.workers), 1), accelerates: given.plain == 0), out)
  }
}

private func makeEncoder(
  of dictionary: OpaquePointer?, _ options: EncodeOptions,
  _ out: UnsafeMutablePointer<OpaquePointer?>?
) throws(Refusal) {
  let dictionary = try Handle.object(dictionary, SparseDictionary.self, "dictionary")
  guard let out else { throw .null("out") }
  out.pointee = Handle.make(
    try refusing { () throws(SteeringError) in try RowEncoder(dictionary, options: options) })
}

@c @implementation
public func steer_encoder_inspect(
  _ encoder: OpaquePointer?, _ info: UnsafeMutablePointer<steer_encoder_info_t>?,
  _ error: UnsafeMutablePointer<steer_error_t>?
) -> steer_status_t {
  answer(error) { () throws(Refusal) in
    let encoder = try Handle.object(encoder, RowEncoder.self, "encoder")
    var value = steer_encoder_info_t()
    value.workers = UInt32(encoder.workerCount)
    value.rows = UInt64(encoder.counts.rows)
    value.pruned_rows = UInt64(encoder.counts.prunedRows)
    value.rescored_features = UInt64(encoder.counts.rescoredFeatures)
    try Struct.write(value, to: info, "info")
  }
}

@c @implementation
public func steer_encoder_destroy(_ encoder: OpaquePointer?) {
  Handle.end(encoder, RowEncoder.self)
}

@c @implementation
public func steer_encoder_encode(
  _ encoder: OpaquePointer?, _ rows: UnsafeRawPointer?, _ type: steer_type_t, _ count: Int,
  _ stride: Int, _ offsets: UnsafeMutablePointer<UInt64>?, _ indices: UnsafeMutablePointer<UInt32>?,
  _ values: UnsafeMutablePointer<Float>?, _ capacity: Int, _ required: UnsafeMutablePointer<Int>?,
  _ outcomes: UnsafeMutablePointer<steer_outcome_t>?, _ error: UnsafeMutablePointer<steer_error_t>?
) -> steer_status_t {
  answer(error) { () throws(Refusal) in
    let encoder = try Handle.object(encoder, RowEncoder.self, "encoder")
    let rows = try Rows(
      rows, type, count: count, stride: stride, width: encoder.dictionary.modelWidth)
    guard let offsets else { throw .null("offsets") }
    let outcomes = try Outcomes(outcomes, count: count)
    let regions: InlineArray<6, Region?> = [
      try Region(offsets, count: count + 1, size: 8, alignment: 8, "offsets"),
      try Region(indices, count: capacity, size: 4, alignment: 4, "indices"),
      try Region(values, count: capacity, size: 4, alignment: 4, "values"),
      try Region(required, count: required == nil ? 0 : 1, size: 8, alignment: 8, "required"),
      outcomes.region,
      rows.region,
    ]
    try Region.checkDisjoint(regions)
    guard let batch = rows.batch else {
      offsets[0] = 0
      required?.pointee = 0
      return
    }
    try naming { () throws(RowBatch.Failure) in try encoder.encode(batch) }
    let codes = encoder.codes
    let needed = codes.indices.count
    required?.pointee = needed
    guard capacity >= needed else {
      throw Refusal(.insufficientCapacity, "capacity is \(capacity) entries, expected \(needed)")
    }
    for index in 0...count { offsets[index] = UInt64(codes.rowOffsets[index]) }
    if let indices, let values {
      for index in 0..<needed {
        indices[index] = UInt32(codes.indices[index])
        values[index] = codes.values[index]
      }
    }
    for row in 0..<count { outcomes.set(row, .untouched) }
    for row in codes.undefinedRows { outcomes.set(row, .undefined) }
  }
}
