// What each function promises stands in steering.h.
// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation

public import CSteering
import SAE
import Steering

@c @implementation
public func steer_plan_compile(
  _ dictionary: OpaquePointer?, _ interventions: UnsafePointer<steer_intervention_t>?,
  _ count: Int, _ scope: UnsafePointer<steer_scope_t>?,
  _ out: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<steer_error_t>?
) -> steer_status_t {
  answer(error) { () throws(Refusal) in
    let dictionary = try Handle.object(dictionary, SparseDictionary.self, "dictionary")
    guard let out else { throw .null("out") }
    let document = try PlanInput.document(interventions, count: count, scope: scope)
    out.pointee = try compiled(document, dictionary)
  }
}

@c @implementation
public func steer_plan_compile_json(
  _ dictionary: OpaquePointer?, _ json: UnsafePointer<CChar>?, _ length: Int,
  _ out: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<steer_error_t>?
) -> steer_status_t {
  answer(error) { () throws(Refusal) in
    let dictionary = try Handle.object(dictionary, SparseDictionary.self, "dictionary")
    guard let json else { throw .null("json") }
    guard let out else { throw .null("out") }
    let limit = PlanDocument.jsonByteLimit
    guard (0...limit).contains(length) else {
      throw Refusal(
        .invalidArgument,
        "length is \(UInt(bitPattern: length)) bytes, expected at most \(limit)")
    }
    let bytes = Array(UnsafeRawBufferPointer(start: json, count: length))
    let document = try refusing { () throws(SteeringError) in try PlanDocument(json: bytes) }
    out.pointee = try compiled(document, dictionary)
  }
}

private func compiled(
  _ document: PlanDocument, _ dictionary: SparseDictionary
) throws(Refusal) -> OpaquePointer {
  Handle.make(
    try refusing { () throws(SteeringError) in try Plan(document, dictionary: dictionary) })
}

@c @implementation
public func steer_plan_destroy(_ plan: OpaquePointer?) { Handle.end(plan, Plan.self) }

@c @implementation
public func steer_plan_inspect(
  _ plan: OpaquePointer?, _ info: UnsafeMutablePointer<steer_plan_info_t>?,
  _ error: UnsafeMutablePointer<steer_error_t>?
) -> steer_status_t {
  answer(error) { () throws(Refusal) in
    let plan = try Handle.object(plan, Plan.self, "plan")
    var flags = 0
    if plan.readingCount > 0 { flags |= STEER_PLAN_READS_ACTIVATIONS }
    if plan.ranks { flags |= STEER_PLAN_RANKS }
    if plan.document.needsPromptLength { flags |= STEER_PLAN_NEEDS_PROMPT_LENGTH }
    if plan.isConstant { flags |= STEER_PLAN_CONSTANT }
    if plan.needsPositions { flags |= STEER_PLAN_NEEDS_POSITIONS }
    var value = steer_plan_info_t()
    value.flags = UInt32(flags)
    value.width = UInt64(plan.width)
    value.n_interventions = UInt64(plan.document.interventions.count)
    value.n_features = UInt64(plan.features.count)
    value.n_readings = UInt64(plan.readingCount)
    try Struct.write(value, to: info, "info")
  }
}

@c @implementation
public func steer_plan_fingerprint(
  _ plan: OpaquePointer?, _ fingerprint: UnsafeMutablePointer<UInt8>?,
  _ error: UnsafeMutablePointer<steer_error_t>?
) -> steer_status_t {
  answer(error) { () throws(Refusal) in
    let plan = try Handle.object(plan, Plan.self, "plan")
    guard let fingerprint else { throw .null("fingerprint") }
    let bytes = try refusing { () throws(SteeringError) in try plan.fingerprint() }
    for (index, byte) in bytes.enumerated() { fingerprint[index] = byte }
  }
}

@c @implementation
public func steer_plan_control_vector(
  _ plans: UnsafePointer<OpaquePointer?>?, _ layers: UnsafePointer<Int32>?, _ count: Int,
  _ layerCount: Int, _ buffer: UnsafeMutablePointer<Float>?, _ capacity: Int,
  _ required: UnsafeMutablePointer<Int>?, _ error: UnsafeMutablePointer<steer_error_t>?
) -> steer_status_t {
  answer(error) { () throws(Refusal) in
    let items = try PlanInput.placed(plans, layers, count: count, layerCount: layerCount)
    let width = items[0].plan.width
    let (needed, overflows) = layerCount.multipliedReportingOverflow(by: width)
    guard !overflows else {
      throw Refusal(.shapeMismatch, "n_layers is \(layerCount), expected a model's block count")
    }
    let region = try Region(buffer, count: capacity, size: 4, alignment: 4, "buffer")
    let vectors = try refusing { () throws(SteeringError) in try Plan.controlVectors(items) }
    required?.pointee = needed
    guard let buffer, region != nil, capacity >= needed else {
      throw Refusal(.insufficientCapacity, "capacity is \(capacity) floats, expected \(needed)")
    }
    buffer.update(repeating: 0, count: needed)
    for (layer, vector) in vectors {
      for (index, value) in vector.enumerated() { buffer[(layer - 1) * width + index] = value }
    }
  }
}
