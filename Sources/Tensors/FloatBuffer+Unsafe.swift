/// Fixed scratch memory for f32 values, allocated once and reused.
///
/// 64-byte aligned, zeroed at creation. Not Sendable: one owner, one thread at a time.
package final class FloatBuffer {
  package let count: Int
  package let base: UnsafeMutablePointer<Float>

  package init(count: Int) {
    precondition(count >= 0, "count must not be negative")
    self.count = count
    let memory = LargeMemory.allocate(byteCount: max(count, 1) * MemoryLayout<Float>.stride)
    base = memory.initializeMemory(as: Float.self, repeating: 0, count: max(count, 1))
  }

  deinit { base.deallocate() }

  package subscript(index: Int) -> Float {
    get {
      precondition(index >= 0 && index < count, "index out of range")
      return base[index]
    }
    set {
      precondition(index >= 0 && index < count, "index out of range")
      base[index] = newValue
    }
  }
}
