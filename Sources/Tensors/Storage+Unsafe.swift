/// A block of read-only bytes and the means to give it back: a mapped file or heap memory.
///
/// Everything that borrows from the block (tensors, matrices) keeps a strong reference to it, so the
/// bytes live as long as the last borrower.
///
/// Thread rule: immutable after `init`, so concurrent readers need no lock.
/// `@unchecked Sendable`: the only mutable thing is the memory itself, which nobody writes after the
/// initialising closure of ``allocate(byteCount:_:)`` returns.
package final class Storage: @unchecked Sendable {
  package let base: UnsafeRawPointer
  package let byteCount: Int
  private let release: @Sendable (UnsafeRawPointer, Int) -> Void

  /// Takes over `byteCount` bytes at `base`; `release` is called once, when the last reference goes.
  package init(
    base: UnsafeRawPointer, byteCount: Int,
    release: @escaping @Sendable (UnsafeRawPointer, Int) -> Void
  ) {
    precondition(byteCount >= 0, "byteCount must not be negative")
    self.base = base
    self.byteCount = byteCount
    self.release = release
  }

  deinit { release(base, byteCount) }

  /// Allocates 64-byte aligned heap memory and lets `fill` write it, once.
  package static func allocate<E: Error>(
    byteCount: Int, _ fill: (UnsafeMutableRawBufferPointer) throws(E) -> Void
  ) throws(E) -> Storage {
    let memory = UnsafeMutableRawPointer.allocate(byteCount: max(byteCount, 1), alignment: 64)
    do throws(E) {
      try fill(UnsafeMutableRawBufferPointer(start: memory, count: byteCount))
    } catch {
      memory.deallocate()
      throw error
    }
    return Storage(base: memory, byteCount: byteCount) { base, _ in base.deallocate() }
  }

  /// Copies an array into heap memory.
  package convenience init<T: BitwiseCopyable>(copying values: [T]) {
    let count = values.count * MemoryLayout<T>.stride
    let memory = UnsafeMutableRawPointer.allocate(byteCount: max(count, 1), alignment: 64)
    values.withUnsafeBytes { bytes in
      UnsafeMutableRawBufferPointer(start: memory, count: count).copyMemory(from: bytes)
    }
    self.init(base: memory, byteCount: count) { base, _ in base.deallocate() }
  }

  /// The bytes, borrowed for the duration of `body`.
  package func withBytes<R, E: Error>(
    _ body: (RawSpan) throws(E) -> R
  ) throws(E) -> R {
    try body(UnsafeRawBufferPointer(start: base, count: byteCount).bytes)
  }
}
