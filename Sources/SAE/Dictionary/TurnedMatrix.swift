import Synchronization
import Tensors

/// Rows of weights that a file stores as columns: a few are gathered, and only a need for many turns all.
///
/// The turned copy is made once and kept. Which of the two is read changes no bit. However often a few
/// rows are asked for, they are gathered: plans of a few features never cost a copy of all.
///
/// Thread rule: safe to use from several threads. What turns locks while it does, and never again.
package final class TurnedMatrix: Sendable {
  /// Rows of one call that are gathered; for more it pays to turn everything.
  private static let gatheredRows = 256

  private final class Turned: Sendable {
    let matrix: RowMatrix
    init(_ matrix: RowMatrix) { self.matrix = matrix }
  }

  /// `[width, rowCount]`.
  package let stored: RowMatrix
  private let turned = AtomicLazyReference<Turned>()
  private let turning = Mutex(())

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
  ///
  /// Each gathered row reads a line of every stored one: whoever wants many asks for them in one call.
  ///
  /// - Complexity: O(rows.count · width); of more than 256 rows the first time as ``featureMajor(_:)``.
  package func gatheringRows(_ rows: [Int], _ kernels: Kernels) -> RowMatrix {
    if let made = turned.load() { return made.matrix.gatheringRows(rows) }
    guard rows.count <= Self.gatheredRows else {
      return featureMajor(kernels).gatheringRows(rows)
    }
    return stored.gatheringColumns(rows, kernels)
  }
}
