import Tensors

/// A dictionary whose decoder rows are themselves explained by a second, smaller dictionary.
///
/// ```
/// u_j = D_j or D_j/‖D_j‖        m_j = meta-encode(u_j)        û_j = meta-decode(m_j)
/// decomposability_j = exp(−‖u_j − û_j‖² / σ²)        explained_j = 1 − ‖u_j − û_j‖² / ‖u_j‖²
/// ```
///
/// D `[featureCount, outputWidth]` are the base's decoder rows as stored; m_j `[meta.featureCount]`.
///
/// Source: meta-SAE penalty (Levinson 2026, arXiv:2604.03436): its released code normalises each row by
/// mean and deviation with 1e-5, subtracts the bias, thresholds, and undoes the normalisation; that is
/// a `meta` with ``Normalisation/layerNorm(epsilon:)``, `subtractsDecoderBias` and jumpReLU. Whether
/// rows are brought to unit length first is ``RowScaling``, and what activations of a residual row
/// count in meta features is ``Weighting``: neither is published as part of the method.
///
/// Decoder rows are read one by one, when they are asked for; ``CompositionReader`` does.
///
/// Thread rule: immutable; share it between threads freely.
public final class ComposedDictionary: Sendable {
  /// What the meta dictionary is given of a decoder row.
  public enum RowScaling: Sendable, Equatable {
    /// The row as stored.
    case asStored
    /// The row divided by its norm, taken in f64; undefined for a zero row.
    case unitNorm
  }

  /// How activations f of a residual row are expressed in meta features.
  public enum Weighting: Sendable, Equatable {
    /// g_k = Σ_j f_j m_jk.
    case codes
    /// g_k = Σ_j f_j s_j m_jk, s_j the factor from the meta dictionary's units back to those of
    /// D_j: Σ_k g_k (meta row k) is then the part of Σ_j f_j D_j that meta features explain, up to the
    /// meta dictionary's offsets.
    case contributions
  }

  /// The dictionary whose decoder rows are explained.
  public let base: SparseDictionary
  /// The dictionary that explains them.
  public let meta: SparseDictionary
  /// What the meta dictionary is given of a decoder row.
  public let rowScaling: RowScaling
  package let weighting: Weighting

  /// - Throws: `field` when `meta` is a transcoder, `shape` when it does not read the base's rows.
  package init(
    base: SparseDictionary, meta: SparseDictionary, rowScaling: RowScaling, weighting: Weighting
  ) throws(DictionaryError) {
    guard meta.kind == .autoencoder else {
      throw DictionaryError(
        .field(name: "meta dictionary", found: "a transcoder", expected: "an autoencoder"))
    }
    guard meta.modelWidth == base.outputWidth else {
      throw DictionaryError(
        .shape(
          tensor: "meta encoder", found: [meta.featureCount, meta.modelWidth],
          expected: [meta.featureCount, base.outputWidth]))
    }
    self.base = base
    self.meta = meta
    self.rowScaling = rowScaling
    self.weighting = weighting
  }

  /// u_j, and the norm it was divided by (1 as stored); nil for a row that has no direction.
  ///
  /// - Throws: `featureOutOfRange`; `nonFiniteWeight` for the row; `nonFiniteResult` with the feature as
  ///   row when its norm overflows f32.
  package func row(
    of feature: Int
  ) throws(DictionaryError) -> (values: [Float], scale: Float)? {
    try base.checkFeature(feature)
    let values = base.decoder.values(ofRow: feature, base.kernels)
    if let column = values.firstIndex(where: { !$0.isFinite }) {
      throw DictionaryError(.nonFiniteWeight(tensor: "decoder", row: feature, column: column))
    }
    guard rowScaling == .unitNorm else { return (values, 1) }
    let norm = values.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
    guard norm > 0 else { return nil }
    let scale = Float(norm)
    guard scale.isFinite else { throw DictionaryError(.nonFiniteResult(row: feature)) }
    return (values.map { Float(Double($0) / norm) }, scale)
  }

  /// The direction of meta feature `feature` in the space of rows: its decoder row, `[outputWidth]`.
  ///
  /// - Throws: `featureOutOfRange`; `nonFiniteWeight` for the row.
  package func steeringDirection(ofMeta feature: Int) throws(DictionaryError) -> [Float] {
    try meta.checkFeature(feature)
    let values = meta.decoder.values(ofRow: feature, meta.kernels)
    if let column = values.firstIndex(where: { !$0.isFinite }) {
      throw DictionaryError(
        .nonFiniteWeight(tensor: "meta decoder", row: feature, column: column))
    }
    return values
  }
}
