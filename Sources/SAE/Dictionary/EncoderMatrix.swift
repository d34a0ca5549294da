import Synchronization
import Tensors

/// Encoder weights in whichever orientation the publisher stored them, read feature by feature.
///
/// The canonical orientation is feature-major `[featureCount, modelWidth]`. A file that stores
/// `[modelWidth, featureCount]` is not transposed when it is opened: a few features are gathered from
/// its columns, and only a full encode pays for one transposition, kept for the dictionary's lifetime.
/// A sparse encoder is feature-major as it is.
///
/// Thread rule: safe to use from several threads; ``featureMajor(_:)`` and ``rowsBehindAccelerator(_:)``
/// lock while they prepare and belong into set-up, not into a per-row loop.
package final class EncoderMatrix: Sendable {
  /// How the stored matrix is oriented.
  package enum Layout: Sendable {
    /// `[featureCount, modelWidth]`.
    case featureMajor
    /// `[modelWidth, featureCount]`.
    case modelMajor
  }

  /// The weights as stored; for `.modelMajor` a dense matrix whose rows are not features.
  package let stored: FeatureRows
  package let layout: Layout
  /// Its int8 form where one was stored beside it; see ``quantised(_:workers:)``.
  package let accelerator: QuantisedRows?
  private let prepared = Mutex<FeatureRows?>(nil)
  private let isChecked = Mutex(false)
  /// Nil until asked for, then what was made, if anything.
  private let quantised = Mutex<QuantisedRows??>(nil)
  private let digested = Mutex<[UInt8]?>(nil)

  /// With an `accelerator`, the int8 form of the same rows, which the caller has tied to them.
  package init(_ stored: RowMatrix, layout: Layout, accelerator: QuantisedRows? = nil) {
    self.stored = .dense(stored)
    self.layout = layout
    self.accelerator = accelerator
  }

  /// An encoder with few non-zeros per feature; of a tied dictionary the decoder's own matrix.
  package init(_ stored: ExpanderMatrix) {
    self.stored = .expander(stored)
    layout = .featureMajor
    accelerator = nil
  }

  package var featureCount: Int { layout == .featureMajor ? stored.rowCount : stored.width }
  package var modelWidth: Int { layout == .featureMajor ? stored.width : stored.rowCount }
  package var byteCount: Int { stored.byteCount }

  /// Whether a feature's encoder row and its row in `decoder` are the same memory.
  package func isTied(to decoder: FeatureRows) -> Bool {
    layout == .featureMajor && stored.isSame(as: decoder)
  }

  /// The whole encoder feature-major, transposed and checked for NaN and infinity on first use.
  ///
  /// - Throws: `nonFiniteWeight` with the feature as row.
  /// - Complexity: O(featureCount · modelWidth) on the first call, O(1) after it.
  package func featureMajor(_ kernels: Kernels) throws(DictionaryError) -> FeatureRows {
    try isChecked.withLock { isChecked throws(DictionaryError) in
      guard !isChecked else { return }
      try checkFinite(kernels)
      isChecked = true
    }
    return rows(kernels)
  }

  /// The same for an encoder with an ``accelerator`` that rules most rows out: nothing is read.
  ///
  /// Not checked: opening has tied the accelerator to them, by digest and by a sample of rows. A row that
  /// is read and is not finite is reported by whoever reads it; one that bounds rule out is not noticed.
  package func rowsBehindAccelerator(_ kernels: Kernels) -> FeatureRows {
    precondition(accelerator != nil, "rows without an accelerator are checked")
    return rows(kernels)
  }

  private func rows(_ kernels: Kernels) -> FeatureRows {
    prepared.withLock { cached in
      if let cached { return cached }
      var rows = stored
      if layout == .modelMajor, case .dense(let matrix) = stored {
        rows = .dense(matrix.transposed(kernels))
      }
      cached = rows
      return rows
    }
  }

  /// The int8 form of the feature-major encoder: the stored one, or made on first use and kept.
  ///
  /// Nil for a sparse encoder and where bounds could not hold. Locks while it makes: for set-up.
  ///
  /// - Throws: `nonFiniteWeight`, as ``featureMajor(_:)``.
  /// - Complexity: O(featureCount · modelWidth) on the first call, O(1) after it.
  package func quantised(
    _ kernels: Kernels, workers: Workers
  ) throws(DictionaryError) -> QuantisedRows? {
    if let accelerator { return accelerator }
    guard case .dense(let rows) = try featureMajor(kernels) else { return nil }
    return quantised.withLock { cached in
      if let cached { return cached }
      let made = QuantisedRows.make(rows, kernels, workers: workers)
      cached = .some(made)
      return made
    }
  }

  /// SHA-256 of the whole encoder feature-major, computed on first use; the same for either layout.
  ///
  /// Locks while it computes: for set-up, not for a per-row loop.
  package func digest(_ kernels: Kernels) throws(DictionaryError) -> [UInt8] {
    let matrix = try featureMajor(kernels)
    return digested.withLock { cached in
      if let cached { return cached }
      var digest = Digest()
      digest.update(matrix)
      let bytes = digest.finish()
      cached = bytes
      return bytes
    }
  }

  /// The encoder rows of `features`, contiguous, `[features.count, modelWidth]`, checked, of the stored
  /// kind: products with them have the same bits.
  ///
  /// Reads only those rows (or columns) of the file.
  package func rows(
    of features: [Int], _ kernels: Kernels
  ) throws(DictionaryError) -> FeatureRows {
    let gathered: FeatureRows
    if layout == .modelMajor, case .dense(let matrix) = stored {
      gathered = .dense(matrix.gatheringColumns(features, kernels))
    } else {
      gathered = stored.gathering(features, kernels)
    }
    if let bad = gathered.firstNonFinite(in: 0..<gathered.rowCount, kernels) {
      throw DictionaryError(
        .nonFiniteWeight(tensor: "encoder", row: features[bad.row], column: bad.column))
    }
    return gathered
  }

  /// Refuses NaN and infinity anywhere, naming feature and component.
  package func checkFinite(_ kernels: Kernels) throws(DictionaryError) {
    guard let bad = stored.firstNonFinite(in: 0..<stored.rowCount, kernels) else { return }
    let (feature, column) =
      layout == .featureMajor ? (bad.row, bad.column) : (bad.column, bad.row)
    throw DictionaryError(.nonFiniteWeight(tensor: "encoder", row: feature, column: column))
  }
}
