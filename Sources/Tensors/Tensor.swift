/// A named array's type, shape and bytes: row-major, contiguous, little-endian, read-only.
///
/// The bytes may start at any address: element alignment is not assumed.
package struct Tensor: Sendable {
  package let elementType: ElementType
  /// Lengths per axis; `[]` is a scalar.
  package let shape: [Int]
  package let storage: Storage
  /// Where element 0 starts inside `storage`.
  package let byteOffset: Int

  package let elementCount: Int
  package var byteCount: Int { elementCount * elementType.byteCount }

  /// Borrows `shape` elements of `storage` from `byteOffset`; traps when they do not lie inside it.
  package init(_ elementType: ElementType, shape: [Int], storage: Storage, byteOffset: Int = 0) {
    guard let count = Tensor.elementCount(of: shape),
      case let (bytes, overflow) = count.multipliedReportingOverflow(by: elementType.byteCount),
      !overflow, byteOffset >= 0, bytes <= storage.byteCount,
      byteOffset <= storage.byteCount - bytes
    else { preconditionFailure("tensor of shape \(shape) does not lie inside its storage") }
    self.elementType = elementType
    self.shape = shape
    self.storage = storage
    self.byteOffset = byteOffset
    self.elementCount = count
  }

  /// The product of `shape`, or nil when it is negative somewhere or does not fit in an `Int`.
  package static func elementCount(of shape: [Int]) -> Int? {
    var count = 1
    for length in shape {
      guard length >= 0 else { return nil }
      let (product, overflow) = count.multipliedReportingOverflow(by: length)
      guard !overflow else { return nil }
      count = product
    }
    return count
  }
}
