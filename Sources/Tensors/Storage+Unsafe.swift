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
  private let prefetch: (@Sendable (UnsafeRawPointer, Int) -> Void)?
  private let release: @Sendable (UnsafeRawPointer, Int) -> Void

  /// Takes over `byteCount` bytes at `base`; `release` is called once, when the last reference goes.
  ///
  /// `prefetch` starts to bring bytes into memory, where they may not be there yet.
  package init(
    base: UnsafeRawPointer, byteCount: Int,
    prefetch: (@Sendable (UnsafeRawPointer, Int) -> Void)? = nil,
    release: @escaping @Sendable (UnsafeRawPointer, Int) -> Void
  ) {
    precondition(byteCount >= 0, "byteCount must not be negative")
    self.base = base
    self.byteCount = byteCount
    self.prefetch = prefetch
    self.release = release
  }

  deinit { release(base, byteCount) }

  /// Says that these bytes are read next: of a mapped file they are then read at once, and alone.
  ///
  /// Without it, the first access to a page waits for that page and for as many around it as the system
  /// thinks fit, megabytes on some disks. Costs a system call on a mapped file, nothing on the heap.
  package func willRead(_ range: Range<Int>) {
    precondition(range.lowerBound >= 0 && range.upperBound <= byteCount, "range is out of bounds")
    guard let prefetch, !range.isEmpty else { return }
    prefetch(base + range.lowerBound, range.count)
  }

  /// Allocates 64-byte aligned heap memory and lets `fill` write it, once.
  package static func allocate<E: Error>(
    byteCount: Int, _ fill: (UnsafeMutableRawBufferPointer) throws(E) -> Void
  ) throws(E) -> Storage {
    let memory = LargeMemory.allocate(byteCount: byteCount)
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
    let memory = LargeMemory.allocate(byteCount: count)
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
