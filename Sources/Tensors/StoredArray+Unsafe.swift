/// A constant array whose address stays the same for as long as a copy of this value lives.
package struct StoredArray<Element: BitwiseCopyable & Sendable>: Sendable {
  private let storage: Storage
  /// Number of elements.
  package let count: Int

  /// Copies `values`.
  package init(_ values: [Element]) {
    storage = Storage(copying: values)
    count = values.count
  }

  /// Address of element 0, nil when there is none.
  package var base: UnsafePointer<Element>? {
    count == 0 ? nil : storage.base.assumingMemoryBound(to: Element.self)
  }
}

extension StoredArray<Float> {
  /// All elements of `matrix` widened to f32, row-major.
  package init(_ matrix: RowMatrix, _ kernels: Kernels) {
    count = matrix.rowCount * matrix.width
    let count = count
    storage = Storage.allocate(byteCount: count * MemoryLayout<Float>.stride) { memory in
      guard count > 0, let out = memory.baseAddress else { return }
      matrix.tensor.widen(
        from: 0, count: count, into: out.assumingMemoryBound(to: Float.self), kernels)
    }
  }
}
