extension Tensor {
  /// Whether both hold the same bytes, whatever their types and shapes.
  package func hasSameBytes(as other: Tensor) -> Bool {
    UnsafeRawBufferPointer(start: storage.base + byteOffset, count: byteCount).elementsEqual(
      UnsafeRawBufferPointer(
        start: other.storage.base + other.byteOffset, count: other.byteCount))
  }
}
