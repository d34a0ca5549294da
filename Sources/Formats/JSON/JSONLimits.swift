/// What a JSON text may cost: checked in one pass over the bytes, before anything is built.
package struct JSONLimits: Equatable, Sendable {
  /// Bytes of text.
  package var byteCount: Int
  /// Containers inside one another; `[[1]]` has depth 2.
  package var depth: Int
  /// Values of every kind, containers included, keys not.
  package var valueCount: Int
  /// Objects alone: the parser pays several hundred bytes for each, however short its text.
  package var objectCount: Int

  package init(
    byteCount: Int = 16 << 20, depth: Int = 64, valueCount: Int = 1_000_000,
    objectCount: Int = 200_000
  ) {
    precondition(byteCount >= 0 && byteCount <= Int(Int32.max), "byteCount is out of range")
    precondition(depth >= 0 && depth <= 512, "depth is out of range")
    self.byteCount = byteCount
    self.depth = depth
    self.valueCount = valueCount
    self.objectCount = objectCount
  }
}
