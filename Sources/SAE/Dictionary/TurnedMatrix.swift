import Synchronization
import Tensors

/// Rows of weights that a file stores as columns: a few are gathered, and only a full need turns all.
///
/// The turned copy is made once and kept. Which of the two is read changes no bit.
///
/// Thread rule: safe to use from several threads. ``featureMajor(_:)`` locks while it turns, and never
/// again.
package final class TurnedMatrix: Sendable {
  /// Rows that are gathered one by one before it pays to turn everything.
  private static let gatheredRows = 256

  private final class Turned: Sendable {
    let matrix: RowMatrix
    init(_ matrix: RowMatrix) { self.matrix = matrix }
  }

  /// `[width, rowCount]`.
  package let stored: RowMatrix
  private let turned = AtomicLazyReference<Turned>()
  private let turning = Mutex(())
  private let gathered = Atomic(0)

  package init(_ stored: RowMatrix) { self.stored = stored }

  package var rowCount: Int { stored.width }
  package var width: Int { stored.rowCount }

  /// Whether the copy has been made.
  package var isTurned: Bool { turned.load() != nil }

  /// All rows, `[rowCount, width]`.
  ///
  /// - Complexity: O(rowCount · width) on the first call, O(1) after it.
  package func featureMajor(_ kernels: Kernels) -> RowMatrix {
    if let made = turned.load() { return made.matrix }
    return turning.withLock { _ in
      // Another thread may have been here in between.
      if let made = turned.load() { return made.matrix }
      return turned.storeIfNil(Turned(stored.transposed(kernels))).matrix
    }
  }

  /// The listed rows, `[rows.count, width]`, in memory of their own.
  package func gatheringRows(_ rows: [Int], _ kernels: Kernels) -> RowMatrix {
    if let made = turned.load() { return made.matrix.gatheringRows(rows) }
    let count = gathered.add(rows.count, ordering: .relaxed).newValue
    guard count <= Self.gatheredRows else {
      return featureMajor(kernels).gatheringRows(rows)
    }
    return stored.gatheringColumns(rows, kernels)
  }
}
