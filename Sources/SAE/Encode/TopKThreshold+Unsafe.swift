import Tensors

/// Finds the k-th best of n competing values, so that one more pass can list the winners in order.
///
/// "Better" means larger; among equal values the lower index. A min-heap of k entries whose root is the
/// worst of the best so far: most values lose against the root in one comparison, so the expected cost
/// is O(n + k·log k·log(n/k)) for values in random order. Scratch is allocated at creation.
final class TopKThreshold {
  let k: Int
  private let values: FloatBuffer
  private let indices: UnsafeMutablePointer<Int32>

  init(k: Int) {
    precondition(k >= 1, "k must be positive")
    self.k = k
    values = FloatBuffer(count: k)
    indices = .allocate(capacity: k)
    indices.initialize(repeating: 0, count: k)
  }

  deinit { indices.deallocate() }

  /// The worst value that still belongs to the best k, and its index.
  ///
  /// A feature i with key v is selected exactly when `v > value || (v == value && i <= index)`.
  /// `n` must be at least k, the keys free of NaN.
  func find(
    _ z: UnsafePointer<Float>, _ n: Int, absolute: Bool
  ) -> (value: Float, index: Int32) {
    precondition(n >= k, "fewer values than k")
    let heap = values.base
    for index in 0..<k {
      heap[index] = absolute ? abs(z[index]) : z[index]
      indices[index] = Int32(truncatingIfNeeded: index)
    }
    for start in stride(from: k / 2 - 1, through: 0, by: -1) { siftDown(start) }
    if absolute {
      for index in k..<n where abs(z[index]) > heap[0] { replaceRoot(abs(z[index]), index) }
    } else {
      for index in k..<n where z[index] > heap[0] { replaceRoot(z[index], index) }
    }
    return (heap[0], indices[0])
  }

  private func replaceRoot(_ value: Float, _ index: Int) {
    values.base[0] = value
    indices[0] = Int32(truncatingIfNeeded: index)
    siftDown(0)
  }

  /// Whether entry a is worse than entry b, and so belongs nearer to the root.
  private func isWorse(_ a: Int, _ b: Int) -> Bool {
    let heap = values.base
    return heap[a] < heap[b] || (heap[a] == heap[b] && indices[a] > indices[b])
  }

  private func siftDown(_ start: Int) {
    var parent = start
    while true {
      var worst = parent
      let left = 2 * parent + 1
      if left < k, isWorse(left, worst) { worst = left }
      if left + 1 < k, isWorse(left + 1, worst) { worst = left + 1 }
      guard worst != parent else { return }
      swap(&values.base[parent], &values.base[worst])
      swap(&indices[parent], &indices[worst])
      parent = worst
    }
  }
}
