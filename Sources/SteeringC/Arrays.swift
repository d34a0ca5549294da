// What each function promises stands in steering.h.
// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation

public import CSteering
import Steering

@c @implementation
public func steer_arrays_create(
  _ plan: OpaquePointer?, _ out: UnsafeMutablePointer<OpaquePointer?>?,
  _ error: UnsafeMutablePointer<steer_error_t>?
) -> steer_status_t {
  answer(error) { () throws(Refusal) in
    let plan = try Handle.object(plan, Plan.self, "plan")
    guard let out else { throw .null("out") }
    out.pointee = Handle.make(try refusing { () throws(SteeringError) in try PlanArrays(plan) })
  }
}

@c @implementation
public func steer_arrays_destroy(_ arrays: OpaquePointer?) {
  Handle.end(arrays, PlanArrays.self)
}

@c @implementation
public func steer_arrays_view(
  _ arrays: OpaquePointer?, _ view: UnsafeMutablePointer<steer_plan_arrays_t>?,
  _ error: UnsafeMutablePointer<steer_error_t>?
) -> steer_status_t {
  answer(error) { () throws(Refusal) in
    let arrays = try Handle.object(arrays, PlanArrays.self, "arrays")
    try Struct.write(fields(of: arrays), to: view, "view")
  }
}

private func fields(of arrays: PlanArrays) -> steer_plan_arrays_t {
  var view = steer_plan_arrays_t()
  view.normalisation = arrays.normalisation.code
  view.normalisation_value = arrays.normalisation.value
  view.selection = arrays.activation.selectionCode
  view.k = UInt64(arrays.activation.k ?? 0)
  view.model_width = UInt64(arrays.modelWidth)
  view.width = UInt64(arrays.width)
  view.n_readings = UInt64(arrays.readings.count)
  view.n_slots = UInt64(arrays.features.count)
  view.n_edits = UInt64(arrays.editModes.count)
  view.n_scopes = UInt64(arrays.scopePhases.count)
  view.n_ranges = UInt64(arrays.scopeRanges.count / 2)
  view.n_rivals = UInt64(arrays.rivalBias.count)
  view.decoder_bias = arrays.decoderBias.base
  view.readings = arrays.readings.base
  view.encoder_rows = arrays.encoderRows.base
  view.encoder_bias = arrays.encoderBias.base
  view.encoder_norms = arrays.encoderNorms.base
  view.threshold = arrays.threshold.base
  view.gate_bias = arrays.gateBias.base
  view.magnitude_bias = arrays.magnitudeBias.base
  view.gate_scale = arrays.gateScale.base
  view.rival_rows = arrays.rivalRows.base
  view.rival_bias = arrays.rivalBias.base
  view.rival_norms = arrays.rivalNorms.base
  view.features = arrays.features.base
  view.directions = arrays.directions.base
  view.inverse_norms = arrays.inverseNorms.base
  view.decode_scales = arrays.decodeScales.base
  view.edit_modes = arrays.editModes.base
  view.edit_slots = arrays.editSlots.base
  view.edit_readings = arrays.editReadings.base
  view.edit_scopes = arrays.editScopes.base
  view.edit_units = arrays.editUnits.base
  view.edit_amounts = arrays.editAmounts.base
  view.scope_phases = arrays.scopePhases.base
  view.scope_skip_first = arrays.scopeSkipFirst.base
  view.scope_range_offsets = arrays.scopeRangeOffsets.base
  // A range is two numbers, one after the other.
  view.scope_ranges = arrays.scopeRanges.base.map {
    UnsafeRawPointer($0).assumingMemoryBound(to: steer_range_t.self)
  }
  return view
}
