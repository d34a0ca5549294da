internal import CKernels

/// A few inputs rounded to int16, each with what bounds of its products need.
///
/// Not Sendable: places may be filled by several threads at once, each place by one. Memory is
/// allocated at creation.
package final class QuantisedInputs {
  package let capacity: Int
  package let width: Int
  let codes: UnsafeMutablePointer<Int16>
  let limits: UnsafeMutablePointer<ck_quantised_input>
  private let paddedWidth: Int

  package init(capacity: Int, width: Int) {
    self.capacity = capacity
    self.width = width
    paddedWidth = QuantisedRows.paddedWidth(width)
    let memory = UnsafeMutableRawPointer.allocate(
      byteCount: max(capacity * paddedWidth, 1) * 2, alignment: 64)
    codes = memory.initializeMemory(
      as: Int16.self, repeating: 0, count: max(capacity * paddedWidth, 1))
    limits = .allocate(capacity: max(capacity, 1))
    limits.initialize(repeating: ck_quantised_input(), count: max(capacity, 1))
  }

  deinit {
    codes.deallocate()
    limits.deallocate()
  }

  /// Rounds `x`, `[width]`, to place `place`; false when its range leaves no room for bounds.
  package func quantise(_ x: UnsafePointer<Float>, at place: Int, _ kernels: Kernels) -> Bool {
    limits[place] = kernels.quantise(input: x, count: width, into: codes + place * paddedWidth)
    return (1e-10...1e10).contains(limits[place].largest)
  }
}
