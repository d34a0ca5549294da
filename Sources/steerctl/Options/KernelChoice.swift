import Foundation
import Steering
import Tensors

/// The instruction set that the tool computes with.
enum KernelChoice {
  /// The one that `STEERING_KERNELS` names, else the machine's best.
  static func current() throws(SteeringError) -> Kernels {
    guard let name = ProcessInfo.processInfo.environment["STEERING_KERNELS"], !name.isEmpty else {
      return .best
    }
    guard let isa = Kernels.ISA(rawValue: name), let kernels = Kernels(isa) else {
      let available = Kernels.available.map(\.isa.rawValue).joined(separator: ", ")
      throw SteeringError(
        .invalidArgument, "STEERING_KERNELS is '\(name)', expected one of \(available) here")
    }
    return kernels
  }
}
