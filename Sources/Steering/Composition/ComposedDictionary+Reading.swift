import SAE

extension ComposedDictionary {
  /// Explains the decoder rows of `base` by the features of `meta`.
  ///
  /// `meta` is an autoencoder over rows of `base.outputWidth`. Whether it is given rows of norm 1 or rows
  /// as they are stored is not part of the published method: norm 1 is the choice under which the
  /// paper's σ² = 1 says something.
  ///
  /// - Throws: `unsupportedDictionary` when `meta` is a transcoder; `shapeMismatch` when it does not read
  ///   rows of the base.
  public convenience init(
    base: SparseDictionary, meta: SparseDictionary, rowScaling: RowScaling = .unitNorm
  ) throws(SteeringError) {
    do throws(DictionaryError) {
      try self.init(base: base, meta: meta, rowScaling: rowScaling, weighting: .contributions)
    } catch {
      throw SteeringError(error)
    }
  }

  /// How the decoder row of base feature `feature` is made of meta features; nil for a row without a
  /// direction, or whose normalisation is undefined.
  ///
  /// - Complexity: O(meta.featureCount · base.outputWidth).
  /// - Throws: `invalidArgument` for a feature that is not there; `nonFinite` naming the weight.
  public func composition(of feature: Int) throws(SteeringError) -> Composition? {
    do throws(DictionaryError) {
      return try CompositionReader(self).composition(of: feature)
    } catch {
      throw SteeringError(error)
    }
  }

  /// Codes of rows by the base, expressed in meta features: Σ_j f_j m_jk, `weighting` says in which units.
  ///
  /// - Complexity: O(meta.featureCount · base.outputWidth) per active feature.
  /// - Throws: `shapeMismatch` for codes of another dictionary; `nonFinite`.
  public func express(
    _ codes: SparseCodes, weighting: Weighting = .contributions
  ) throws(SteeringError) -> SparseCodes {
    guard codes.featureCount == base.featureCount else {
      throw SteeringError(
        .shapeMismatch,
        "codes of \(codes.featureCount) features, expected \(base.featureCount) from the base")
    }
    do throws(DictionaryError) {
      let reader = try CompositionReader(
        ComposedDictionary(base: base, meta: meta, rowScaling: rowScaling, weighting: weighting))
      var out = SparseCodes(featureCount: meta.featureCount)
      for row in 0..<codes.rowCount { try reader.express(codes, row: row, into: &out) }
      return out
    } catch {
      throw SteeringError(error)
    }
  }

  /// The direction of meta feature `feature` in the space of rows, its decoder row, `[outputWidth]`.
  ///
  /// - Throws: `invalidArgument` for a feature that is not there; `nonFinite` naming the weight.
  public func direction(ofMeta feature: Int) throws(SteeringError) -> [Float] {
    do throws(DictionaryError) {
      return try steeringDirection(ofMeta: feature)
    } catch {
      throw SteeringError(error)
    }
  }
}
