import SAE
import Tensors

/// What importers find out about the norms of decoder rows.
enum DecoderNorms {
  private static let sampleSize = 64

  /// Says in which range the norms of up to 64 rows lie, evenly spread over the matrix.
  ///
  /// A sample: the whole would page in the file, only to say something about its training.
  static func entry(_ decoder: FeatureRows, _ kernels: Kernels) -> LedgerEntry {
    let count = min(sampleSize, decoder.rowCount)
    let sample = decoder.gatheringRows((0..<count).map { $0 * decoder.rowCount / count }, kernels)
    let norms = (0..<count).map { sample.norm(ofRow: $0, kernels) }
    let (low, high) = (norms.min() ?? 0, norms.max() ?? 0)
    let isUnit = low > 1 - 1e-2 && high < 1 + 1e-2
    return LedgerEntry(
      "decoder norms",
      isUnit
        ? "1 within 1% in \(count) rows looked at"
        : "from \(Float(low)) to \(Float(high)) in \(count) rows looked at", source: .measured)
  }

  /// Thresholds on z of features that are gated by z·‖D‖ > θ: θ/‖D‖, rounded once.
  ///
  /// A feature whose row is zero never fires: its threshold is the largest number. So is that of a
  /// row whose quotient is larger still.
  static func folding(
    _ thresholds: [Float], _ decoder: RowMatrix, _ kernels: Kernels
  ) -> [Float] {
    thresholds.enumerated().map { feature, threshold in
      folded(threshold, norm: decoder.norm(ofRow: feature, kernels))
    }
  }

  /// θ/‖D‖ for one feature.
  static func folded(_ threshold: Float, norm: Double) -> Float {
    let largest = Float.greatestFiniteMagnitude
    guard norm > 0 else { return largest }
    return max(-largest, min(largest, Float(Double(threshold) / norm)))
  }
}
