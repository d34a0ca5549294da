// What each function promises stands in steering.h.
// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation

public import CSteering
import Steering
import Tensors

@c @implementation
public func steer_abi_version() -> UInt32 { UInt32(STEER_ABI_VERSION) }

@c @implementation
public func steer_version() -> UnsafePointer<CChar>? { cString(SteeringVersion.text) }

@c @implementation
public func steer_status_name(_ status: steer_status_t) -> UnsafePointer<CChar>? {
  let name: StaticString =
    switch Int(status) {
    case STEER_OK: "STEER_OK"
    case STEER_ERR_ARGUMENT: "STEER_ERR_ARGUMENT"
    case STEER_ERR_SHAPE: "STEER_ERR_SHAPE"
    case STEER_ERR_NONFINITE: "STEER_ERR_NONFINITE"
    case STEER_ERR_CAPACITY: "STEER_ERR_CAPACITY"
    case STEER_ERR_IO: "STEER_ERR_IO"
    case STEER_ERR_FILE: "STEER_ERR_FILE"
    case STEER_ERR_UNSUPPORTED: "STEER_ERR_UNSUPPORTED"
    case STEER_ERR_PLAN: "STEER_ERR_PLAN"
    default: "unknown status"
    }
  return cString(name)
}

@c @implementation
public func steer_capabilities_get(
  _ capabilities: UnsafeMutablePointer<steer_capabilities_t>?,
  _ error: UnsafeMutablePointer<steer_error_t>?
) -> steer_status_t {
  answer(error) { () throws(Refusal) in
    var value = steer_capabilities_t()
    value.abi_version = steer_abi_version()
    value.row_types = mask(STEER_F32, STEER_F16)
    value.modes = mask(STEER_MODE_ADD, STEER_MODE_PROJECT_OUT)
    value.strengths = mask(STEER_STRENGTH_DECODER, STEER_STRENGTH_MAX_ACTIVATION)
    value.activations = mask(STEER_ACTIVATION_RELU, STEER_ACTIVATION_MATCHING_PURSUIT)
    withUnsafeMutableBytes(of: &value.kernels) { room in
      room.copyBytes(from: Kernels.best.isa.rawValue.utf8.prefix(room.count - 1))
    }
    try Struct.write(value, to: capabilities, "capabilities")
  }
}

/// The bits of all constants from the first to the last.
private func mask(_ first: Int, _ last: Int) -> UInt32 {
  (first...last).reduce(0) { $0 | 1 << UInt32($1) }
}

/// Text that lives as long as the process.
private func cString(_ text: StaticString) -> UnsafePointer<CChar> {
  UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self)
}
