import Tensors

/// Finds the best k of n competing values: where they are, and the worst of them.
///
/// "Better" means larger; among equal values the lower place, both zeros being equal. One pass over the
/// values, O(n) in any order of theirs: `CKernels/topk.h`. Scratch for 4k numbers is allocated at creation.
///
/// Candidates that are some of the features only, in ascending order, are packed: `find` over their
/// values, then each place in ``winners`` is a place in the packed list, whose feature the caller keeps
/// beside it. Places are ascending, and so are their features: the tie rule is that of the whole list.
final class TopKThreshold {
  let k: Int
  private let kernels: Kernels
  private let keys: UnsafeMutablePointer<Int32>
  private let indices: UnsafeMutablePointer<UInt32>

  init(k: Int, _ kernels: Kernels) {
    precondition(k >= 1, "k must be positive")
    self.k = k
    self.kernels = kernels
    let room = Kernels.topKRoom(k)
    keys = .allocate(capacity: room)
    keys.initialize(repeating: 0, count: room)
    indices = .allocate(capacity: room)
    indices.initialize(repeating: 0, count: room)
  }

  deinit {
    keys.deallocate()
    indices.deallocate()
  }

  /// The places that the last ``find(_:_:absolute:)`` selected, ascending, `[k]`; until the next one.
  var winners: UnsafePointer<UInt32> { UnsafePointer(indices) }

  /// The worst value that still belongs to the best k, and its index.
  ///
  /// A feature i with key v is selected exactly when `v > value || (v == value && i <= index)`: these
  /// are the ``winners``. `n` must be at least k, the keys free of NaN.
  func find(
    _ z: UnsafePointer<Float>, _ n: Int, absolute: Bool
  ) -> (value: Float, index: Int32) {
    precondition(n >= k, "fewer values than k")
    let index = kernels.topK(k, z, count: n, absolute: absolute, keys: keys, into: indices)
    let value = z[Int(index)]
    return (absolute ? abs(value) : value, Int32(truncatingIfNeeded: index))
  }
}
