import Tensors

/// Explains decoder rows, and activations, by the features of a meta dictionary.
///
/// One decoder row costs one full encode by the meta dictionary, O(meta.featureCount · outputWidth);
/// nothing is kept between calls. For analysis, not for a per-row loop: answers are allocated.
///
/// Not Sendable: one thread at a time.
package final class CompositionReader {
  package let dictionary: ComposedDictionary
  private let encoder: FullEncoder
  private let reconstructor: Reconstructor
  private let scratch: FloatBuffer

  /// - Throws: `nonFiniteWeight` when the meta dictionary holds a NaN or an infinity, its tensors
  ///   named `meta encoder` and `meta decoder`.
  package init(_ dictionary: ComposedDictionary) throws(DictionaryError) {
    self.dictionary = dictionary
    do throws(DictionaryError) {
      encoder = try FullEncoder(dictionary.meta)
      reconstructor = try Reconstructor(dictionary.meta)
    } catch {
      guard case .nonFiniteWeight(let tensor, let row, let column) = error.reason else {
        throw error
      }
      throw DictionaryError(.nonFiniteWeight(tensor: "meta \(tensor)", row: row, column: column))
    }
    scratch = FloatBuffer(count: dictionary.meta.modelWidth)
  }

  /// How the decoder row of base feature `feature` is composed; nil where u_j or its normalisation is
  /// undefined.
  ///
  /// - Throws: `featureOutOfRange`; `nonFiniteWeight` for the row; `nonFiniteResult` with the feature as
  ///   row.
  package func composition(of feature: Int) throws(DictionaryError) -> ComposedDictionary
    .Composition?
  {
    guard let (codes, row, _) = try encode(feature) else { return nil }
    let width = row.count
    var out = [Float](repeating: 0, count: width)
    do throws(DictionaryError) {
      try reconstructor.decode(codes, row: 0, of: row, into: &out)
    } catch {
      throw named(error, feature)
    }
    var squaredError = 0.0
    var squaredNorm = 0.0
    for index in 0..<width {
      let value = Double(row[index])
      squaredError += (value - Double(out[index])) * (value - Double(out[index]))
      squaredNorm += value * value
    }
    return ComposedDictionary.Composition(
      row: row, codes: codes, reconstruction: out, squaredError: squaredError,
      squaredNorm: squaredNorm)
  }

  /// Appends row `row` of the base's `codes`, expressed in meta features, to `out`.
  ///
  /// Base features are taken in ascending order and summed in f32. A base feature whose composition is
  /// undefined (a zero decoder row) adds nothing; a row whose codes are undefined stays so.
  ///
  /// - Throws: `shape` and `field` for codes that do not fit; `nonFiniteWeight`; `nonFiniteResult`. `out`
  ///   is then unchanged.
  /// - Complexity: O(active features · meta.featureCount · outputWidth).
  package func express(
    _ codes: SparseCodes, row: Int, into out: inout SparseCodes
  ) throws(DictionaryError) {
    let (base, meta) = (dictionary.base, dictionary.meta)
    try check(codes, "codes", count: base.featureCount)
    try check(out, "meta codes", count: meta.featureCount)
    guard row >= 0 && row < codes.rowCount else {
      throw DictionaryError(
        .field(
          name: "row of the codes", found: "\(row)",
          expected: "below \(codes.rowCount), the row count"))
    }
    guard !codes.isUndefined(row: row) else {
      out.undefinedRows.append(out.rowCount)
      out.endRow()
      return
    }
    var sums = [Float](repeating: 0, count: meta.featureCount)
    for position in codes.range(ofRow: row) {
      let feature = Int(codes.indices[position])
      guard let (parts, _, scale) = try encode(feature) else { continue }
      var factor = codes.values[position]
      if dictionary.weighting == .contributions { factor *= base.decodeScale(of: feature) * scale }
      for place in parts.range(ofRow: 0) {
        let metaFeature = Int(parts.indices[place])
        let value =
          dictionary.weighting == .contributions
          ? parts.values[place] * meta.decodeScale(of: metaFeature) : parts.values[place]
        sums[metaFeature] += factor * value
      }
    }
    guard sums.allSatisfy({ $0.isFinite }) else {
      throw DictionaryError(.nonFiniteResult(row: row))
    }
    for (feature, value) in sums.enumerated() where value != 0 { out.append(feature, value) }
    out.endRow()
  }

  /// m_j, u_j, and the factor from what the meta dictionary's decoder adds up to the units of D_j.
  private func encode(
    _ feature: Int
  ) throws(DictionaryError) -> (codes: SparseCodes, row: [Float], scale: Float)? {
    guard let (row, norm) = try dictionary.row(of: feature) else { return nil }
    let meta = dictionary.meta
    var codes = SparseCodes(featureCount: meta.featureCount)
    do throws(DictionaryError) {
      try encoder.encode(row, count: 1, stride: meta.modelWidth, into: &codes)
    } catch {
      throw named(error, feature)
    }
    guard
      let transform = meta.normalisation.apply(row, width: meta.modelWidth, into: scratch.base)
    else { return nil }
    let scale = meta.denormalisesOutput ? transform.scale : meta.outputScale.factor
    return (codes, row, norm * scale)
  }

  private func check(
    _ codes: SparseCodes, _ name: String, count: Int
  ) throws(DictionaryError) {
    guard codes.featureCount == count else {
      throw DictionaryError(.shape(tensor: name, found: [codes.featureCount], expected: [count]))
    }
  }

  /// An overflow, with the base feature as its row.
  private func named(_ error: DictionaryError, _ feature: Int) -> DictionaryError {
    guard case .nonFiniteResult = error.reason else { return error }
    return DictionaryError(.nonFiniteResult(row: feature))
  }
}
