import SAE
import Tensors

/// The sums Σ cᵢDᵢ of a plan that adds the same to every row that a scope covers, made once.
///
/// A step then reads one vector instead of a decoder row per feature. There is one sum for each set of
/// scopes that may hold together, so its bits are those of adding the rows anew. Up to
/// ``setScopeLimit`` scopes have all their sets; up to ``scopeLimit`` those of a single scope, and the
/// rows are added where several hold; a plan with more keeps to its rows.
///
/// Thread rule: immutable; share it between threads.
final class FixedEdits: Sendable {
  private static let setScopeLimit = 3
  private static let scopeLimit = 16

  /// Coefficient of every feature, `[sets, features]`.
  let coefficients: [Float]
  /// max |Δ| of every set.
  let bounds: [Float]
  /// Whether some coefficient is not 0.
  let isEdit: [Bool]
  private let sums: RowMatrix
  private let scopeCount: Int

  /// Nil when an edit depends on the row, or the rows together are no longer than a sum.
  init?(
    _ edits: [Plan.Edit], scopeCount: Int, slotCount: Int, _ directions: RowMatrix,
    needsRowScale: Bool, _ dictionary: SparseDictionary
  ) {
    guard scopeCount <= Self.scopeLimit, directions.byteCount > directions.width * 4,
      edits.allSatisfy({ $0.mode == .add && $0.unit != .fraction }),
      let scale = needsRowScale ? dictionary.normalisation.fixedScale : 1
    else { return nil }
    let sets: [UInt64] =
      scopeCount <= Self.setScopeLimit
      ? (1..<(1 << UInt64(scopeCount))).map { $0 } : (0..<UInt64(scopeCount)).map { 1 << $0 }
    let kernels = dictionary.kernels
    let width = directions.width
    var coefficients: [Float] = []
    var isEdit: [Bool] = []
    let sum = FloatBuffer(count: width)
    var sums: [Float] = []
    for set in sets {
      var ofSlot = [Float](repeating: 0, count: slotCount)
      for edit in edits where set & (1 << UInt64(edit.scope)) != 0 {
        ofSlot[edit.slot] += edit.coefficient(of: 0, rowNorm: 0, rowScale: scale)
      }
      _ = RowSum.write(into: sum.base, width: width, kernels) { sum in
        for slot in 0..<slotCount where ofSlot[slot] != 0 {
          sum.add(directions, row: slot, scale: ofSlot[slot])
        }
      }
      sums.append(contentsOf: UnsafeBufferPointer(start: sum.base, count: width))
      coefficients += ofSlot
      isEdit.append(ofSlot.contains { $0 != 0 })
    }
    let matrix = RowMatrix(rowCount: sets.count, width: width, values: sums)
    self.coefficients = coefficients
    self.isEdit = isEdit
    self.sums = matrix
    self.scopeCount = scopeCount
    bounds = sets.indices.map { matrix.largestMagnitude(ofRow: $0, kernels) }
  }

  /// The sum for the scopes that hold, a bit each; nil when there is none for them.
  func place(ofScopes held: UInt64) -> Int? {
    if scopeCount <= Self.setScopeLimit { return Int(held) - 1 }
    return held.nonzeroBitCount == 1 ? held.trailingZeroBitCount : nil
  }

  /// A sum, `[width]`.
  func sum(_ place: Int) -> UnsafePointer<Float> {
    sums.address(ofRow: place).assumingMemoryBound(to: Float.self)
  }
}

extension Normalisation {
  /// The factor from normalised to row units where it is the same for every row.
  fileprivate var fixedScale: Float? {
    switch self {
    case .none: 1
    case .constantFactor(let factor): 1 / factor
    case .rootWidthOverNorm, .layerNorm: nil
    }
  }
}
