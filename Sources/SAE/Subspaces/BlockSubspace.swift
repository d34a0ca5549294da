import Tensors

/// The subspace that one block of features spans, where the rows of its decoder are orthonormal.
///
/// With D the block's decoder rows `[dimension, width]` and D·Dᵀ = I, Dᵀ·D projects onto the subspace.
/// Rows are in the model's own units; the origin is the decoder bias in those units, as the output scale
/// takes it there. Sums in f64. Source: SASA (arXiv:2606.06333); the formulas follow from orthonormality.
public struct BlockSubspace: Sendable {
  /// The usual bound on ``orthonormalityDefect``.
  public static let defaultTolerance = 1e-3

  /// Which block it is.
  public let block: Int
  /// Number of features of the block, r.
  public let dimension: Int
  /// Width of the rows.
  public let width: Int
  /// max |D·Dᵀ − I|, as measured.
  public let orthonormalityDefect: Double
  /// `[dimension, width]`.
  private let basis: [Double]
  /// What is subtracted before projecting, `[width]`.
  private let origin: [Double]

  /// Reads block `block` of a dictionary of blocks and measures it.
  ///
  /// - Throws: `field` for a dictionary of another kind or with a normalisation that depends on the row,
  ///   for a block that is not there, and for a defect above `tolerance`; `nonFiniteWeight`.
  package init(
    _ dictionary: SparseDictionary, block: Int, tolerance: Double = defaultTolerance
  ) throws(DictionaryError) {
    guard case .blockTopK(let size, _) = dictionary.activation else {
      throw Self.field("activation", dictionary.activation.name, "blockTopK")
    }
    guard dictionary.kind == .autoencoder else {
      throw Self.field("kind", dictionary.kind.rawValue, "autoencoder")
    }
    guard !dictionary.normalisation.dependsOnRow else {
      throw Self.field("normalisation", dictionary.normalisation.name, "none or constant factor")
    }
    let count = dictionary.featureCount / size
    guard block >= 0 && block < count else {
      throw Self.field("block", "\(block)", "0 to \(count - 1)")
    }
    let kernels = dictionary.kernels
    let features = (block * size)..<((block + 1) * size)
    if let bad = dictionary.decoder.firstNonFinite(in: features, kernels) {
      throw DictionaryError(
        .nonFiniteWeight(tensor: "decoder", row: bad.row, column: bad.column))
    }
    let gathered = dictionary.decoder.gatheringRows(Array(features), kernels)
    let rows = (0..<size).map { gathered.values(ofRow: $0, kernels).map(Double.init) }
    var defect = 0.0
    for i in rows.indices {
      for j in 0...i {
        let product = zip(rows[i], rows[j]).reduce(0.0) { $0 + $1.0 * $1.1 }
        defect = max(defect, abs(product - (i == j ? 1 : 0)))
      }
    }
    guard defect <= tolerance else {
      throw Self.field(
        "decoder rows of block \(block)", "max |D·Dᵀ − I| = \(defect)",
        "orthonormal rows, at most \(tolerance)")
    }
    self.block = block
    dimension = size
    width = dictionary.outputWidth
    orthonormalityDefect = defect
    basis = rows.flatMap { $0 }
    let scale = Self.scale(dictionary)
    origin = dictionary.decoderBias.map { Double($0) * scale }
  }

  /// What takes a decoded row to the units of the rows, by the dictionary's output scale.
  private static func scale(_ dictionary: SparseDictionary) -> Double {
    switch dictionary.outputScale {
    case .none: return 1
    case .factor(let factor): return Double(factor)
    case .undoesNormalisation:
      guard case .constantFactor(let factor) = dictionary.normalisation else { return 1 }
      return 1 / Double(factor)
    }
  }

  /// Σ aᵣ·Dᵣ for `coordinates` a `[dimension]`: the edit whose length is ‖a‖, `[width]`.
  public func direction(_ coordinates: [Float]) -> [Float] {
    precondition(coordinates.count == dimension, "one coordinate per feature of the block")
    return combination(coordinates.map(Double.init)).map { Float($0) }
  }

  /// D·(row − origin), `[dimension]`: where the row stands in the subspace.
  public func coordinates(of row: [Float]) -> [Float] {
    projection(row).map { Float($0) }
  }

  /// The row without its part in the subspace: row − (row − origin)·Dᵀ·D, `[width]`.
  public func ablating(_ row: [Float]) -> [Float] {
    let part = combination(projection(row))
    return row.indices.map { Float(Double(row[$0]) - part[$0]) }
  }

  /// The share of ‖row − origin‖² that lies in the subspace, 0 to 1 up to the defect; nil for the origin.
  public func energy(of row: [Float]) -> Double? {
    let total = row.indices.reduce(0.0) {
      $0 + (Double(row[$1]) - origin[$1]) * (Double(row[$1]) - origin[$1])
    }
    guard total > 0 else { return nil }
    return projection(row).reduce(0) { $0 + $1 * $1 } / total
  }

  private func projection(_ row: [Float]) -> [Double] {
    precondition(row.count == width, "a row of the dictionary's width")
    return (0..<dimension).map { r in
      (0..<width).reduce(0.0) {
        $0 + basis[r * width + $1] * (Double(row[$1]) - origin[$1])
      }
    }
  }

  private func combination(_ coordinates: [Double]) -> [Double] {
    (0..<width).map { column in
      (0..<dimension).reduce(0.0) { $0 + coordinates[$1] * basis[$1 * width + column] }
    }
  }

  private static func field(
    _ name: String, _ found: String, _ expected: String
  ) -> DictionaryError {
    DictionaryError(.field(name: name, found: found, expected: expected))
  }
}
